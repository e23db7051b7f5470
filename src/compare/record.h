// A trial's result as text for the store: every double comes back bit for bit, NaN and infinities included.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fanin/train/trial.h"

namespace fanin::compare {

/// JSON text without the training time (`seconds` is a clock value and is kept elsewhere).
std::string write_record(const train::TrialResult& result);

/// The result again, with seconds = 0. Throws nlohmann::json::exception on text that write_record did not make.
train::TrialResult read_record(std::string_view text);

}  // namespace fanin::compare
