// Checks of what a program registers, and copies of its texts.
#include "base/registration.h"

#include <fmt/format.h>

#include <algorithm>

#include "fanin/base/error.h"

namespace fanin {
namespace {

bool is_spec_name(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && lower(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace

void require_spec_name(std::string_view kind, std::string_view name) {
  if (!is_spec_name(name))
    throw Error(
        fmt::format("a {} cannot be named '{}'; expected a lower-case letter, then lower-case letters, digits "
                    "or '_'",
                    kind, name));
}

OwnedOptions::OwnedOptions(std::span<const OptionInfo> rows, std::string_view what) {
  const auto own = [&](std::string_view text) -> std::string_view { return texts_.emplace_back(text); };
  for (const OptionInfo& row : rows) {
    if (!is_spec_name(row.key))
      throw Error(
          fmt::format("{} cannot have an option named '{}'; expected a lower-case letter, then lower-case "
                      "letters, digits or '_'",
                      what, row.key));
    if (std::ranges::count(rows, row.key, &OptionInfo::key) > 1)
      throw Error(fmt::format("{} has the option '{}' twice", what, row.key));
    rows_.push_back(
        {own(row.key), row.kind, own(row.default_value), row.minimum, row.maximum, own(row.choices), own(row.summary)});
  }
  const Options defaults(Spec{"defaults", {}}, rows_, what);  // throws where a default is out of its own range
}

}  // namespace fanin
