// What --profile prints and writes: where the time of a training step went.
#pragma once
#include <string>

#include "fanin/train/trial.h"

namespace fanin::cli {

/// A row a primitive or kernel, with its time, arithmetic, traffic, and shares of the core's peak and memory bandwidth,
/// which are measured here (a second at most).
std::string step_profile_text(const train::TrialTiming& timing, std::int64_t batch);

/// The last step as a document for chrome://tracing or Perfetto ("trace event format").
std::string step_trace_json(const train::TrialTiming& timing);

}  // namespace fanin::cli
