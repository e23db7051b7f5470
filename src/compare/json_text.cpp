// nlohmann's own indentation puts every number of a curve on a line of its own; this one keeps a list together.
#include "compare/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fanin::compare {
namespace {

using Json = nlohmann::ordered_json;

void write(const Json& json, std::size_t indent, std::string& out) {
  const std::string margin(indent + 2, ' ');
  if (json.is_object() && !json.empty()) {
    const char* separator = "{\n";
    for (const auto& [key, value] : json.items()) {
      out.append(separator).append(margin);
      out.append(Json(key).dump(-1, ' ', false, Json::error_handler_t::replace)).append(": ");
      write(value, indent + 2, out);
      separator = ",\n";
    }
    out.append(1, '\n').append(indent, ' ').append(1, '}');
  } else if (json.is_array() && std::any_of(json.begin(), json.end(),
                                            [](const Json& item) { return !item.is_number() && !item.is_null(); })) {
    const char* separator = "[\n";
    for (const Json& item : json) {
      out.append(separator).append(margin);
      write(item, indent + 2, out);
      separator = ",\n";
    }
    out.append(1, '\n').append(indent, ' ').append(1, ']');
  } else if (json.is_array()) {
    out += "[";
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (i > 0) out += ", ";
      write(json[i], indent, out);
    }
    out += "]";
  } else if (json.is_number_float()) {
    const double value = json.get<double>();
    out += std::isfinite(value) ? fmt::format("{}", value) : "null";
  } else {
    out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

}  // namespace

std::string to_text(const Json& json) {
  std::string out;
  write(json, 0, out);
  return out + "\n";
}

}  // namespace fanin::compare
