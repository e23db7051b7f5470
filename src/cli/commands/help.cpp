// `fanin help [COMMAND]`: the same as --help; with --man the manual page.
#include "cli/help.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/commands/commands.h"
#include "cli/manual.h"
#include "cli/text.h"
#include "fanin/base/nearest.h"

namespace fanin::cli {

int run_help(const Arguments& arguments) {
  if (arguments.given("--man")) {
    if (!arguments.positionals().empty())
      throw UsageError(
          fmt::format("--man prints the page of all commands; expected no '{}' beside it", arguments.positionals()[0]));
    fmt::print("{}", manual_page());
    return 0;
  }
  if (arguments.positionals().empty()) {
    fmt::print("{}", program_help(output_width()));
    return 0;
  }
  const std::string& name = arguments.positionals()[0];
  std::vector<std::string> names;
  for (const Command& command : command_table()) {
    names.emplace_back(command.name);
    if (command.name != name) continue;
    fmt::print("{}", command_help(command, output_width()));
    return 0;
  }
  throw UsageError(unknown_name_message("command", name, names));
}

}  // namespace fanin::cli
