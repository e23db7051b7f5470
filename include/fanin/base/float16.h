// The two 16-bit float formats as storage: conversions round to nearest, ties to even. Arithmetic is done in float.
#pragma once
#include <bit>
#include <cstdint>

namespace fanin {

/// 8 exponent bits, 7 of mantissa: the upper half of a float.
struct bfloat16 {
  std::uint16_t bits = 0;
  friend bool operator==(bfloat16, bfloat16) = default;
};

/// IEEE binary16: 5 exponent bits, 10 of mantissa; the largest is 65504, the smallest 2^-24.
struct half {
  std::uint16_t bits = 0;
  friend bool operator==(half, half) = default;
};

inline float to_float(bfloat16 value) {
  return std::bit_cast<float>(std::uint32_t{value.bits} << 16);
}

inline bfloat16 to_bfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return {static_cast<std::uint16_t>(bits >> 16 | 0x40u)};  // NaN stays NaN
  return {static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16)};
}

inline float to_float(half value) {
  const std::uint32_t sign = std::uint32_t{value.bits & 0x8000u} << 16, rest = value.bits & 0x7FFFu;
  std::uint32_t bits;
  if (rest >= 0x7C00u)
    bits = 0x7F800000u | rest << 13;  // infinity, NaN
  else if (rest >= 0x0400u)
    bits = (rest << 13) + 0x38000000u;
  else
    bits = std::bit_cast<std::uint32_t>(static_cast<float>(rest) * 0x1p-24f);
  return std::bit_cast<float>(sign | bits);
}

inline half to_half(float value) {
  const std::uint32_t all = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = all >> 16 & 0x8000u, bits = all & 0x7FFFFFFFu;
  std::uint32_t rounded;
  if (bits > 0x7F800000u)
    rounded = 0x7E00u;
  else if (bits >= 0x477FF000u)  // 65520 and above round to infinity
    rounded = 0x7C00u;
  else if (bits < 0x38800000u)  // below 2^-14: beside 0.5 a float's spacing is 2^-24, so the addition rounds
    rounded = std::bit_cast<std::uint32_t>(std::bit_cast<float>(bits) + 0.5f) - 0x3F000000u;
  else
    rounded = (bits + 0xFFFu + (bits >> 13 & 1u) - 0x38000000u) >> 13;
  return {static_cast<std::uint16_t>(sign | rounded)};
}

}  // namespace fanin
