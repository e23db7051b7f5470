// The error of every word: all 2^31 radii of Box-Muller, all angles' 2^30 fractions, all 2^31 tail probabilities of the
// truncated normal without bounds, all 2^32 words of the one cut at +-2, against double precision. Some minutes; prints
// the largest errors. docs/random.md quotes them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "random/plan.h"

using namespace fanin::random;

namespace {

struct Largest {
  double error = 0;
  std::uint64_t at = 0;
  void see(double value, std::uint64_t word) {
    if (value > error) {
      error = value;
      at = word;
    }
  }
};

void radii() {
  Largest of_float, relative, of_word;
  for (std::uint64_t v = 0; v < std::uint64_t{1} << 31; ++v) {
    const float u = std::fma(static_cast<float>(static_cast<std::int32_t>(v)), 0x1p-31f, 0x1p-32f);
    const double r = radius(u), exact = std::sqrt(-2.0 * std::log(static_cast<double>(u)));
    const double error = std::abs(r - exact);
    of_float.see(error, v);
    if (exact > 0) relative.see(error / exact, v);
    const double whole = (static_cast<double>(v) + 0.5) * 0x1p-31;
    if (whole < 0.99) of_word.see(std::abs(r - std::sqrt(-2.0 * std::log(whole))), v);
  }
  fmt::print("radius: {:.3g} absolute (word {:#x}), {:.3g} relative (word {:#x}) of the float u\n", of_float.error,
             of_float.at << 1, relative.error, relative.at << 1);
  fmt::print("radius: {:.3g} absolute of the word's own u, u < 0.99 (word {:#x})\n", of_word.error, of_word.at << 1);
}

void angles() {
  Largest sine, cosine;
  for (std::uint64_t v = 0; v < std::uint64_t{1} << 30; ++v) {
    const auto word = static_cast<std::uint32_t>(v);
    const NormalPair pair = direction(word);
    const double x = static_cast<double>(static_cast<std::int32_t>(word << 2)) * 0x1.921fb54442d18p-32;
    sine.see(std::abs(pair.sine - std::sin(x)), v);
    cosine.see(std::abs(pair.cosine - std::cos(x)), v);
  }
  fmt::print("angle: sine {:.3g}, cosine {:.3g} absolute (words {:#x}, {:#x})\n", sine.error, cosine.error, sine.at,
             cosine.at);
}

void tails() {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const TruncatedPlan plan = plan_truncated(0.0f, 1.0f, -infinity, infinity);
  Largest error;
  double most = 0;
  for (std::uint64_t v = 0; v < plan.threshold; ++v) {
    const float z = truncated_value(static_cast<std::uint32_t>(v), plan);
    // The middle of the word's cell, as a tail probability.
    error.see(std::abs(-z - normal_tail((static_cast<double>(v) + 0.5) * 0x1p-32)), v);
    most = std::max(most, std::abs(static_cast<double>(z)));
  }
  fmt::print("truncated without bounds: {:.3g} absolute (word {:#x}); largest |z| {:.4f}\n", error.error, error.at,
             most);
}

void central() {
  const TruncatedPlan plan = plan_truncated(0.0f, 1.0f, -2.0f, 2.0f);
  const double width = 2 * std::erf(2 / std::sqrt(2.0));
  Largest error, of_float, relative, probability;
  for (std::uint64_t v = 0; v < std::uint64_t{1} << 32; ++v) {
    const auto signed_word = static_cast<std::int32_t>(static_cast<std::uint32_t>(v));
    const float z = truncated_value(static_cast<std::uint32_t>(v), plan);
    const double exact_x = width * (signed_word + 0.5) * 0x1p-32;
    error.see(std::abs(z - std::copysign(normal_tail(0.5 - 0.5 * std::abs(exact_x)), exact_x)), v);
    const double x = std::fma(static_cast<float>(signed_word), plan.central_slope, plan.central_intercept);
    probability.see(0.5 * std::abs(x - exact_x), v);
    const double exact = std::copysign(normal_tail(0.5 - 0.5 * std::abs(x)), x);
    of_float.see(std::abs(z - exact), v);
    if (std::abs(x) > 1e-6) relative.see(std::abs(z / exact - 1), v);  // the reference has 16 digits of 1/2 - x / 2
  }
  fmt::print("truncated at +-2: {:.3g} absolute (word {:#x}), {:.3g} in probability\n", error.error, error.at,
             probability.error);
  fmt::print("truncated at +-2: {:.3g} absolute (word {:#x}), {:.3g} relative of the float x\n", of_float.error,
             of_float.at, relative.error);
}

}  // namespace

int main() {
  radii();
  std::fflush(stdout);
  angles();
  std::fflush(stdout);
  tails();
  std::fflush(stdout);
  central();
}
