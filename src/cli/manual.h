// The manual page fanin(1), made from the command table.
#pragma once
#include <string>

namespace fanin::cli {

/// troff with the man macros: `fanin help --man`.
std::string manual_page();

}  // namespace fanin::cli
