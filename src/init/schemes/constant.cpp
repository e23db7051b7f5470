// Schemes without randomness or structure: every weight the same number.
#include <algorithm>
#include <limits>

#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

constexpr double no_target = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Applied zeros(const WeightContext&, const Options&, std::span<float> out) {
  std::ranges::fill(out, 0.0f);
  return {no_target};
}

Applied constant(const WeightContext&, const Options& options, std::span<float> out) {
  std::ranges::fill(out, static_cast<float>(options.number("value")));
  return {no_target};
}

}  // namespace fanin::init::schemes
