// Parsing `name:key=value,key=value` and checking options against their rows.
#include "fanin/base/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"

namespace fanin {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void add_option(Spec& spec, std::string_view item, std::string_view whole) {
  const std::size_t equals = item.find('=');
  const std::string_view key = trim(item.substr(0, equals));
  if (equals == std::string_view::npos || key.empty()) {
    throw Error(fmt::format("'{}' in '{}' is not an option; expected key=value", item, whole));
  }
  for (const auto& [known, value] : spec.options) {
    if (known == key) throw Error(fmt::format("option '{}' is given twice in '{}'", key, whole));
  }
  spec.options.emplace_back(key, trim(item.substr(equals + 1)));
}

/// "he_normal" or "he_normal:mode=fan_out": the start of a spec.
Spec start_spec(std::string_view item, std::string_view whole) {
  const std::size_t colon = item.find(':');
  Spec spec{std::string(trim(item.substr(0, colon))), {}};
  if (spec.name.empty() || spec.name.find('=') != std::string::npos) {
    throw Error(fmt::format("'{}' has no name where one was expected (name:key=value,key=value)", whole));
  }
  if (colon != std::string_view::npos) add_option(spec, trim(item.substr(colon + 1)), whole);
  return spec;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool continues_options(std::string_view item) {
  const std::size_t equals = item.find('=');
  return equals != std::string_view::npos && item.substr(0, equals).find(':') == std::string_view::npos;
}

std::string range_text(const OptionInfo& info) {
  const bool lower = info.minimum > -std::numeric_limits<double>::max();
  const bool upper = info.maximum < std::numeric_limits<double>::max();
  const std::string_view kind = info.kind == OptionKind::integer ? "an integer" : "a number";
  if (lower && upper) return fmt::format("{} from {} to {}", kind, info.minimum, info.maximum);
  if (lower) return fmt::format("{} of at least {}", kind, info.minimum);
  if (upper) return fmt::format("{} of at most {}", kind, info.maximum);
  return std::string(kind);
}

}  // namespace

std::string Spec::text() const {
  std::string text = name;
  char separator = ':';
  for (const auto& [key, value] : options) {
    text += fmt::format("{}{}={}", separator, key, value);
    separator = ',';
  }
  return text;
}

std::vector<Spec> parse_spec_list(std::string_view text) {
  std::vector<Spec> specs;
  for (std::string_view part : split(text, ',')) {
    const std::string_view item = trim(part);
    if (item.empty()) throw Error(fmt::format("'{}' has an empty entry", text));
    if (continues_options(item)) {
      if (specs.empty()) throw Error(fmt::format("'{}' starts with an option; expected name:key=value", text));
      add_option(specs.back(), item, text);
    } else {
      specs.push_back(start_spec(item, text));
    }
  }
  return specs;
}

Spec parse_spec(std::string_view text) {
  std::vector<Spec> specs = parse_spec_list(text);
  if (specs.size() != 1) throw Error(fmt::format("'{}' names {} entries; expected one", text, specs.size()));
  return std::move(specs.front());
}

double parse_number(std::string_view text, std::string_view what) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    throw Error(fmt::format("{} is '{}'; expected a finite number", what, text));
  }
  return value;
}

std::int64_t parse_integer(std::string_view text, std::string_view what) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(fmt::format("{} is '{}'; expected an integer", what, text));
  }
  return value;
}

std::uint64_t parse_unsigned(std::string_view text, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(fmt::format("{} is '{}'; expected an integer from 0 to 18446744073709551615", what, text));
  }
  return value;
}

Options::Options(const Spec& spec, std::span<const OptionInfo> known, std::string_view what) {
  for (const auto& [key, value] : spec.options) {
    if (std::ranges::find(known, key, &OptionInfo::key) != known.end()) continue;
    if (known.empty()) throw Error(fmt::format("{} has no options, but '{}' was given", what, key));
    std::vector<std::string> names;
    for (const OptionInfo& info : known) names.emplace_back(info.key);
    throw Error(unknown_name_message(fmt::format("option of {}:", what), key, names));
  }
  for (const OptionInfo& info : known) {
    Value entry{info.key, std::string(info.default_value), 0.0, false};
    for (const auto& [key, value] : spec.options) {
      if (key != info.key) continue;
      entry.text = value;
      entry.given = true;
    }
    const std::string place = fmt::format("option '{}' of {}", info.key, what);
    if (entry.text.empty() && !entry.given) {
      values_.push_back(std::move(entry));
      continue;
    }
    switch (info.kind) {
      case OptionKind::number:
      case OptionKind::integer: {
        entry.number = info.kind == OptionKind::integer ? static_cast<double>(parse_integer(entry.text, place))
                                                        : parse_number(entry.text, place);
        if (entry.number < info.minimum || entry.number > info.maximum) {
          throw Error(fmt::format("{} is {}; expected {}", place, entry.text, range_text(info)));
        }
        break;
      }
      case OptionKind::choice: {
        const std::vector<std::string_view> allowed = split(info.choices, '|');
        if (std::ranges::find(allowed, entry.text) == allowed.end()) {
          throw Error(fmt::format("{} is '{}'; expected one of {}", place, entry.text, info.choices));
        }
        break;
      }
      case OptionKind::flag: {
        const std::string& text = entry.text;
        const bool on = text == "true" || text == "1" || text == "yes";
        if (!on && text != "false" && text != "0" && text != "no") {
          throw Error(fmt::format("{} is '{}'; expected true or false", place, text));
        }
        entry.number = on ? 1 : 0;
        break;
      }
      case OptionKind::text:
        break;
    }
    values_.push_back(std::move(entry));
  }
}

const Options::Value& Options::find(std::string_view key) const {
  for (const Value& value : values_) {
    if (value.key == key) return value;
  }
  throw std::logic_error(fmt::format("option '{}' has no row", key));
}

bool Options::given(std::string_view key) const {
  return find(key).given;
}
double Options::number(std::string_view key) const {
  return find(key).number;
}
std::int64_t Options::integer(std::string_view key) const {
  return static_cast<std::int64_t>(find(key).number);
}
bool Options::flag(std::string_view key) const {
  return find(key).number != 0;
}
const std::string& Options::text(std::string_view key) const {
  return find(key).text;
}

}  // namespace fanin
