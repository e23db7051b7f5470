// `fanin list KIND`: the rows of a registry as a table or as JSON.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.h"
#include "cli/registry.h"
#include "cli/text.h"
#include "fanin/base/nearest.h"

namespace fanin::cli {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const OptionInfo& option) {
  return {{"key", option.key},
          {"default", option.default_value},
          {"takes", option_range(option)},
          {"summary", option.summary}};
}

Json to_json(const Entry& entry) {
  Json json = {{"name", entry.name}, {"summary", entry.summary}};
  if (!entry.aliases.empty()) json["aliases"] = entry.aliases;
  for (const auto& [label, text] : entry.facts) json["facts"][label] = text;
  for (const OptionInfo& option : entry.options) json["options"].push_back(to_json(option));
  return json;
}

std::string option_keys(const Entry& entry) {
  std::string keys;
  for (const OptionInfo& option : entry.options) keys += fmt::format("{}{}", keys.empty() ? "" : ",", option.key);
  return keys;
}

const Registry& find_registry(const std::string& plural) {
  std::vector<std::string> names;
  for (const Registry& registry : registries()) {
    if (registry.plural == plural) return registry;
    names.emplace_back(registry.plural);
  }
  throw UsageError(unknown_name_message("kind", plural, names));
}

}  // namespace

int run_list(const Arguments& arguments) {
  if (arguments.positionals().empty()) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const Registry& registry : registries()) rows.emplace_back(registry.plural, registry.summary);
    if (arguments.given("--json")) {
      Json names = Json::array();
      for (const auto& [name, summary] : rows) names.push_back({{"name", name}, {"summary", summary}});
      fmt::print("{}\n", names.dump(2));
    } else {
      fmt::print("What can be listed with 'fanin list KIND':\n{}", definition_list(rows, output_width()));
    }
    return 0;
  }
  const std::vector<Entry> entries = find_registry(arguments.positionals()[0]).entries();
  if (arguments.given("--json")) {
    Json json = Json::array();
    for (const Entry& entry : entries) json.push_back(to_json(entry));
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  bool has_options = false;
  for (const Entry& entry : entries) has_options = has_options || !entry.options.empty();
  std::vector<std::vector<std::string>> rows;
  if (has_options) {
    rows.push_back({"NAME", "OPTIONS", "SUMMARY"});
    for (const Entry& entry : entries) rows.push_back({entry.name, option_keys(entry), entry.summary});
  } else {
    rows.push_back({"NAME", "SUMMARY"});
    for (const Entry& entry : entries) rows.push_back({entry.name, entry.summary});
  }
  fmt::print("{}", table(rows, is_live_terminal(1) ? output_width() : 0));  // in a pipe a line each, for grep
  return 0;
}

}  // namespace fanin::cli
