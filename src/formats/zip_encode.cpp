// Writing zip archives of stored entries byte by byte, since libzip cannot be told every field and NumPy's archives
// have ZIP64 local headers throughout. Layout: PKWARE's APPNOTE 4.3.
#include <zlib.h>

#include <limits>
#include <set>
#include <string>

#include "fanin/formats/zip.h"
#include "formats/refuse.h"

namespace fanin::formats {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::uint32_t zip64_version = 45, made_on_unix = 3 << 8;
constexpr std::uint32_t first_of_1980 = 1 << 5 | 1;  // DOS date 1980-01-01
constexpr std::uint32_t owner_reads_and_writes = 0600u << 16;
constexpr std::uint32_t utf8_name = 1 << 11;

class Writer {
 public:
  explicit Writer(std::vector<std::uint8_t>& out) : out_(out) {}
  void u16(std::uint64_t value) { number(value, 2); }
  void u32(std::uint64_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void text(std::string_view value) { out_.insert(out_.end(), value.begin(), value.end()); }
  void bytes(std::span<const std::uint8_t> value) { out_.insert(out_.end(), value.begin(), value.end()); }

 private:
  void number(std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  std::vector<std::uint8_t>& out_;
};

std::uint32_t crc_of(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(crc32_z(crc32_z(0, nullptr, 0), bytes.data(), bytes.size()));
}

std::uint32_t flags_of(std::string_view name) {
  for (const char letter : name) {
    if ((letter & 0x80) != 0) return utf8_name;
  }
  return 0;
}

}  // namespace

std::vector<std::uint8_t> encode_zip(std::span<const ZipContent> contents) {
  if (contents.size() >= 65535)
    throw Error(fmt::format("zip archive of {} entries, expected fewer than 65535", contents.size()));
  std::uint64_t total = 22;
  std::set<std::string_view> names;
  for (const ZipContent& content : contents) {
    if (content.name.empty() || content.name.size() > 65535 || !names.insert(content.name).second) {
      throw Error(fmt::format("zip entry '{}' is empty, too long or given twice", content.name));
    }
    total += 30 + 20 + 46 + 2 * content.name.size() + content.bytes.size();
    if (total >= std::numeric_limits<std::uint32_t>::max()) {
      throw Error(fmt::format("zip archive of 4 GiB or more, at entry '{}'", content.name));
    }
  }
  std::vector<std::uint8_t> out, directory;
  out.reserve(total);
  Writer file(out), central(directory);
  for (const ZipContent& content : contents) {
    const std::uint64_t offset = out.size(), size = content.bytes.size();
    const std::uint32_t crc = crc_of(content.bytes), flags = flags_of(content.name);
    file.u32(local_signature);
    file.u16(zip64_version);
    file.u16(flags);
    file.u16(0);  // stored
    file.u16(0);  // time
    file.u16(first_of_1980);
    file.u32(crc);
    file.u32(0xffffffff);  // both sizes are in the ZIP64 field
    file.u32(0xffffffff);
    file.u16(content.name.size());
    file.u16(20);
    file.text(content.name);
    file.u16(1);  // the ZIP64 field's tag and length
    file.u16(16);
    file.u64(size);
    file.u64(size);
    file.bytes(content.bytes);
    central.u32(central_signature);
    central.u16(zip64_version | made_on_unix);
    central.u16(zip64_version);
    central.u16(flags);
    central.u16(0);
    central.u16(0);
    central.u16(first_of_1980);
    central.u32(crc);
    central.u32(size);
    central.u32(size);
    central.u16(content.name.size());
    central.u16(0);  // extra field
    central.u16(0);  // comment
    central.u16(0);  // disk
    central.u16(0);  // internal attributes
    central.u32(owner_reads_and_writes);
    central.u32(offset);
    central.text(content.name);
  }
  const std::uint64_t directory_offset = out.size();
  file.bytes(directory);
  file.u32(end_signature);
  file.u16(0);  // this disk
  file.u16(0);  // the directory's disk
  file.u16(contents.size());
  file.u16(contents.size());
  file.u32(directory.size());
  file.u32(directory_offset);
  file.u16(0);  // comment
  return out;
}

}  // namespace fanin::formats
