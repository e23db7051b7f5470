// Interleaved samples (H, W, C) and planes (C, H, W).
#pragma once
#include <cstdint>
#include <vector>

#include "fanin/formats/image.h"

namespace fanin::formats {

inline Image to_planes(const std::vector<std::uint8_t>& interleaved, std::int64_t channels, std::int64_t height,
                       std::int64_t width) {
  Image image{channels, height, width, {}};
  if (channels == 1) {
    image.pixels = interleaved;
    return image;
  }
  image.pixels.resize(interleaved.size());
  const std::int64_t plane = height * width;
  for (std::int64_t c = 0; c < channels; ++c) {
    std::uint8_t* out = image.pixels.data() + c * plane;
    const std::uint8_t* in = interleaved.data() + c;
    for (std::int64_t i = 0; i < plane; ++i) out[i] = in[i * channels];
  }
  return image;
}

inline std::vector<std::uint8_t> to_interleaved(const Image& image) {
  const std::int64_t plane = image.height * image.width;
  std::vector<std::uint8_t> out(image.pixels.size());
  for (std::int64_t c = 0; c < image.channels; ++c) {
    for (std::int64_t i = 0; i < plane; ++i) out[i * image.channels + c] = image.pixels[c * plane + i];
  }
  return out;
}

}  // namespace fanin::formats
