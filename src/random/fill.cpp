// The fills of float tensors: what is computed once for a call, and the tiles that a range cuts.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "random/tiles.h"

namespace fanin::random {
namespace {

/// Whole tiles go straight to `out`; the cut ones at both ends through a buffer. Kernel: (T* out, const Tiles&).
template <class T, class Kernel>
void fill_range(std::span<T> out, const Stream& stream, std::uint64_t first, const Kernel& kernel) {
  std::uint64_t tile = first / tile_size;
  std::size_t skip = static_cast<std::size_t>(first % tile_size);
  while (!out.empty()) {
    const std::size_t whole = skip == 0 ? out.size() / tile_size : 0;
    if (whole > 0) {
      kernel(out.data(), Tiles{stream, tile, whole});
      out = out.subspan(whole * tile_size);
      tile += whole;
    } else {
      T buffer[tile_size];
      kernel(buffer, Tiles{stream, tile, 1});
      const std::size_t count = std::min(tile_size - skip, out.size());
      std::copy_n(buffer + skip, count, out.data());
      out = out.subspan(count);
      ++tile;
      skip = 0;
    }
  }
}

/// P(Z > x) of a standard normal, with full relative precision in the tail.
double tail_probability(double x) {
  return 0.5 * std::erfc(x / std::sqrt(2.0));
}

TruncatedPlan plan_truncated(double mean, double std, double low, double high) {
  double a = (low - mean) / std, b = (high - mean) / std;
  // Mirrored so that the right of the mean has at least as much probability: the threshold then fits 31 bits.
  const bool mirrored = a + b < 0;
  if (mirrored) {
    const double old_a = a;
    a = -b;
    b = -old_a;
  }
  if (a > 10)
    throw Error(
        fmt::format("a normal with mean {} and std {} cannot be truncated to [{}, {}]: the interval must come "
                    "within 10 standard deviations of the mean",
                    mean, std, low, high));
  const double right_far = tail_probability(b), right_near = a > 0 ? tail_probability(a) : 0.5;
  const double left_far = a < 0 ? tail_probability(-a) : 0.5;
  const double left = 0.5 - left_far, right = right_near - right_far;

  TruncatedPlan plan{};
  const double threshold = std::nearbyint(0x1p32 * left / (left + right));
  plan.threshold = static_cast<std::uint32_t>(threshold);
  plan.shift = plan.threshold == 0x80000000u ? 0 : 1;
  const auto line = [&](double count, double probability, double far, float& slope, float& intercept) {
    const double step = count > 0 ? probability * std::ldexp(1.0, plan.shift) / count : 0.0;
    slope = static_cast<float>(step);
    intercept = static_cast<float>(far + 0.5 * step);  // the middle of a cell, so that q is never 0
  };
  line(threshold, left, left_far, plan.left_slope, plan.left_intercept);
  line(0x1p32 - threshold, right, right_far, plan.right_slope, plan.right_intercept);
  plan.std = static_cast<float>(mirrored ? -std : std);
  plan.mean = static_cast<float>(mean);
  plan.low = static_cast<float>(low);
  plan.high = static_cast<float>(high);
  return plan;
}

}  // namespace

void fill_bits(std::span<std::uint32_t> out, const Stream& stream, std::uint64_t first) {
  fill_range(out, stream, first, simd::bits);
}

void fill_uniform(std::span<float> out, const Stream& stream, float low, float high, std::uint64_t first) {
  if (!(low <= high)) throw Error(fmt::format("a uniform distribution needs low <= high, not [{}, {})", low, high));
  const float last = low < high ? std::nextafter(high, -std::numeric_limits<float>::infinity()) : low;
  const UniformPlan plan{low, high - low, last};
  fill_range(out, stream, first, [&](float* tile, const Tiles& tiles) { simd::uniform(tile, tiles, plan); });
}

void fill_normal(std::span<float> out, const Stream& stream, float mean, float std, std::uint64_t first) {
  fill_range(out, stream, first, [&](float* tile, const Tiles& tiles) { simd::normal(tile, tiles, mean, std); });
}

void fill_truncated_normal(std::span<float> out, const Stream& stream, float mean, float std, float low, float high,
                           std::uint64_t first) {
  if (!(std > 0)) throw Error(fmt::format("a truncated normal needs a standard deviation above 0, not {}", std));
  if (!(low < high)) throw Error(fmt::format("a truncated normal needs low < high, not [{}, {}]", low, high));
  const TruncatedPlan plan = plan_truncated(mean, std, low, high);
  fill_range(out, stream, first, [&](float* tile, const Tiles& tiles) { simd::truncated(tile, tiles, plan); });
}

}  // namespace fanin::random
