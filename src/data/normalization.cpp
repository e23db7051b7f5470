// Mean and standard deviation of each channel, exact: from counts of the 256 values.
#include <array>
#include <cmath>

#include "fanin/base/error.h"
#include "fanin/data/dataset.h"

namespace fanin::data {

Normalization compute_normalization(const Images& images) {
  if (images.count < 1 || images.image_size() < 1) throw Error("normalization of no images");
  Normalization result;
  const std::int64_t plane = images.height * images.width;
  for (std::int64_t c = 0; c < images.channels; ++c) {
    // Four tables, so that equal neighbours do not wait for each other's increments.
    std::array<std::array<std::uint64_t, 256>, 4> counts{};
    for (std::int64_t n = 0; n < images.count; ++n) {
      const std::uint8_t* pixels = images.pixels.data() + n * images.image_size() + c * plane;
      std::int64_t i = 0;
      for (; i + 4 <= plane; i += 4) {
        for (int k = 0; k < 4; ++k) ++counts[k][pixels[i + k]];
      }
      for (; i < plane; ++i) ++counts[0][pixels[i]];
    }
    const double total = static_cast<double>(images.count) * static_cast<double>(plane);
    double sum = 0;
    for (int value = 0; value < 256; ++value) {
      for (auto& table : counts) sum += static_cast<double>(table[value]) * value;
    }
    const double mean = sum / total;
    double squares = 0;
    for (int value = 0; value < 256; ++value) {
      for (auto& table : counts) squares += static_cast<double>(table[value]) * (value - mean) * (value - mean);
    }
    const double deviation = std::sqrt(squares / total);
    result.mean.push_back(static_cast<float>(mean / 255));
    result.std.push_back(deviation > 0 ? static_cast<float>(deviation / 255) : 1.0f);
  }
  return result;
}

}  // namespace fanin::data
