// From random words to distributions: the numbers and the order of operations, as scalar code.
//
// This is the definition of the values (docs/random.md); simd/fill.cpp does the same operations lane by lane and the
// tests compare the bits. Only IEEE +, -, *, /, sqrt, fma, conversions and integers occur, none of them on denormals,
// so flush-to-zero modes change nothing. The polynomials are our own minimax fits (Lawson's weighted least squares in
// 40 digits).
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace fanin::random {

// Radius: -2 ln u = e (-2 ln 2) - 2 f + f^2 (c0 + c1 f + ...), u = 2^e (1 + f), f in [sqrt(1/2) - 1, sqrt(2) - 1].
// Relative error of the logarithm 3.0e-8.
inline constexpr float log_coefficients[8] = {0.999999832759f, -0.666679010383f, 0.500035018707f, -0.39924114487f,
                                              0.331412280981f, -0.298364837005f, 0.286136560881f, -0.174663947429f};
inline constexpr float minus_two_ln2 = -1.38629436112f;
inline constexpr std::uint32_t sqrt_half_bits = 0x3F3504F3u;  // the float nearest sqrt(1/2)

// sin x = x + x^3 (s0 + s1 x^2 + s2 x^4), error 3.6e-9; cos x = 1 - x^2/2 + x^4 (c0 + ...), error 9.5e-11; |x| <= pi/4.
inline constexpr float sin_coefficients[3] = {-0.166666549425f, 0.00833217809072f, -0.000195172929322f};
inline constexpr float cos_coefficients[3] = {0.0416666468639f, -0.00138873674093f, 2.44384409022e-5f};
inline constexpr float quarter_turn = 0x1.921fb6p-32f;  // (pi / 2) 2^-32: radians of one unit of a signed fraction

// -Phi^-1(q) = r - N(r) / D(r) with r = sqrt(-2 ln q), for q from 1/2 down to 1e-38; absolute error 3.6e-8.
inline constexpr float tail_numerator[5] = {3.21521620226f, 9.33420765756f, 2.83672752479f, 0.140079940803f,
                                            0.00024114977103f};
inline constexpr float tail_denominator[5] = {1.0f, 5.6196353842f, 4.75792567123f, 0.819784418217f, 0.0254736133877f};

/// How words become a truncated normal: fill.cpp computes it once for a call (docs/random.md, "Truncated normal").
struct TruncatedPlan {
  std::uint32_t threshold;           // words below it fall on the left of the mean; at most 2^31
  int shift;                         // 0 or 1: bits dropped so that the remainder fits a signed word
  float left_slope, left_intercept;  // tail probability q = fma(float(remainder), slope, intercept)
  float right_slope, right_intercept;
  float std;  // negative where the interval was mirrored
  float mean, low, high;
};

/// What a uniform fill does with its 24 bits: fma(bits 2^-24, span, low), at most `last`.
struct UniformPlan {
  float low, span, last;  // last: the largest float below the open upper bound
};

/// sqrt(-2 ln u) for u in (0, 1], u normal.
inline float radius(float u) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(u);
  const std::int32_t exponent = static_cast<std::int32_t>(bits - sqrt_half_bits) >> 23;
  const float f = std::bit_cast<float>(bits - (static_cast<std::uint32_t>(exponent) << 23)) - 1.0f;
  float p = log_coefficients[7];
  for (int i = 6; i >= 0; --i) p = std::fma(p, f, log_coefficients[i]);
  const float series = std::fma(p, f * f, f * -2.0f);
  return std::sqrt(std::fma(static_cast<float>(exponent), minus_two_ln2, series));
}

struct NormalPair {
  float cosine, sine;
};

/// Box-Muller's two uses of one angle word; the caller picks the one whose slot it fills.
inline NormalPair direction(std::uint32_t word) {
  const float x = static_cast<float>(static_cast<std::int32_t>(word << 2)) * quarter_turn;
  const float x2 = x * x;
  const float s =
      std::fma(std::fma(std::fma(sin_coefficients[2], x2, sin_coefficients[1]), x2, sin_coefficients[0]), x2 * x, x);
  const float c = std::fma(
      std::fma(std::fma(std::fma(cos_coefficients[2], x2, cos_coefficients[1]), x2, cos_coefficients[0]), x2, -0.5f),
      x2, 1.0f);
  const bool swap = (word & 0x40000000u) != 0;
  const std::uint32_t sine_sign = word & 0x80000000u;
  const std::uint32_t cosine_sign = (word ^ (word << 1)) & 0x80000000u;
  return {std::bit_cast<float>(std::bit_cast<std::uint32_t>(swap ? s : c) ^ cosine_sign),
          std::bit_cast<float>(std::bit_cast<std::uint32_t>(swap ? c : s) ^ sine_sign)};
}

/// The two standard normals of (radius word, angle word).
inline NormalPair box_muller(std::uint32_t radius_word, std::uint32_t angle_word) {
  const float u = std::fma(static_cast<float>(static_cast<std::int32_t>(radius_word >> 1)), 0x1p-31f, 0x1p-32f);
  const float r = radius(u);
  const NormalPair d = direction(angle_word);
  return {r * d.cosine, r * d.sine};
}

inline float uniform_value(std::uint32_t word, const UniformPlan& plan) {
  const float u = static_cast<float>(static_cast<std::int32_t>(word >> 8)) * 0x1p-24f;
  const float value = std::fma(u, plan.span, plan.low);
  return value < plan.last ? value : plan.last;
}

inline float truncated_value(std::uint32_t word, const TruncatedPlan& plan) {
  const bool left = word < plan.threshold;
  const std::uint32_t rest = (left ? word : word - plan.threshold) >> plan.shift;
  const float q =
      std::fma(static_cast<float>(static_cast<std::int32_t>(rest)), left ? plan.left_slope : plan.right_slope,
               left ? plan.left_intercept : plan.right_intercept);
  const float r = radius(q);
  float n = tail_numerator[4], d = tail_denominator[4];
  for (int i = 3; i >= 0; --i) n = std::fma(n, r, tail_numerator[i]);
  for (int i = 3; i >= 0; --i) d = std::fma(d, r, tail_denominator[i]);
  const float tail = r - n / d;
  const float value = std::fma(left ? -tail : tail, plan.std, plan.mean);
  const float raised = value > plan.low ? value : plan.low;
  return raised < plan.high ? raised : plan.high;
}

}  // namespace fanin::random
