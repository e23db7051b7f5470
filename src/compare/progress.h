// How far a run is, for its live display, and what it will cost, for --plan.
#pragma once
#include "compare/plan.h"
#include "fanin/compare/compare.h"

namespace fanin::compare {

/// The state without speed; `steps_in_flight` are done but not recorded.
Progress measure_progress(const RunSettings& settings, const PlanState& state, const Records& records,
                          std::int64_t steps_in_flight);

/// Fills images_per_second and seconds_left from `steps` made in `seconds`; NaN while there is too little to judge by.
void add_speed(Progress& progress, std::int64_t steps, double seconds, std::int64_t batch);

}  // namespace fanin::compare
