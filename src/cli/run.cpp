// Dispatch by the command table, and the one place where errors become messages and exit codes.
#include "cli/run.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <new>

#include "base/system_error.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/text.h"
#include "fanin/base/nearest.h"
#include "fanin/base/version.h"
#include "fanin/random/simd_limit.h"

namespace fanin::cli {

namespace {

constexpr const char* output_failed = "standard output cannot be written";
constexpr int done = 0, failed = 1, mistaken = 2, interrupted = 130;

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : command_table()) {
    if (command.name == name) return command;
    names.emplace_back(command.name);
  }
  if (name.starts_with('-')) throw UsageError(fmt::format("unknown option '{}'; expected a command first", name));
  throw UsageError(unknown_name_message("command", name, names));
}

int dispatch(const std::vector<std::string>& words, std::string& command_name) {
  if (words.empty()) throw UsageError("no command is given");
  if (words[0] == "-h" || words[0] == "--help") {
    fmt::print("{}", program_help(output_width()));
    return done;
  }
  if (words[0] == "-V" || words[0] == "--version") {
    fmt::print("fanin {}\n", version());
    return done;
  }
  const Command& command = find_command(words[0]);
  command_name = command.name;
  random::simd_limit();  // what is misspelt must not pass for a limit
  const Arguments arguments = parse_arguments(command, {words.begin() + 1, words.end()});
  if (arguments.given("--help")) {
    fmt::print("{}", command_help(command, output_width()));
    return done;
  }
  return command.run(arguments);
}

/// The names of files and of what is in them come from outside: no control character of theirs reaches the terminal.
std::string shown(std::string_view message) {
  std::string text;
  for (const char c : message) {
    const auto code = static_cast<unsigned char>(c);
    if (c != '\n' && (code < 0x20 || code == 0x7f)) {
      text += fmt::format("\\x{:02x}", code);
    } else {
      text += c;
    }
  }
  return text;
}

/// Results that did not reach their file (a full disk behind a redirection) must not look like success.
void flush_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw Failure(output_failed);
}

}  // namespace

int run(int argc, char** argv) {
  std::string command_name;
  try {
    const int code = dispatch({argv + 1, argv + argc}, command_name);
    flush_output();
    return code;
  } catch (const UsageError& error) {
    fmt::print(stderr, "fanin: {}\n", shown(error.what()));
    if (command_name.empty()) {
      fmt::print(stderr, "Run 'fanin --help' for the commands.\n");
    } else {
      fmt::print(stderr, "Run 'fanin {} --help' for its options.\n", command_name);
    }
    return mistaken;
  } catch (const Error& error) {
    fmt::print(stderr, "fanin: {}\n", shown(error.what()));
    return mistaken;
  } catch (const Interrupted&) {
    return interrupted;  // the command has said how to go on
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "fanin: out of memory; a smaller model, data set, batch or shard needs less\n");
    return failed;
  } catch (const std::filesystem::filesystem_error& error) {
    fmt::print(stderr, "fanin: '{}': {}\n", shown(error.path1().string()), error.code().message());
    return is_environment_error(error.code().value()) ? failed : mistaken;
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0) {  // long results meet the full disk before the last flush
      fmt::print(stderr, "fanin: {}\n", output_failed);
      return failed;
    }
    fmt::print(stderr, "fanin: {}\n", shown(error.what()));
    return failed;
  }
}

}  // namespace fanin::cli
