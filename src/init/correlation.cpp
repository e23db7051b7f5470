// The map of correlations through rectifiers, and the second moment behind max-pooling.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/gains.h"

namespace fanin::init {
namespace {

/// Twelve digits: acos and erf differ in the last bit from one C library to the next; these do not.
double rounded(double value) {
  return std::nearbyint(1e12 * value) / 1e12;
}

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

}  // namespace

double pooling_factor(const model::Activation& activation, std::int64_t window, std::int64_t before) {
  if (window < 1 || before < 1)
    throw Error(fmt::format("max-pooling over {} and {} values; expected at least 1 of each", window, before));
  if (window == 1 && before == 1) return 1;
  // Slices of the largest of `before` normals, each with its probability, in the order of the activation's value: the
  // largest of `window` such values has the distribution function F^window.
  constexpr double reach = 12, width = 1.0 / 1024;
  constexpr int slices = static_cast<int>(2 * reach / width);
  struct Slice {
    double value, mass;
  };
  std::vector<Slice> all(slices);
  const auto n = static_cast<double>(before);
  double below = 0;
  for (int i = 0; i < slices; ++i) {
    const double left = -reach + i * width, up_to = std::pow(normal_cdf(left + width), n);
    all[static_cast<std::size_t>(i)] = {model::activation_value(activation, left + 0.5 * width), up_to - below};
    below = up_to;
  }
  std::ranges::stable_sort(all, {}, &Slice::value);
  double second = 0, share = 0, reached = 0;
  for (const Slice& slice : all) {
    share += slice.mass;
    const double now = std::pow(std::min(1.0, share), static_cast<double>(window));
    second += (now - reached) * slice.value * slice.value;
    reached = now;
  }
  const double alone = activation.kind == model::ActivationKind::identity ? 1.0 : activation_moments(activation).second;
  return std::nearbyint(1e6 * second / alone) / 1e6;  // the slices' width leaves six digits
}

double rectifier_correlation(double slope, double correlation) {
  const double c = std::clamp(correlation, -1.0, 1.0), bend = (1 - slope) * (1 - slope);
  return (bend * (std::sqrt(1 - c * c) + (std::numbers::pi - std::acos(c)) * c) / std::numbers::pi + 2 * slope * c) /
         (1 + slope * slope);
}

double tailored_slope(int layers, double eta) {
  if (layers < 1 || !(eta > 0 && eta < 1))
    throw Error(
        fmt::format("a slope for {} layers and a final correlation of {} is wanted; expected at least 1 layer "
                    "and a correlation between 0 and 1",
                    layers, eta));
  const auto end = [&](double slope) {
    double c = 0;
    for (int layer = 0; layer < layers; ++layer) c = rectifier_correlation(slope, c);
    return c;
  };
  if (end(0) <= eta) return 0;
  double low = 0, high = 1;  // end() falls from above eta to 0
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (end(middle) > eta ? low : high) = middle;
  }
  return rounded(0.5 * (low + high));
}

}  // namespace fanin::init
