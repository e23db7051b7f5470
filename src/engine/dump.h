// A schedule as text: what `fanin show MODEL --program` prints and a golden test compares.
#pragma once
#include <string>

#include "engine/schedule.h"

namespace fanin::engine {

/// One line a step: its number, nodes, what it does, what it reads and writes with lifetimes. Sizes are logical, and
/// changes of layout are left out, so that the text is the same on every processor and version of oneDNN; `verbose`
/// shows all steps with their implementations and real sizes instead.
std::string dump_schedule(const Schedule& schedule, bool verbose);

}  // namespace fanin::engine
