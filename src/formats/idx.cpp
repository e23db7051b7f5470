// The IDX reader.
#include "fanin/formats/idx.h"

#include <algorithm>
#include <array>
#include <optional>

#include "fanin/base/file.h"
#include "fanin/formats/gzip.h"
#include "formats/refuse.h"

namespace fanin::formats {
namespace {

constexpr std::size_t longest_header = 4 + 4 * 4;  // of four dimensions

std::optional<ElementType> type_of_code(std::uint8_t code) {
  switch (code) {
    case 0x08:
      return ElementType::uint8;
    case 0x09:
      return ElementType::int8;
    case 0x0b:
      return ElementType::int16;
    case 0x0c:
      return ElementType::int32;
    case 0x0d:
      return ElementType::float32;
    case 0x0e:
      return ElementType::float64;
    default:
      return std::nullopt;
  }
}

std::int64_t extent_at(std::span<const std::uint8_t> bytes, std::size_t dimension) {
  const std::uint8_t* extent = bytes.data() + 4 + 4 * dimension;
  return static_cast<std::int64_t>(extent[0]) << 24 | extent[1] << 16 | extent[2] << 8 | extent[3];
}

struct Header {
  ElementType type;
  Shape shape;
  std::size_t bytes;  // of the header
};

Header parse_header(std::span<const std::uint8_t> bytes, std::string_view file) {
  if (bytes.size() < 4) refuse_at(file, bytes.size(), "truncated IDX file (its header needs 4 bytes)");
  if (bytes[0] != 0 || bytes[1] != 0) {
    refuse_at(file, 0,
              fmt::format("not an IDX file (it starts with {:02x} {:02x}, expected 00 00)", bytes[0], bytes[1]));
  }
  const std::optional<ElementType> type = type_of_code(bytes[2]);
  if (!type) {
    refuse_at(file, 2, fmt::format("unknown IDX element type {:02x}, expected 08, 09, 0b, 0c, 0d or 0e", bytes[2]));
  }
  const std::size_t dims = bytes[3];
  if (dims < 1 || dims > 4) refuse_at(file, 3, fmt::format("IDX file of {} dimensions, expected 1 to 4", dims));
  const std::size_t header = 4 + 4 * dims;
  if (bytes.size() < header) {
    refuse_at(file, bytes.size(), fmt::format("truncated IDX file (its header needs {} bytes)", header));
  }
  Shape shape;
  for (std::size_t i = 0; i < dims; ++i) shape.push_back(extent_at(bytes, i));
  return {*type, std::move(shape), header};
}

}  // namespace

Array parse_idx(std::span<const std::uint8_t> bytes, std::string_view file) {
  const auto [type, shape, header] = parse_header(bytes, file);
  Array array{type, shape, {}};
  const std::uint64_t size = byte_count(type, shape, file);
  if (size != bytes.size() - header) {
    refuse_at(file, std::min<std::uint64_t>(bytes.size(), header + size),
              fmt::format("{} IDX file: a {} array of {} needs {} bytes, the file has {}",
                          size > bytes.size() - header ? "truncated" : "too long", to_string(type),
                          fanin::to_string(shape), size, bytes.size() - header));
  }
  array.bytes.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
  const std::size_t width = element_size(type);
  if (width > 1) {
    for (std::size_t i = 0; i < array.bytes.size(); i += width) {
      std::reverse(array.bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   array.bytes.begin() + static_cast<std::ptrdiff_t>(i + width));
    }
  }
  return array;
}

Array read_idx(const std::filesystem::path& path, std::uint64_t max_bytes) {
  std::vector<std::uint8_t> bytes = read_file(path, max_bytes);
  if (is_gzip(bytes)) {
    // The header says how long the whole is, so that nothing longer is ever inflated.
    const std::vector<std::uint8_t> start = gunzip_start(bytes, path.string(), longest_header);
    std::uint64_t whole = max_bytes;
    if (start.size() == longest_header) {
      const Header header = parse_header(start, path.string());
      whole = std::min(whole, header.bytes + byte_count(header.type, header.shape, path.string()));
    }
    bytes = gunzip(bytes, path.string(), whole);
  }
  return parse_idx(bytes, path.string());
}

}  // namespace fanin::formats
