// What a command is: a row of the command table, and the arguments that its function gets.
//
// Help, `fanin list commands` and `fanin explain COMMAND` are made from the rows, so nothing is said twice.
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/base/terminal.h"

namespace fanin::cli {

/// One option of a command.
struct OptionRow {
  std::string_view names;         // "-o,--output"; the first long name stands for the option in code and messages
  std::string_view value;         // what the value is called in help ("RATE"); "" for a switch
  std::string_view default_text;  // the value where the option is not given; "" for none
  std::string_view summary;
  std::string_view group = "Options";
};

/// The words of one call, sorted by the command's rows.
class Arguments {
 public:
  /// Whether the user wrote the option. `name` is a long name of a row of the command, as all names below.
  bool given(std::string_view name) const { return values_.find(name) != values_.end(); }
  /// The value as written, or the row's default text.
  const std::string& text(std::string_view name) const;

  const std::vector<std::string>& positionals() const { return positionals_; }
  ColorChoice color() const { return color_; }

  /// The call as a shell would take it, without the options named in `left_out`.
  std::string command_line(const std::vector<std::string_view>& left_out = {}) const;

 private:
  friend Arguments parse_arguments(const struct Command& command, std::vector<std::string> words);
  const struct Command* command_ = nullptr;
  std::map<std::string, std::string, std::less<>> values_;    // given: "true" for a switch
  std::map<std::string, std::string, std::less<>> defaults_;  // of the rows
  std::vector<std::string> positionals_;
  ColorChoice color_ = ColorChoice::automatic;
};

struct Command {
  std::string_view name;
  std::string_view arguments;  // "MODEL", "DIR..."; "" for none
  std::size_t least, most;     // how many of them
  std::string_view summary;    // one line
  std::string_view details;    // a paragraph for its help
  std::vector<std::string_view> examples;
  std::vector<OptionRow> options;
  int (*run)(const Arguments& arguments);  // the exit code
};

/// All commands, in the order of `fanin --help`.
const std::vector<Command>& command_table();

/// A mistake in the words of the command line, as against one in a file: the message is followed by a hint at the help.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Sorts `words` (after the command's name). Throws UsageError: an unknown option (with the nearest one), a missing or
/// second value, too few or too many arguments.
Arguments parse_arguments(const Command& command, std::vector<std::string> words);

/// "--init" for "--init,--scheme", "--output" for "-o,--output".
std::string_view main_name(const OptionRow& row);

/// A word as a shell takes it: quoted where it must be.
std::string shell_word(std::string_view word);

}  // namespace fanin::cli
