// From records to results: everything that a view shows is computed here, from the store's content alone.
#pragma once
#include "compare/plan.h"
#include "compare/settings.h"

namespace fanin::compare {

/// Works on unfinished runs too: what is not known yet is NaN or empty, and the conclusion says so.
Results assemble_results(const RunSettings& settings, const RunFacts& facts, const Records& records);

/// Whether a final trial neither diverged nor stalled.
inline bool trained(const train::TrialResult& trial) {
  return !trial.diverged_at && !trial.stalled;
}

}  // namespace fanin::compare
