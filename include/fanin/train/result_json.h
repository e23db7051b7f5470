// Trial results as JSON text, for stores: doubles come back bit for bit, NaN and infinities included.
#pragma once
#include <string>
#include <string_view>

#include "fanin/train/trial.h"

namespace fanin::train {

/// One line of JSON. Finite doubles in shortest round-trip form; NaN and infinities as the strings "nan", "inf",
/// "-inf".
std::string to_json_text(const TrialResult& result);
/// The inverse. Throws Error on text of another form.
TrialResult result_from_json_text(std::string_view text);

}  // namespace fanin::train
