// Runs what the plan asks for on worker threads and records what comes back.
#pragma once
#include <filesystem>

#include "compare/plan.h"
#include "compare/store.h"
#include "fanin/compare/compare.h"

namespace fanin::compare {

/// The number of worker threads for RunOptions::jobs. Throws Error for a negative one.
std::size_t worker_count(int jobs);

/// Runs until the plan is done; `records` starts with the store's and ends with all. The calling thread alone touches
/// the store and calls on_progress. Throws Interrupted when stopped, and whatever a trial threw first; in both cases
/// the results that were finished by then are recorded.
void run_plan(const RunSettings& settings, std::int64_t classes, const RunOptions& options, const TrialRunner& runner,
              Store& store, Records& records);

}  // namespace fanin::compare
