// Rounding for readers: one digit of a per cent is what a few seeds can carry.
#include "compare/phrases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fanin::compare {
namespace {

// Two digits where one would show nothing; never "-0.0".
std::string point_number(double difference) {
  const double value = 100.0 * difference;
  const std::string text = fmt::format("{:.{}f}", value, std::abs(value) < 0.1 ? 2 : 1);
  return text == "-0.00" ? "0.00" : text;
}

}  // namespace

std::string join_and(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == items.size() ? " and " : ", ") + items[i];
  }
  return text;
}

std::string counted(std::int64_t n, const std::string& noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string percent(double fraction) {
  return std::isnan(fraction) ? "none" : fmt::format("{:.1f} %", 100.0 * fraction);
}

std::string percent_range(const Interval& interval) {
  return fmt::format("{:.1f} to {:.1f}", 100.0 * std::clamp(interval.low, 0.0, 1.0),
                     100.0 * std::clamp(interval.high, 0.0, 1.0));
}

std::string points(double difference) {
  return point_number(difference) + " points";
}

std::string points_range(const Interval& interval) {
  return fmt::format("{} to {}", point_number(interval.low), point_number(interval.high));
}

std::string p_text(double p) {
  return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p);
}

std::string rate_text(double rate) {
  return std::isnan(rate) ? "-" : fmt::format("{:.6g}", rate);
}

}  // namespace fanin::compare
