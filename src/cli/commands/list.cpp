// `fanin list KIND`: the rows of a registry as a table or as JSON.
#include <fmt/format.h>

#include <algorithm>
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

/// Text in a cell of a Markdown table; as code where asked.
std::string cell(const std::string& text, bool code) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || (!code && (c == '*' || c == '_' || c == '<' || c == '`'))) escaped += '\\';
    escaped += c;
  }
  return code && !text.empty() ? fmt::format("`{}`", escaped) : escaped;
}

std::string markdown_options(const Entry& entry) {
  std::string text;
  for (const OptionInfo& option : entry.options) {
    const std::string pair = fmt::format("{}={}", option.key, option.default_value);
    text += fmt::format("{}{}", text.empty() ? "" : "<br>", cell(pair, true));
  }
  return text;
}

/// What to say about when a row is to be used is left to `fanin explain`: a table has no room for it.
std::string markdown(const Registry& registry) {
  const std::vector<Entry> entries = registry.entries();
  std::vector<std::string> labels;
  bool has_options = false;
  for (const Entry& entry : entries) {
    has_options = has_options || !entry.options.empty();
    for (const auto& [label, text] : entry.facts)
      if (label != "Use it" && label != "Do not" && std::ranges::find(labels, label) == labels.end())
        labels.push_back(label);
  }
  std::string text = "| Name | What it does |", line = "| --- | --- |";
  for (const std::string& label : labels) text += fmt::format(" {} |", label), line += " --- |";
  if (has_options) text += " Options |", line += " --- |";
  text += fmt::format("\n{}\n", line);
  for (const Entry& entry : entries) {
    std::string name = cell(entry.name, true);
    for (const std::string& alias : entry.aliases) name += fmt::format("<br>also {}", cell(alias, true));
    text += fmt::format("| {} | {} |", name, cell(entry.summary, false));
    for (const std::string& label : labels) {
      const auto fact = std::ranges::find(entry.facts, label, &std::pair<std::string, std::string>::first);
      const bool code = label == "Formula" || label == "Test";
      text += fmt::format(" {} |", fact == entry.facts.end() ? "" : cell(fact->second, code));
    }
    if (has_options) text += fmt::format(" {} |", markdown_options(entry));
    text += '\n';
  }
  return text;
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
  if (arguments.given("--json") && arguments.given("--markdown"))
    throw UsageError("--json and --markdown are two forms of the same list; expected one of them");
  if (arguments.given("--markdown")) {
    if (arguments.positionals().empty()) throw UsageError("--markdown needs a kind, as in 'fanin list schemes'");
    fmt::print("{}", markdown(find_registry(arguments.positionals()[0])));
    return 0;
  }
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
  const int width = is_live_terminal(1) ? output_width() : 0;  // in a pipe a line each, for grep
  bool has_options = false;
  for (const Entry& entry : entries) has_options = has_options || !entry.options.empty();
  if (width > 0 && width < 110) has_options = false;  // 'explain' has them
  std::vector<std::vector<std::string>> rows;
  if (has_options) {
    rows.push_back({"NAME", "OPTIONS", "SUMMARY"});
    for (const Entry& entry : entries) rows.push_back({entry.name, option_keys(entry), entry.summary});
  } else {
    rows.push_back({"NAME", "SUMMARY"});
    for (const Entry& entry : entries) rows.push_back({entry.name, entry.summary});
  }
  fmt::print("{}", table(rows, width));
  return 0;
}

}  // namespace fanin::cli
