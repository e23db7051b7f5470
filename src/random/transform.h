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

// Phi^-1((1 + x) / 2) = x P(t - centre), t = 1 - x^2 in [1/16, 1): a polynomial for each half of an octave of t, since
// the singularity at t = 0 is then about equally far from all. Chosen by the last three bits of (bits of t) >> 22,
// which is why the octave [1/16, 1/8) comes last. Relative error of the fits 8.9e-8.
inline constexpr double central_bound = 2.14;         // standard deviations; 1 - x^2 is 0.0637 there
inline constexpr float central_one = 0x1.fffffep-1f;  // 1 - 2^-24 for 1, so that t is below 1 where x is near 0
inline constexpr int central_degree = 5, central_pieces = 8;
inline constexpr float central_centres[central_pieces] = {0.15625f, 0.21875f, 0.3125f,   0.4375f,
                                                          0.625f,   0.875f,   0.078125f, 0.109375f};
inline constexpr float central_coefficients[central_degree + 1][central_pieces] = {
    {1.89686696333f, 1.77770567347f, 1.65167623366f, 1.53379914216f, 1.4107882512f, 1.29741134867f, 2.14054522879f,
     2.02275496957f},
    {-2.26479250159f, -1.61879671479f, -1.1269914532f, -0.795655399466f, -0.545957373113f, -0.379772164072f,
     -4.45702625207f, -3.21578019202f},
    {7.17503656687f, 3.72216456444f, 1.84760611539f, 0.949901986777f, 0.466079806044f, 0.236575868665f, 27.5068283423f,
     14.3461920959f},
    {-29.7788362742f, -11.0958788585f, -3.88132897275f, -1.43719757871f, -0.498355409506f, -0.182634016155f,
     -226.731456409f, -84.7300074213f},
    {145.42462415f, 38.0255755401f, 9.5300455992f, 2.48086270568f, 0.617783938716f, 0.15946741634f, 2209.35181002f,
     578.586607135f},
    {-741.288617971f, -137.620895781f, -24.3432759064f, -4.50604946414f, -0.792956152286f, -0.145808294803f,
     -22516.4988267f, -4182.26988367f},
};

/// How words become a truncated normal: fill.cpp computes it once for a call (docs/random.md, "Truncated normal").
struct TruncatedPlan {
  std::uint32_t threshold;           // words below it fall on the left of the mean; at most 2^31
  int shift;                         // 0 or 1: bits dropped so that the remainder fits a signed word
  float left_slope, left_intercept;  // tail probability q = fma(float(remainder), slope, intercept)
  float right_slope, right_intercept;
  float std;  // negative where the interval was mirrored
  float mean, low, high;
  // Where the slope is not 0, the interval is central and only mean, low, high and these count:
  // x = 2 Phi(z) - 1 = fma(float(the word, signed), slope, intercept).
  float central_slope = 0, central_intercept = 0;
  float central[central_degree + 1][central_pieces] = {};  // the coefficients times std
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

/// The value of a word in a central interval, not yet clamped.
inline float central_value(std::uint32_t word, const TruncatedPlan& plan) {
  const float x =
      std::fma(static_cast<float>(static_cast<std::int32_t>(word)), plan.central_slope, plan.central_intercept);
  const float t = std::fma(-x, x, central_one);
  const std::uint32_t piece = (std::bit_cast<std::uint32_t>(t) >> 22) % central_pieces;
  const float s = t - central_centres[piece];
  const float s2 = s * s;  // pairs of coefficients: a shorter chain than Horner's
  const auto pair = [&](int i) { return std::fma(plan.central[i + 1][piece], s, plan.central[i][piece]); };
  const float p = std::fma(std::fma(pair(4), s2, pair(2)), s2, pair(0));
  return std::fma(x, p, plan.mean);
}

/// The value of a word by the nearer tail's probability, not yet clamped.
inline float tail_value(std::uint32_t word, const TruncatedPlan& plan) {
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
  return std::fma(left ? -tail : tail, plan.std, plan.mean);
}

inline float truncated_value(std::uint32_t word, const TruncatedPlan& plan) {
  const float value = plan.central_slope != 0 ? central_value(word, plan) : tail_value(word, plan);
  const float raised = value > plan.low ? value : plan.low;
  return raised < plan.high ? raised : plan.high;
}

}  // namespace fanin::random
