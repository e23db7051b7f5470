#include "random/plan.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "fanin/base/error.h"

namespace fanin::random {
namespace {

template <class T>
void check_uniform(T low, T high) {
  if (!(low <= high)) throw Error(fmt::format("a uniform distribution needs low <= high, not [{}, {})", low, high));
}

template <class T>
void check_truncated(T std, T low, T high) {
  if (!(std > 0)) throw Error(fmt::format("a truncated normal needs a standard deviation above 0, not {}", std));
  if (!(low < high)) throw Error(fmt::format("a truncated normal needs low < high, not [{}, {}]", low, high));
}

/// P(Z > x) of a standard normal, with full relative precision in the tail.
double tail_probability(double x) {
  return 0.5 * std::erfc(x / std::sqrt(2.0));
}

/// The plan for words of Word's width, in T.
template <class Plan, class T, class Word>
Plan plan(double mean, double std, double low, double high) {
  constexpr int bits = std::numeric_limits<Word>::digits;
  double a = (low - mean) / std, b = (high - mean) / std;
  // Mirrored so that the right of the mean has at least as much probability: the threshold then fits bits - 1.
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

  Plan made{};
  const double words = std::ldexp(1.0, bits), threshold = std::nearbyint(words * left / (left + right));
  made.threshold = static_cast<Word>(threshold);
  made.shift = made.threshold == Word{1} << (bits - 1) ? 0 : 1;
  const auto line = [&](double count, double probability, double far, T& slope, T& intercept) {
    const double step = count > 0 ? probability * std::ldexp(1.0, made.shift) / count : 0.0;
    slope = static_cast<T>(step);
    intercept = static_cast<T>(far + 0.5 * step);  // the middle of a cell, so that q is never 0
  };
  line(threshold, left, left_far, made.left_slope, made.left_intercept);
  line(words - threshold, right, right_far, made.right_slope, made.right_intercept);
  made.std = static_cast<T>(mirrored ? -std : std);
  made.mean = static_cast<T>(mean);
  made.low = static_cast<T>(low);
  made.high = static_cast<T>(high);
  return made;
}

/// Whether the interval of standard deviations [a, b] is drawn by central_value. It has to contain the mean: for x near
/// 1 has a coarser grid than the tail's probability. Neither the slope nor coefficients times std may leave the floats.
bool is_central(double a, double b, double std) {
  return -central_bound <= a && a <= 0 && 0 <= b && b <= central_bound && b - a > 1e-20 && std > 1e-30 && std < 1e30;
}

TruncatedPlan central_plan(double mean, double std, double low, double high) {
  const double from = std::erf((low - mean) / std / std::sqrt(2.0)),
               to = std::erf((high - mean) / std / std::sqrt(2.0));
  TruncatedPlan made{};
  made.std = static_cast<float>(std);
  made.mean = static_cast<float>(mean);
  made.low = static_cast<float>(low);
  made.high = static_cast<float>(high);
  const double step = std::ldexp(to - from, -32);
  made.central_slope = static_cast<float>(step);
  for (int i = 0; i <= central_degree; ++i)
    for (int k = 0; k < central_pieces; ++k) made.central[i][k] = central_coefficients[i][k] * static_cast<float>(std);
  made.central_intercept = static_cast<float>(0.5 * (from + to) + 0.5 * step);  // the middle of a cell: x is never 0
  return made;
}

}  // namespace

UniformPlan plan_uniform(float low, float high, float last) {
  check_uniform(low, high);
  return {low, high - low, low < high ? last : low};
}

UniformPlanDouble plan_uniform(double low, double high) {
  check_uniform(low, high);
  return {low, high - low, low < high ? std::nextafter(high, -std::numeric_limits<double>::infinity()) : low};
}

TruncatedPlan plan_truncated(float mean, float std, float low, float high) {
  check_truncated(std, low, high);
  const double a = (double{low} - mean) / std, b = (double{high} - mean) / std;
  if (is_central(a, b, std)) return central_plan(mean, std, low, high);
  return plan<TruncatedPlan, float, std::uint32_t>(mean, std, low, high);
}

TruncatedPlanDouble plan_truncated(double mean, double std, double low, double high) {
  check_truncated(std, low, high);
  return plan<TruncatedPlanDouble, double, std::uint64_t>(mean, std, low, high);
}

}  // namespace fanin::random
