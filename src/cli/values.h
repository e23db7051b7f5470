// Option values with their ranges. Every mistake names the option, the value and what was expected.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>

#include "cli/command.h"
#include "fanin/base/shape.h"

namespace fanin::cli {

struct Range {
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  bool low_excluded = false, high_excluded = false;
};

/// The option's number; the option must have a value or a default. Throws UsageError.
double number(const Arguments& arguments, std::string_view name, const Range& range);
/// Throws UsageError outside [low, high].
std::int64_t integer(const Arguments& arguments, std::string_view name, std::int64_t low, std::int64_t high);
/// --seed: any unsigned 64-bit number.
std::uint64_t seed(const Arguments& arguments);
/// The value of an option that must be given. Throws UsageError ("compare needs --model").
const std::string& required(const Arguments& arguments, std::string_view name, std::string_view expected);

/// Extents of at least 1 with an x between, "3x32x32", as many as `ranks` allows. Throws UsageError.
Shape extents(const Arguments& arguments, std::string_view name, std::initializer_list<std::size_t> ranks);
inline constexpr std::int64_t most_classes = 1'000'000;

/// A grid of learning rates: LOW..HIGH:POINTS, or one rate (low == high, one point).
struct RateGrid {
  double low = 0, high = 0;
  std::int64_t points = 1;
};
/// Throws UsageError.
RateGrid rate_grid(const Arguments& arguments, std::string_view name);

}  // namespace fanin::cli
