// Numbers as text for people, and cut to the digits that a chart can show.
#pragma once
#include <string>

#include "fanin/compare/results.h"

namespace fanin::report {

/// "89.1 %" for 0.891; a dash for NaN.
std::string percent(double fraction, int digits = 1);
/// Three significant digits: "0.00316", "1.2e-09"; "infinite", or a dash for NaN.
std::string short_number(double value, int digits = 3);
/// "60,000".
std::string grouped(long long value);
/// "1 seed", "3 seeds".
std::string counted(long long count, const std::string& noun);
/// "88.1 to 90.2 %"; "" where the interval has no ends.
std::string percent_range(const compare::Interval& interval, int digits = 1);

/// Rounded to six significant digits: what goes into a chart's data. NaN and infinities stay.
double chart_value(double value);

}  // namespace fanin::report
