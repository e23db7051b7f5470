// Inflating gzip with zlib, member by member.
#include "fanin/formats/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "formats/refuse.h"

namespace fanin::formats {
namespace {

constexpr std::size_t shortest_member = 20;  // header 10, empty deflate block 2, CRC and length 8

struct Inflater {
  z_stream stream{};
  Inflater() {
    // 16: gzip wrapper only; zlib then checks header, CRC and length itself.
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

// The last four bytes are the last member's inflated length modulo 2^32: a hint, believed only as far as deflate's
// greatest ratio (1032) allows.
std::size_t size_hint(std::span<const std::uint8_t> bytes, std::uint64_t max_bytes) {
  const std::uint8_t* tail = bytes.data() + bytes.size() - 4;
  const std::uint64_t declared = tail[0] | tail[1] << 8 | tail[2] << 16 | static_cast<std::uint64_t>(tail[3]) << 24;
  const std::uint64_t possible = bytes.size() * std::uint64_t{1032};
  return static_cast<std::size_t>(std::min({declared, possible, max_bytes}));
}

}  // namespace

bool is_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> bytes, std::string_view file, std::uint64_t max_bytes) {
  if (!is_gzip(bytes)) refuse_at(file, 0, "not a gzip file (it does not start with 1f 8b)");
  if (bytes.size() < shortest_member) refuse_at(file, bytes.size(), "truncated gzip file");
  Inflater inflater;
  z_stream& stream = inflater.stream;
  // One byte more than expected lets zlib reach the trailer without another round.
  std::vector<std::uint8_t> output(size_hint(bytes, max_bytes) + 1);
  std::size_t consumed = 0, produced = 0;
  constexpr std::size_t largest_step = std::numeric_limits<uInt>::max();
  while (true) {
    if (produced == output.size()) output.resize(std::max<std::size_t>(output.size() * 2, std::size_t{1} << 16));
    const std::size_t input_step = std::min(bytes.size() - consumed, largest_step);
    const std::size_t output_step = std::min(output.size() - produced, largest_step);
    stream.next_in = const_cast<Bytef*>(bytes.data() + consumed);
    stream.avail_in = static_cast<uInt>(input_step);
    stream.next_out = output.data() + produced;
    stream.avail_out = static_cast<uInt>(output_step);
    const int status = inflate(&stream, Z_NO_FLUSH);
    consumed += input_step - stream.avail_in;
    produced += output_step - stream.avail_out;
    if (produced > max_bytes) refuse(file, fmt::format("inflates to more than {} bytes", max_bytes));
    if (status == Z_STREAM_END) {
      if (consumed == bytes.size()) break;
      if (!is_gzip(bytes.subspan(consumed))) {
        refuse_at(file, consumed, "bytes after the gzip member that are not a member");
      }
      inflateReset(&stream);
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status == Z_DATA_ERROR || status == Z_NEED_DICT) {
      refuse_at(file, consumed,
                fmt::format("damaged gzip file ({})", stream.msg != nullptr ? stream.msg : "data error"));
    } else if (consumed == bytes.size() && stream.avail_out != 0) {
      refuse_at(file, consumed, "truncated gzip file");
    }
  }
  output.resize(produced);
  return output;
}

std::vector<std::uint8_t> gunzip_start(std::span<const std::uint8_t> bytes, std::string_view file, std::size_t count) {
  if (!is_gzip(bytes)) refuse_at(file, 0, "not a gzip file (it does not start with 1f 8b)");
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::vector<std::uint8_t> output(count);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max()));
  stream.next_out = output.data();
  stream.avail_out = static_cast<uInt>(count);
  if (inflate(&stream, Z_SYNC_FLUSH) == Z_MEM_ERROR) throw std::bad_alloc();
  output.resize(count - stream.avail_out);
  return output;
}

}  // namespace fanin::formats
