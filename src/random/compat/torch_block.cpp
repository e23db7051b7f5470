// The order of operations is the kernel's after its compiler fused it, so that the bits agree; do not rearrange.
#include "random/compat/torch_block.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

namespace fanin::random::compat {
namespace {

constexpr float from_bits(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}

// Cephes logf: coefficients of degree 8 to 0, and ln 2 in two parts.
constexpr std::uint32_t log_coefficients[9] = {0x3D9021BB, 0xBDEBD1B8, 0x3DEF251A, 0xBDFE5D4F, 0x3E11E9BF,
                                               0xBE2AAE50, 0x3E4CCEAC, 0xBE7FFFFC, 0x3EAAAAAA};
constexpr float log_q1 = from_bits(0xB95E8083), log_q2 = from_bits(0x3F318000);

/// ln x for x in [2^-24, 1].
float log_of(float x) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  float e = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 127) + 1.0f;
  float m = from_bits((bits & 0x807FFFFFu) | 0x3F000000u);
  if (m < from_bits(0x3F3504F3)) {
    e -= 1.0f;
    m = (m - 1.0f) + m;
  } else {
    m -= 1.0f;
  }
  const float z = m * m;
  float y = from_bits(log_coefficients[0]);
  for (int i = 1; i < 9; ++i) y = std::fma(y, m, from_bits(log_coefficients[i]));
  y *= m;
  y = std::fma(y, z, e * log_q1);
  y -= z * 0.5f;
  return std::fma(e, log_q2, m + y);
}

struct Direction {
  float sine, cosine;
};

/// Sine and cosine of x >= 0, reduced by pi/4 in three parts.
Direction direction_of(float x) {
  const std::int32_t j = (static_cast<std::int32_t>(x * from_bits(0x3FA2F983)) + 1) & ~1;
  const auto y = static_cast<float>(j);
  x = std::fma(y, from_bits(0xBF490000), x);
  x = std::fma(y, from_bits(0xB97DA000), x);
  x = std::fma(y, from_bits(0xB3222169), x);
  const float z = x * x;
  float c = std::fma(std::fma(from_bits(0x37CCF5CE), z, from_bits(0xBAB6061A)), z, from_bits(0x3D2AAAA5));
  c *= z;
  c = std::fma(c, z, -(z * 0.5f)) + 1.0f;
  float s = std::fma(std::fma(from_bits(0xB94CA1F9), z, from_bits(0x3C08839E)), z, from_bits(0xBE2AAAA3));
  s *= z;
  s = std::fma(s, x, x);
  if ((j & 2) != 0) std::swap(s, c);
  return {(j & 4) != 0 ? -s : s, ((j - 2) & 4) != 0 ? c : -c};
}

}  // namespace

void torch_normal_block(float* x, float mean, float std) {
  for (int j = 0; j < 8; ++j) {
    const float radius = std::sqrt(-2.0f * log_of(1.0f - x[j]));
    const Direction direction = direction_of(from_bits(0x40C90FDB) * x[j + 8]);
    x[j] = std::fma(radius * direction.cosine, std, mean);
    x[j + 8] = std::fma(radius * direction.sine, std, mean);
  }
}

}  // namespace fanin::random::compat
