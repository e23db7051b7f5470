// One view of all registries (schemes, streams, models, data sets, operators, activations, commands and so on), so that
// `list`, `explain` and suggestions treat them alike.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanin/base/spec.h"

namespace fanin::cli {

/// A row of any registry.
struct Entry {
  std::string_view kind;  // "scheme"
  std::string name;
  std::vector<std::string> aliases;
  std::string summary;
  std::vector<std::pair<std::string, std::string>> facts;  // "Formula" -> text; empty texts are left out
  std::span<const OptionInfo> options;
  std::string example;  // how it is used on the command line; "" where it is not
};

struct Registry {
  std::string_view plural;  // "schemes": the word after `fanin list`
  std::string_view summary;
  std::vector<Entry> (*entries)();
};

/// In the order of `fanin list`.
const std::vector<Registry>& registries();

/// "keras-default": schemes that are no preset have no '-' in their names.
inline bool is_preset(std::string_view scheme) {
  return scheme.find('-') != std::string_view::npos;
}

/// Every entry of every registry, once.
std::vector<Entry> all_entries();

/// "number of at least 0", "one of fan_in, fan_out, fan_avg": what an option takes.
std::string option_range(const OptionInfo& option);

}  // namespace fanin::cli
