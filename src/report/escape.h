// User text in a page: as HTML text or attribute, and as JSON inside a <script type="application/json">.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fanin::report {

/// Text for HTML content and quoted attributes: & < > " ' escaped, bytes that are not UTF-8 and control characters (but
/// tab and newline) replaced by U+FFFD.
std::string escape_html(std::string_view text);

/// The same with places to break a line after the colons, commas and underscores of a name.
std::string breakable_html(std::string_view text);

/// JSON that no HTML parser can mistake for markup: ASCII only, with < > & written as \u003c \u003e \u0026 (a "<!--"
/// before a "<script" would otherwise hide the rest of the page). NaN and infinities become null.
std::string script_json(const nlohmann::json& value);

}  // namespace fanin::report
