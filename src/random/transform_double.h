// From random words to doubles: the numbers and the order of operations, as scalar code.
//
// The definition of the values, as transform.h is for floats; simd/fill_double.cpp does the same operations lane by
// lane. Logarithm, sine and cosine are series in IEEE basic operations, because the C library's differ in the last bit
// from version to version and the values of a stream must not.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace fanin::random {

inline constexpr std::uint64_t sqrt_half_bits_double = 0x3FE6A09E667F3BCDu;  // the double nearest sqrt(1/2)
inline constexpr double ln2 = 0x1.62e42fefa39efp-1;
inline constexpr double quarter_turn_double = 0x1.921fb54442d18p-64;  // (pi / 2) 2^-64

// Wichura 1988, Applied Statistics 37(3), algorithm AS 241 (PPND16): -Phi^-1(q) as ratios of polynomials, highest power
// first, relative error about 1e-16. Center: of 0.180625 - (0.5 - q)^2 for q >= 0.075, times 0.5 - q. Near and far
// tail: of r - 1.6 and r - 5, r = sqrt(-ln q), up to and above r = 5.
inline constexpr double center_numerator[8] = {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
                                               45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
                                               133.14166789178437745, 3.387132872796366608};
inline constexpr double center_denominator[8] = {
    5226.495278852545925,  28729.085735721942674, 39307.89580009271061,  21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083,  42.313330701600911252, 1.0};
inline constexpr double near_numerator[8] = {7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
                                             1.27045825245236838258,   3.64784832476320460504,   5.7694972214606914055,
                                             4.6303378461565452959,    1.42343711074968357734};
inline constexpr double near_denominator[8] = {
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
    0.68976733498510000455,    1.6763848301838038494,   2.05319162663775882187,   1.0};
inline constexpr double far_numerator[8] = {
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
    0.29656057182850489123,    1.7848265399172913358,     5.4637849111641143699,    6.6579046435011037772};
inline constexpr double far_denominator[8] = {
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
    0.0148753612908506148525,   0.13692988092273580531,   0.59983220655588793769,   1.0};
inline constexpr double center_limit = 0.425, far_limit = 5.0;

/// As TruncatedPlan, of 64-bit words.
struct TruncatedPlanDouble {
  std::uint64_t threshold;
  int shift;
  double left_slope, left_intercept, right_slope, right_intercept;
  double std, mean, low, high;
};

/// fma(bits 2^-53, span, low), at most `last`.
struct UniformPlanDouble {
  double low, span, last;
};

/// ln u for normal u in (0, 1], u = 2^e (1 + f): ln(1 + f) = 2 atanh(s), s = f / (2 + f), |s| <= 0.1716 (12 terms:
/// 1e-17).
inline double natural_log(double u) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(u);
  const std::int64_t exponent = static_cast<std::int64_t>(bits - sqrt_half_bits_double) >> 52;
  const double f = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52)) - 1.0;
  const double s = f / (2.0 + f), s2 = s * s;
  double series = 1.0 / 23.0;
  for (int k = 21; k >= 1; k -= 2) series = std::fma(series, s2, 1.0 / k);
  return std::fma(static_cast<double>(exponent), ln2, 2.0 * s * series);
}

/// Taylor series of sine (first = 2, without the leading x) or cosine (first = 1) on [-pi/4, pi/4]; the next terms are
/// below 1e-17.
inline double taylor(double x2, int last, int first) {
  double series = 1.0;
  for (int k = last; k >= first; k -= 2) series = std::fma(-x2 / (k * (k + 1.0)), series, 1.0);
  return series;
}

struct NormalPairDouble {
  double cosine, sine;
};

/// The two standard normals of a block: radius from its first 64-bit word, angle from the second.
inline NormalPairDouble box_muller_double(std::uint64_t radius_word, std::uint64_t angle_word) {
  const double u = std::fma(static_cast<double>(static_cast<std::int64_t>(radius_word >> 11)), 0x1p-53, 0x1p-54);
  const double r = std::sqrt(-2.0 * natural_log(u));
  const double x = static_cast<double>(static_cast<std::int64_t>(angle_word << 2)) * quarter_turn_double;
  const double x2 = x * x;
  const double s = x * taylor(x2, 16, 2), c = taylor(x2, 17, 1);
  switch (angle_word >> 62) {
    case 0:
      return {r * c, r * s};
    case 1:
      return {r * -s, r * c};
    case 2:
      return {r * -c, r * -s};
    default:
      return {r * s, r * -c};
  }
}

inline double uniform_value(std::uint64_t word, const UniformPlanDouble& plan) {
  const double u = static_cast<double>(static_cast<std::int64_t>(word >> 11)) * 0x1p-53;
  const double value = std::fma(u, plan.span, plan.low);
  return value < plan.last ? value : plan.last;
}

inline double ratio(const double (&numerator)[8], const double (&denominator)[8], double x) {
  double n = numerator[0], d = denominator[0];
  for (int i = 1; i < 8; ++i) n = std::fma(n, x, numerator[i]);
  for (int i = 1; i < 8; ++i) d = std::fma(d, x, denominator[i]);
  return n / d;
}

/// -Phi^-1(q), q in (0, 1/2], q normal.
inline double normal_tail(double q) {
  const double y = 0.5 - q;
  if (y <= center_limit) return y * ratio(center_numerator, center_denominator, std::fma(-y, y, 0.180625));
  const double r = std::sqrt(-natural_log(q));
  return r <= far_limit ? ratio(near_numerator, near_denominator, r - 1.6)
                        : ratio(far_numerator, far_denominator, r - 5.0);
}

inline double truncated_value(std::uint64_t word, const TruncatedPlanDouble& plan) {
  const bool left = word < plan.threshold;
  const std::uint64_t rest = (left ? word : word - plan.threshold) >> plan.shift;
  const double q =
      std::fma(static_cast<double>(static_cast<std::int64_t>(rest)), left ? plan.left_slope : plan.right_slope,
               left ? plan.left_intercept : plan.right_intercept);
  const double tail = normal_tail(q);
  const double value = std::fma(left ? -tail : tail, plan.std, plan.mean);
  const double raised = value > plan.low ? value : plan.low;
  return raised < plan.high ? raised : plan.high;
}

}  // namespace fanin::random
