// NumPy's permutation(n): Fisher-Yates from the end, indices by masked rejection on 32-bit words. Both generators.
#pragma once
#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "fanin/base/error.h"

namespace fanin::random::compat {

template <class NextWord>
std::vector<std::int64_t> numpy_permutation(std::int64_t n, const NextWord& next_word) {
  if (n < 0 || n > std::int64_t{1} << 32)
    throw Error(fmt::format("a permutation in NumPy's order needs 0 <= n <= 4294967296, not {}", n));
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i-- > 1;) {
    const auto largest = static_cast<std::uint32_t>(i);
    const std::uint32_t mask = ~std::uint32_t{0} >> std::countl_zero(largest);
    std::uint32_t index = next_word() & mask;
    while (index > largest) index = next_word() & mask;
    std::swap(order[i], order[index]);
  }
  return order;
}

}  // namespace fanin::random::compat
