// Small pieces of English for conclusions, notes and tables.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::compare {

/// "a", "a and b", "a, b and c".
std::string join_and(const std::vector<std::string>& items);
/// "1 seed", "5 seeds"; the plural by an s.
std::string counted(std::int64_t n, const std::string& noun);
/// 0.9123 -> "91.2 %"; "none" for NaN.
std::string percent(double fraction);
/// "90.8 to 91.6" in per cent without the sign, cut to 0 and 100.
std::string percent_range(const Interval& interval);
/// A difference of accuracies in percentage points: 0.0079 -> "0.8 points", below 0.1 points with two digits more.
std::string points(double difference);
/// "0.4 to 1.2" in points.
std::string points_range(const Interval& interval);
/// "p = 0.004", "p < 0.001".
std::string p_text(double p);
/// A learning rate as the user would write it.
std::string rate_text(double rate);

}  // namespace fanin::compare
