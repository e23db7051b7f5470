// Choosing among primitive descriptors: layouts as they lie first, others where those are slow or refused.
#pragma once
#include <optional>
#include <string_view>

#include "engine/bridge.h"

namespace fanin::engine {

/// Whether this implementation is oneDNN's way out: reference loops, or a copy into columns and a matrix product.
inline bool is_slow(std::string_view implementation) {
  return implementation.find("ref") != std::string_view::npos || implementation.find("gemm:") == 0;
}

/// The first attempt's descriptor unless it is slow or refused and the second's is better. An attempt is a function
/// without arguments that makes a descriptor or throws dnnl::error.
template <class First, class Second>
auto choose(const First& first, const Second& second) {
  using Desc = decltype(first());
  std::optional<Desc> chosen;
  try {
    chosen = first();
  } catch (const dnnl::error&) {
    return second();
  }
  if (is_slow(chosen->impl_info_str())) {
    try {
      Desc other = second();
      if (!is_slow(other.impl_info_str())) return other;
    } catch (const dnnl::error&) {
      return *chosen;
    }
  }
  return *chosen;
}

}  // namespace fanin::engine
