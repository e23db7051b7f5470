// Comma-separated files (RFC 4180, but with plain line feeds).
#pragma once
#include <string>
#include <vector>

#include "compare/store.h"

namespace fanin::compare {

/// Quoted where it holds a comma, a quote or a line break.
std::string csv_field(const std::string& text);

/// DIR/timings.csv: one row a record, in the order of the plan. The only output that holds clock values.
std::string timings_csv(const RunSettings& settings, const Records& records, const std::vector<Timing>& timings,
                        const PlanState& state);

}  // namespace fanin::compare
