// Parsing of option values over base/spec's parsers.
#include "cli/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fanin/base/spec.h"

namespace fanin::cli {

namespace {

std::string range_text(const Range& range) {
  const bool bounded = std::isfinite(range.high);
  if (!bounded) return fmt::format("a number {} {}", range.low_excluded ? "above" : "of at least", range.low);
  return fmt::format("a number in {}{}, {}{}", range.low_excluded ? '(' : '[', range.low, range.high,
                     range.high_excluded ? ')' : ']');
}

bool contains(const Range& range, double value) {
  const bool above = range.low_excluded ? value > range.low : value >= range.low;
  const bool below = range.high_excluded ? value < range.high : value <= range.high;
  return above && below;
}

/// A mistake in an option's value gets the hint at the command's help.
template <typename Parse>
auto as_usage(Parse parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

constexpr Range positive{0, std::numeric_limits<double>::infinity(), true, false};
constexpr std::int64_t most_points = 64;

double checked_rate(std::string_view text, std::string_view name) {
  const double rate = as_usage([&] { return parse_number(text, name); });
  if (!contains(positive, rate))
    throw UsageError(fmt::format("{} is {}; expected {}", name, text, range_text(positive)));
  return rate;
}

}  // namespace

double number(const Arguments& arguments, std::string_view name, const Range& range) {
  const std::string& text = arguments.text(name);
  const double value = as_usage([&] { return parse_number(text, name); });
  if (!contains(range, value)) throw UsageError(fmt::format("{} is {}; expected {}", name, text, range_text(range)));
  return value;
}

std::int64_t integer(const Arguments& arguments, std::string_view name, std::int64_t low, std::int64_t high) {
  const std::string& text = arguments.text(name);
  const std::int64_t value = as_usage([&] { return parse_integer(text, name); });
  if (value < low || value > high) {
    throw UsageError(fmt::format("{} is {}; expected an integer from {} to {}", name, text, low, high));
  }
  return value;
}

std::uint64_t seed(const Arguments& arguments) {
  return as_usage([&] { return parse_unsigned(arguments.text("--seed"), "--seed"); });
}

const std::string& required(const Arguments& arguments, std::string_view name, std::string_view expected) {
  if (!arguments.given(name)) throw UsageError(fmt::format("{} is missing; expected {}", name, expected));
  if (arguments.text(name).empty()) throw UsageError(fmt::format("{} is empty; expected {}", name, expected));
  return arguments.text(name);
}

Shape extents(const Arguments& arguments, std::string_view name, std::initializer_list<std::size_t> ranks) {
  const std::string& text = arguments.text(name);
  constexpr std::int64_t largest = std::int64_t{1} << 40;
  const auto refuse = [&]() -> UsageError {
    const std::string_view expected = ranks.size() == 2 ? "CxHxW or a number of features, as in 1x28x28"
                                                        : "one to eight extents of at least 1, as in 64x3x7x7 or 10x84";
    return UsageError(fmt::format("{} is '{}'; expected {}", name, text, expected));
  };
  Shape shape;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    try {
      shape.push_back(parse_integer(std::string_view(text).substr(at, end - at), name));
    } catch (const Error&) {
      throw refuse();
    }
    if (shape.back() < 1 || shape.back() > (ranks.size() == 2 ? 65536 : largest)) throw refuse();
    at = end + 1;
  }
  if (std::ranges::find(ranks, shape.size()) == ranks.end()) throw refuse();
  return shape;
}

RateGrid rate_grid(const Arguments& arguments, std::string_view name) {
  const std::string_view text = arguments.text(name);
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    const double rate = checked_rate(text, name);
    return {rate, rate, 1};
  }
  std::string_view high = text.substr(dots + 2);
  RateGrid grid;
  grid.points = 7;
  if (const std::size_t colon = high.find(':'); colon != std::string_view::npos) {
    grid.points = as_usage([&] { return parse_integer(high.substr(colon + 1), fmt::format("POINTS of {}", name)); });
    high = high.substr(0, colon);
  }
  grid.low = checked_rate(text.substr(0, dots), fmt::format("LOW of {}", name));
  grid.high = checked_rate(high, fmt::format("HIGH of {}", name));
  if (grid.low >= grid.high) {
    throw UsageError(fmt::format("{} is {}; expected LOW..HIGH:POINTS with LOW below HIGH", name, text));
  }
  if (grid.points < 2 || grid.points > most_points) {
    throw UsageError(fmt::format("{} has {} points; expected 2 to {}", name, grid.points, most_points));
  }
  return grid;
}

}  // namespace fanin::cli
