// 128-bit products from 64-bit halves: the language has no 128-bit integer without an extension.
#pragma once
#include <cstdint>

namespace fanin::random {

struct Wide128 {
  std::uint64_t high, low;
};

constexpr Wide128 multiply_wide(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t mask = 0xFFFFFFFFu;
  const std::uint64_t low = (a & mask) * (b & mask);
  const std::uint64_t middle_1 = (a >> 32) * (b & mask) + (low >> 32);
  const std::uint64_t middle_2 = (a & mask) * (b >> 32) + (middle_1 & mask);
  return {(a >> 32) * (b >> 32) + (middle_1 >> 32) + (middle_2 >> 32), (middle_2 << 32) | (low & mask)};
}

}  // namespace fanin::random
