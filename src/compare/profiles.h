// Depth profiles of a scheme over its seeds.
#pragma once
#include <optional>

#include "fanin/compare/results.h"

namespace fanin::compare {

/// The median over the final trials' starting profiles, value by value; none when no trial has one. Histograms are the
/// first trial's.
std::optional<probe::Profile> median_start_profile(const SchemeResult& scheme);

}  // namespace fanin::compare
