// JSON as text: deterministic bytes, lists of plain values on one line, numbers that read back to the same double.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace fanin::compare {

/// Two spaces an indent; NaN and infinities become null; bytes that are not UTF-8 become U+FFFD.
std::string to_text(const nlohmann::ordered_json& json);

}  // namespace fanin::compare
