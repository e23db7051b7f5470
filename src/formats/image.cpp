// Which decoder an image needs.
#include "fanin/formats/image.h"

#include <algorithm>

#include "formats/refuse.h"

namespace fanin::formats {

bool is_jpeg(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

bool is_png(std::span<const std::uint8_t> bytes) {
  constexpr std::uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  return bytes.size() >= sizeof signature && std::equal(std::begin(signature), std::end(signature), bytes.begin());
}

Image decode_image(std::span<const std::uint8_t> bytes, std::string_view file) {
  if (is_jpeg(bytes)) return decode_jpeg(bytes, file);
  if (is_png(bytes)) return decode_png(bytes, file);
  refuse(file, bytes.empty() ? "an empty file, expected a JPEG or PNG image" : "neither a JPEG nor a PNG image");
}

}  // namespace fanin::formats
