// Completion for the shells, made from the command table and the registries.
#pragma once
#include <string>
#include <string_view>

namespace fanin::cli {

/// The script that `fanin completion SHELL` prints. Throws UsageError on a shell that is not bash, zsh or fish.
std::string completion_script(std::string_view shell);

}  // namespace fanin::cli
