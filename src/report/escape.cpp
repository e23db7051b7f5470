// Escaping: what is no UTF-8 becomes U+FFFD.
#include "report/escape.h"

#include "fanin/base/utf8.h"

namespace fanin::report {

std::string escape_html(std::string_view text) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0 || (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) && c != '\n' && c != '\t'))
      escaped += replacement;
    else if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '"')
      escaped += "&quot;";
    else if (c == '\'')
      escaped += "&#39;";
    else
      escaped += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return escaped;
}

std::string breakable_html(std::string_view text) {
  std::string html;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(":,_"), text.size() - 1) + 1;
    html += escape_html(text.substr(0, end));
    text.remove_prefix(end);
    if (!text.empty()) html += "<wbr>";
  }
  return html;
}

std::string script_json(const nlohmann::json& value) {
  const std::string plain = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  std::string escaped;
  escaped.reserve(plain.size());
  for (const char c : plain) {  // these three stand only inside strings
    if (c == '<')
      escaped += "\\u003c";
    else if (c == '>')
      escaped += "\\u003e";
    else if (c == '&')
      escaped += "\\u0026";
    else
      escaped += c;
  }
  return escaped;
}

}  // namespace fanin::report
