// Words of the command line -> Arguments, through CLI11 over the command's rows.
//
// CLI11 is told to let unknown words pass, and they are judged here: left to itself it reports a misspelled option as a
// missing one ("--modle x": "--model is required").
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "fanin/base/nearest.h"

namespace fanin::cli {

namespace {

bool is_option_word(const std::string& word) {
  return word.size() > 1 && word[0] == '-';
}

std::vector<std::string> long_names(const Command& command) {
  std::vector<std::string> names;
  for (const OptionRow& row : command.options) {
    for (const std::string& name : CLI::detail::split(std::string(row.names), ',')) {
      if (name.starts_with("--")) names.push_back(name);
    }
  }
  return names;
}

[[noreturn]] void throw_unknown_option(const Command& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  const std::string near = nearest_name(name, long_names(command));
  throw UsageError(near.empty() ? fmt::format("'{}' has no option '{}'", command.name, name)
                                : fmt::format("'{}' has no option '{}'; did you mean '{}'?", command.name, name, near));
}

ColorChoice parse_color(const std::string& text) {
  if (text == "always") return ColorChoice::always;
  if (text == "never") return ColorChoice::never;
  if (text == "auto") return ColorChoice::automatic;
  throw UsageError(fmt::format("--color: '{}' is none of always, never, auto", text));
}

void check_count(const Command& command, const std::vector<std::string>& positionals) {
  if (positionals.size() < command.least) {
    throw UsageError(fmt::format("'{}' needs {}", command.name, command.arguments));
  }
  if (positionals.size() > command.most) {
    throw UsageError(fmt::format("'{}' does not take '{}'; it takes {}", command.name, positionals[command.most],
                                 command.most == 0 ? "options only" : std::string(command.arguments)));
  }
}

}  // namespace

std::string_view main_name(const OptionRow& row) {
  const std::size_t start = row.names.find("--");
  return row.names.substr(start, row.names.find(',', start) - start);
}

std::string shell_word(std::string_view word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

const std::string& Arguments::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found != values_.end() ? found->second : defaults_.find(name)->second;
}

std::string Arguments::command_line(const std::vector<std::string_view>& left_out) const {
  std::string line = fmt::format("fanin {}", command_->name);
  for (const std::string& word : positionals_) line += " " + shell_word(word);
  for (const OptionRow& row : command_->options) {
    const std::string_view name = main_name(row);
    const auto value = values_.find(name);
    if (value == values_.end() || std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
    line += fmt::format(" {}", name);
    if (!row.value.empty()) line += " " + shell_word(value->second);
  }
  return line;
}

Arguments parse_arguments(const Command& command, std::vector<std::string> words) {
  CLI::App app;
  app.allow_extras();
  app.set_help_flag();  // `--help` is a row like any other
  std::vector<CLI::Option*> options;
  for (const OptionRow& row : command.options) {
    if (row.value.empty()) {
      options.push_back(app.add_flag(std::string(row.names)));
    } else {
      options.push_back(app.add_option(std::string(row.names))->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
    }
  }
  // "--shape=" is an empty value: CLI11 would take the next word for it.
  for (auto word = words.begin(); word != words.end() && *word != "--"; ++word) {
    if (!word->starts_with("--") || !word->ends_with('=')) continue;
    const CLI::Option* option = app.get_option_no_throw(word->substr(0, word->size() - 1));
    if (option == nullptr || option->get_expected_max() == 0) continue;
    word->pop_back();
    word = words.insert(word + 1, "");
  }
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ArgumentMismatch&) {
    throw UsageError(fmt::format("the option '{}' needs a value", words.back()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }

  Arguments arguments;
  arguments.command_ = &command;
  for (const std::string& word : app.remaining()) {
    if (is_option_word(word) && word != "--") throw_unknown_option(command, word);
    if (word != "--") arguments.positionals_.push_back(word);
  }
  for (std::size_t i = 0; i < options.size(); ++i) {
    const OptionRow& row = command.options[i];
    const std::string name(main_name(row));
    arguments.defaults_[name] = row.default_text;
    if (options[i]->count() == 0) continue;
    if (row.value.empty() && options[i]->results().front() != "true") {  // "--resume=false" must not mean --resume
      throw UsageError(fmt::format("the option '{}' takes no value", name));
    }
    if (!row.value.empty() && options[i]->count() > 1) {
      throw UsageError(fmt::format("the option '{}' is given {} times; it takes one value", name, options[i]->count()));
    }
    arguments.values_[name] = row.value.empty() ? "true" : options[i]->results().front();
  }
  arguments.color_ = parse_color(arguments.text("--color"));
  if (!arguments.given("--help")) check_count(command, arguments.positionals_);
  return arguments;
}

}  // namespace fanin::cli
