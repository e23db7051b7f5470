// Help, made from the command table.
#pragma once
#include <string>

#include "cli/command.h"

namespace fanin::cli {

/// `fanin --help`: what it is, examples, the commands.
std::string program_help(int width);

/// `fanin COMMAND --help`: usage, examples, options by group.
std::string command_help(const Command& command, int width);

}  // namespace fanin::cli
