// Images as 8-bit planes, from JPEG and PNG in memory and to PNG.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fanin::formats {

/// 8 bits a sample, planes one after the other: (C, H, W); C is 1 (grey) or 3 (red, green, blue).
struct Image {
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
};

/// Largest image that is decoded: 2^26 pixels.
inline constexpr std::int64_t max_image_pixels = std::int64_t{1} << 26;

bool is_jpeg(std::span<const std::uint8_t> bytes);
bool is_png(std::span<const std::uint8_t> bytes);

/// Decodes JPEG (grey or colour; baseline or progressive; not CMYK) as libjpeg-turbo's default does. Anything that the
/// decoder warns about (a premature end, corrupt entropy data) is an Error naming `file`, as is any other damage.
Image decode_jpeg(std::span<const std::uint8_t> bytes, std::string_view file);

/// Decodes any PNG: palettes are expanded, 16 bits scaled to 8, alpha dropped, gamma ignored. Throws Error naming
/// `file`.
Image decode_png(std::span<const std::uint8_t> bytes, std::string_view file);

/// Either of them, told by content. Throws Error naming `file` where it is neither.
Image decode_image(std::span<const std::uint8_t> bytes, std::string_view file);

/// A PNG file of the image. Throws Error when the shape does not fit the pixels or the format.
std::vector<std::uint8_t> encode_png(const Image& image);

}  // namespace fanin::formats
