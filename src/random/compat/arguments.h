// What every foreign stream refuses, in one place.
#pragma once
#include <fmt/format.h>

#include <cmath>

#include "fanin/base/error.h"

namespace fanin::random::compat {

inline void check_uniform(double low, double high) {
  if (!std::isfinite(low) || !std::isfinite(high) || low > high)
    throw Error(fmt::format("a uniform distribution needs finite low <= high, not [{}, {})", low, high));
}

inline void check_normal(double mean, double std) {
  if (!std::isfinite(mean) || !std::isfinite(std) || std < 0)
    throw Error(
        fmt::format("a normal needs a finite mean and a standard deviation of 0 or more, not {} and {}", mean, std));
}

inline void check_truncated(double mean, double std, double low, double high) {
  check_normal(mean, std);
  if (std == 0) throw Error("a truncated normal needs a standard deviation above 0, not 0");
  if (!(low < high)) throw Error(fmt::format("a truncated normal needs low < high, not [{}, {}]", low, high));
}

}  // namespace fanin::random::compat
