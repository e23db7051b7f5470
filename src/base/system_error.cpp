// Sorting of errno values into Error and Failure.
#include "base/system_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "fanin/base/error.h"

namespace fanin {

bool is_environment_error(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // a limit on the size of files (ulimit -f): a small disk to the program
    case EIO:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return true;
    default:
      return false;
  }
}

void throw_system_error(int error, std::string_view what) {
  const std::string text = fmt::format("{}: {}", what, std::strerror(error));
  if (is_environment_error(error)) throw Failure(text);
  throw Error(text);
}

}  // namespace fanin
