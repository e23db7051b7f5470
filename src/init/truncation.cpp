// Moments of the truncated normal in closed form.
#include "init/truncation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fanin::init {
namespace {

double density(double x) {
  return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
}

/// x phi(x), 0 at infinity.
double weighted_density(double x) {
  return std::isfinite(x) ? x * density(x) : 0;
}

/// P(a < Z < b) from the nearer tail, where erfc keeps its digits.
double mass(double a, double b) {
  return a + b > 0 ? 0.5 * (std::erfc(a / std::numbers::sqrt2) - std::erfc(b / std::numbers::sqrt2))
                   : 0.5 * (std::erfc(-b / std::numbers::sqrt2) - std::erfc(-a / std::numbers::sqrt2));
}

}  // namespace

double truncated_mean(double a, double b) {
  return (density(a) - density(b)) / mass(a, b);
}

double truncated_std(double a, double b) {
  const double mean = truncated_mean(a, b);
  return std::sqrt(std::max(0.0, 1 + (weighted_density(a) - weighted_density(b)) / mass(a, b) - mean * mean));
}

}  // namespace fanin::init
