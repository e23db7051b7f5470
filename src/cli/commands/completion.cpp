// `fanin completion SHELL`: the script that completes commands, options and names.
#include "cli/completion.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/commands/commands.h"

namespace fanin::cli {

int run_completion(const Arguments& arguments) {
  fmt::print("{}", completion_script(arguments.positionals()[0]));
  return 0;
}

}  // namespace fanin::cli
