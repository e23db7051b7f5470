// Numbers as text. A minus is the hyphen of ASCII; a missing number is an en dash.
#include "report/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace fanin::report {
namespace {
constexpr const char* missing = "\xe2\x80\x93";  // en dash
}

std::string percent(double fraction, int digits) {
  return std::isfinite(fraction) ? fmt::format("{:.{}f} %", 100 * fraction, digits) : missing;
}

std::string short_number(double value, int digits) {
  if (std::isnan(value)) return missing;
  if (std::isinf(value)) return value > 0 ? "infinite" : "-infinite";
  return fmt::format("{:.{}g}", value, digits);
}

std::string grouped(long long value) {
  std::string text = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string counted(long long count, const std::string& noun) {
  return grouped(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string percent_range(const compare::Interval& interval, int digits) {
  if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) return "";
  return fmt::format("{:.{}f} to {:.{}f} %", 100 * std::clamp(interval.low, 0.0, 1.0), digits,
                     100 * std::clamp(interval.high, 0.0, 1.0), digits);
}

double chart_value(double value) {
  return std::isfinite(value) ? std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr) : value;
}

}  // namespace fanin::report
