// What an errno says about whose fault it is.
#pragma once
#include <string_view>

namespace fanin {

/// Whether `error` is the machine's state and not the request: no space, quota, too many open files, a broken device.
bool is_environment_error(int error);

/// Throws "WHAT: reason of `error`", as Failure where the environment is at fault, else as Error.
[[noreturn]] void throw_system_error(int error, std::string_view what);

}  // namespace fanin
