// The order of operations is XLA's, so that the bits agree; do not rearrange.
#include "random/compat/jax_erfinv.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace fanin::random::compat {
namespace {

/// Horner's scheme, highest power first.
float polynomial(std::span<const float> coefficients, float x) {
  float p = coefficients[0];
  for (const float c : coefficients.subspan(1)) p = std::fma(p, x, c);
  return p;
}

constexpr float log1p_denominator[7] = {1.0f,
                                        15.062909083469192f,
                                        83.047565967967209f,
                                        221.76239823732856f,
                                        309.09872225312060f,
                                        216.42788614495948f,
                                        60.118660497603844f};
constexpr float log1p_numerator[7] = {4.5270000862445200e-5f, 0.49854102823193375f, 6.5787325942061045f,
                                      29.911919328553073f,    60.949667980987787f,  57.112963590585538f,
                                      20.039553499201281f};
constexpr std::uint32_t log_coefficients[9] = {0x3D9021BB, 0xBDEBD1B8, 0x3DEF251A, 0xBDFE5D4F, 0x3E11E9BF,
                                               0xBE2AAE50, 0x3E4CCEAC, 0xBE7FFFFC, 0x3EAAAAAA};
constexpr float center[9] = {2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f, 0.00021858087f,
                             -0.00125372503f, -0.00417768164f, 0.246640727f,    1.50140941f};
constexpr float tail[9] = {-0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f, 0.00573950773f,
                           -0.0076224613f,   0.00943887047f,  1.00167406f,    2.83297682f};

float log_of(float v) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(v);
  auto e = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 126);
  float m = std::bit_cast<float>((bits & 0x7FFFFFu) | 0x3F000000u);
  if (m < 0.70710677f) {
    e -= 1.0f;
    m = (m - 1.0f) + m;
  } else {
    m -= 1.0f;
  }
  const auto c = [](int i) { return std::bit_cast<float>(log_coefficients[i]); };
  const float x2 = m * m, x3 = x2 * m;
  const float y1 = std::fma(std::fma(c(3), m, c(4)), m, c(5)), y2 = std::fma(std::fma(c(6), m, c(7)), m, c(8));
  float y = std::fma(std::fma(c(0), m, c(1)), m, c(2));
  y = std::fma(y, x3, y1);
  y = std::fma(y, x3, y2);
  const float correction = std::fma(y, x3, e * -2.12194440e-4f);
  return e * 0.693359375f + ((m - x2 * 0.5f) + correction);
}

float log1p_of(float x) {
  if (!(std::abs(x) < 0.41421356f)) return log_of(x + 1.0f);
  const float q = polynomial(log1p_numerator, x) / polynomial(log1p_denominator, x);
  const float x2 = x * x, cubic = (x * x2) * q;
  return x + (-0.5f * x2 + cubic);
}

}  // namespace

float jax_erfinv(float u) {
  if (std::abs(u) == 1.0f) return u * std::numeric_limits<float>::infinity();
  const float w = -log1p_of(u * -u);
  const float p = w < 5.0f ? polynomial(center, w - 2.5f) : polynomial(tail, std::sqrt(w) - 3.0f);
  return p * u;
}

}  // namespace fanin::random::compat
