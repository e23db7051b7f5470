// Help texts: usage and examples first, then the table's rows.
#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.h"

namespace fanin::cli {

std::string program_help(int width) {
  std::string text =
      "Fanin tells you with which initial weights your convolutional network should start, and why.\n"
      "\n"
      "Usage: fanin COMMAND [OPTIONS]\n"
      "\n"
      "Examples:\n"
      "  fanin compare --model lenet5 --data fashion-mnist --init he_normal,xavier_uniform,orthogonal --epochs 1\n"
      "  fanin train --model resnet20 --data fashion-mnist --init he_normal --epochs 10 --out runs/first\n"
      "  fanin explain he_normal\n"
      "\n"
      "Commands:\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Command& command : command_table()) rows.emplace_back(command.name, command.summary);
  text += definition_list(rows, width);
  text +=
      "\n"
      "Options:\n";
  text += definition_list(
      {{"-h, --help", "Show this help, or a command's after its name."}, {"-V, --version", "Show the version."}},
      width);
  text += "\nRun 'fanin COMMAND --help' for the options of a command.\n";
  return text;
}

namespace {

std::string option_label(const OptionRow& row) {
  std::string label;
  for (const char c : row.names) {
    label += c;
    if (c == ',') label += ' ';
  }
  if (!row.value.empty()) label += fmt::format(" {}", row.value);
  return label;
}

std::string option_text(const OptionRow& row) {
  return row.default_text.empty() ? std::string(row.summary)
                                  : fmt::format("{} [default: {}]", row.summary, row.default_text);
}

}  // namespace

std::string command_help(const Command& command, int width) {
  std::string usage = fmt::format("fanin {}", command.name);
  if (!command.arguments.empty()) {
    usage += command.least == 0 ? fmt::format(" [{}]", command.arguments) : fmt::format(" {}", command.arguments);
  }
  std::string text = fmt::format("{}\n\nUsage: {} [OPTIONS]\n", command.summary, usage);
  if (!command.details.empty()) text += fmt::format("\n{}", wrap(command.details, 0, width));
  if (!command.examples.empty()) text += "\nExamples:\n";
  for (const std::string_view example : command.examples) text += fmt::format("  {}\n", example);
  std::vector<std::string_view> groups;  // in order of first appearance
  for (const OptionRow& row : command.options) {
    if (std::find(groups.begin(), groups.end(), row.group) == groups.end()) groups.push_back(row.group);
  }
  for (const std::string_view group : groups) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const OptionRow& row : command.options) {
      if (row.group == group) rows.emplace_back(option_label(row), option_text(row));
    }
    text += fmt::format("\n{}:\n", group) + definition_list(rows, width);
  }
  return text;
}

}  // namespace fanin::cli
