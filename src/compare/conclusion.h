// The results in plain sentences, the same for terminal and report.
#pragma once
#include <string>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::compare {

/// Who wins, by how much, who cannot be told apart, who does not train and why. Reads everything but conclusion and
/// notes.
std::vector<std::string> write_conclusion(const Results& results);

/// What a careful reader wants to know besides: how rates were chosen, edges of the grid, what the intervals are.
std::vector<std::string> write_notes(const Results& results);

/// Why a scheme does not train, from its depth profiles at the start: "the signal falls below a thousandth of the first
/// layer's at layer 7 of 21 (conv7)"; "" when the profiles show nothing.
std::string explain_failure(const SchemeResult& scheme);

}  // namespace fanin::compare
