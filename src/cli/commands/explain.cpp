// `fanin explain NAME`: all that the registries know about a name.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/commands/commands.h"
#include "cli/help.h"
#include "cli/registry.h"
#include "cli/text.h"
#include "fanin/base/nearest.h"
#include "fanin/init/aliases.h"

namespace fanin::cli {

namespace {

std::string explain(const Entry& entry, int width) {
  std::string text = fmt::format("{} ({}", entry.name, entry.kind);
  for (std::size_t i = 0; i < entry.aliases.size(); ++i) {
    text += fmt::format("{}{}", i == 0 ? "; also " : ", ", entry.aliases[i]);
  }
  text += fmt::format(")\n{}", wrap(entry.summary, 2, width));
  if (!entry.facts.empty()) text += fmt::format("\n{}", definition_list(entry.facts, width));
  if (!entry.options.empty()) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const OptionInfo& option : entry.options) {
      rows.emplace_back(fmt::format("{}={}", option.key, option.default_value),
                        fmt::format("{} ({})", option.summary, option_range(option)));
    }
    text += fmt::format("\nOptions, with their defaults:\n{}", definition_list(rows, width));
  }
  if (!entry.example.empty()) {
    const bool needs_option = !entry.options.empty() && entry.options[0].key == "file";
    if (needs_option) {
      text += fmt::format("\nOn the command line: {}:file=PATH", entry.example);
    } else {
      text += fmt::format("\nOn the command line: {}", entry.example);
    }
    if (!entry.options.empty() && !needs_option) {
      const OptionInfo& option = entry.options[0];
      const std::string_view value = option.default_value.empty() ? "..." : option.default_value;
      text += fmt::format(" or {}:{}={}", entry.example, option.key, value);
    }
    text += "\n";
  }
  return text;
}

/// Whose name it is and what it stands for.
std::string explain(const init::AliasInfo& alias, int width) {
  if (alias.meaning.empty()) {
    return fmt::format("{} (alias; refused, since it can mean several things)\n{}", alias.name,
                       wrap(alias.source, 2, width));
  }
  const std::pair<std::string, std::string> means{"Stands for", alias.meaning}, whose{"Whose name", alias.source};
  return fmt::format("{} (alias of a scheme)\n{}", alias.name, definition_list({means, whose}, width));
}

bool has_name(const Entry& entry, const std::string& name) {
  return entry.name == name || std::find(entry.aliases.begin(), entry.aliases.end(), name) != entry.aliases.end();
}

}  // namespace

int run_explain(const Arguments& arguments) {
  const std::string name = parse_spec(arguments.positionals()[0]).name;  // "normal:std=0.1" is explained as "normal"
  const int width = output_width();
  std::string text;
  std::vector<std::string> names;
  std::string scheme;  // that the name stands for
  if (const init::AliasInfo* alias = init::find_alias(name)) {
    text = explain(*alias, width);
    if (!alias->meaning.empty()) scheme = parse_spec(alias->meaning).name;
  }
  for (const Entry& entry : all_entries()) {
    names.push_back(entry.name);
    names.insert(names.end(), entry.aliases.begin(), entry.aliases.end());
    if (entry.kind == "alias") continue;
    if (!has_name(entry, name) && !(entry.kind == "scheme" && entry.name == scheme)) continue;
    if (!text.empty()) text += "\n";  // "constant" is a scheme and a schedule: both are told
    text += explain(entry, width);
    if (entry.kind != "command") continue;
    for (const Command& command : command_table()) {
      if (command.name == entry.name) text += fmt::format("\n{}", command_help(command, width));
    }
  }
  if (text.empty()) {
    const std::string near = nearest_name(name, names);
    throw UsageError(
        near.empty()
            ? fmt::format("nothing is called '{}'; 'fanin list' shows what there is", name)
            : fmt::format("nothing is called '{}'; did you mean '{}'? 'fanin list' shows what there is", name, near));
  }
  fmt::print("{}", text);
  return 0;
}

}  // namespace fanin::cli
