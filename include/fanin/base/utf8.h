// UTF-8, checked by hand: overlong forms, surrogates and code points beyond U+10FFFF are not text.
#pragma once
#include <cstddef>
#include <string_view>

namespace fanin {

/// Length of the well-formed UTF-8 sequence at the start of `text`; 0 where there is none (Unicode, table 3-7).
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace fanin
