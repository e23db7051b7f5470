#include "init/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace fanin::init {

std::vector<double> resampling(std::int64_t from, std::int64_t to, std::string_view method) {
  std::vector<double> matrix(static_cast<std::size_t>(from * to), 0.0);
  const auto at = [&](std::int64_t t, std::int64_t s) -> double& {
    return matrix[static_cast<std::size_t>(t * from + s)];
  };
  const double old_taps = static_cast<double>(from), new_taps = static_cast<double>(to);
  for (std::int64_t t = 0; t < to; ++t) {
    if (method == "bilinear") {
      const double centre = (static_cast<double>(t) + 0.5) * old_taps / new_taps - 0.5;
      const double left = std::floor(centre), share = centre - left;
      const auto clamped = [&](double s) {
        return std::clamp<std::int64_t>(static_cast<std::int64_t>(s), 0, from - 1);
      };
      at(t, clamped(left)) += (1 - share) * old_taps / new_taps;
      at(t, clamped(left + 1)) += share * old_taps / new_taps;
      continue;
    }
    // In units of 1 / (from to), in which all edges are whole numbers: old tap s covers [s to, (s + 1) to).
    for (std::int64_t s = 0; s < from; ++s) {
      const std::int64_t overlap = std::min((t + 1) * from, (s + 1) * to) - std::max(t * from, s * to);
      if (overlap > 0) at(t, s) = static_cast<double>(overlap) / new_taps;
    }
  }
  return matrix;
}

std::vector<double> resample_kernels(std::span<const double> kernels, std::int64_t planes, std::int64_t h,
                                     std::int64_t w, std::int64_t new_h, std::int64_t new_w, std::string_view method) {
  const std::vector<double> rows = resampling(h, new_h, method), columns = resampling(w, new_w, method);
  std::vector<double> result(static_cast<std::size_t>(planes * new_h * new_w));
  std::vector<double> half(static_cast<std::size_t>(new_h * w));
  const auto index = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  for (std::int64_t p = 0; p < planes; ++p) {
    const std::span<const double> kernel = kernels.subspan(index(p * h * w), index(h * w));
    const std::span<double> out = std::span(result).subspan(index(p * new_h * new_w), index(new_h * new_w));
    for (std::int64_t y = 0; y < new_h; ++y)
      for (std::int64_t x = 0; x < w; ++x) {
        double sum = 0;
        for (std::int64_t s = 0; s < h; ++s) sum += rows[index(y * h + s)] * kernel[index(s * w + x)];
        half[index(y * w + x)] = sum;
      }
    for (std::int64_t y = 0; y < new_h; ++y)
      for (std::int64_t x = 0; x < new_w; ++x) {
        double sum = 0;
        for (std::int64_t s = 0; s < w; ++s) sum += columns[index(x * w + s)] * half[index(y * w + s)];
        out[index(y * new_w + x)] = sum;
      }
    if (method != "bilinear") continue;
    const double missing =
        std::accumulate(kernel.begin(), kernel.end(), 0.0) - std::accumulate(out.begin(), out.end(), 0.0);
    for (double& tap : out) tap += missing / static_cast<double>(new_h * new_w);
  }
  return result;
}

}  // namespace fanin::init
