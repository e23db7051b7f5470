// The texts that are embedded at build time (CMakeLists.txt here): every page carries them.
#pragma once
#include <string_view>

namespace fanin::report::assets {

extern const std::string_view vega_script;  // JavaScript that defines `vega` in its scope
extern const std::string_view page_script;  // JavaScript that draws the page's charts with `vega`
extern const std::string_view page_style;   // CSS
extern const std::string_view notice;       // licence notices of what a page carries

}  // namespace fanin::report::assets
