// The version of Fanin, from the file VERSION.
#pragma once
#include <string_view>

namespace fanin {

std::string_view version();  // "0.1.0"

}  // namespace fanin
