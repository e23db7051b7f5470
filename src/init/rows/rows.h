// The rows of the table of schemes by family; scheme_table.cpp joins them.
#pragma once
#include <span>
#include <string_view>

#include "fanin/init/schemes.h"

namespace fanin::init::rows {

constexpr double limit = 1e30;  // keeps every value a finite float

constexpr std::string_view gain_summary =
    "factor on the standard deviation: a number above 0, or auto for the gain of the activation that follows";
constexpr std::string_view mode_summary =
    "which pass keeps its variance: fan_in the forward, fan_out the backward, fan_avg a compromise";

std::span<const SchemeInfo> structured();  // orthogonal, deterministic and filter schemes
std::span<const SchemeInfo> network();     // schemes that look at the graph
std::span<const SchemeInfo> measured();    // schemes that run the network: functions in src/adapt/
std::span<const SchemeInfo> presets();     // defaults of other frameworks

}  // namespace fanin::init::rows
