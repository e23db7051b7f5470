// How the readers of this folder refuse a file: "<file>: <what is wrong>, at byte <offset>".
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "fanin/base/error.h"

namespace fanin::formats {

[[noreturn]] inline void refuse(std::string_view file, std::string_view what) {
  throw Error(fmt::format("{}: {}", file, what));
}

[[noreturn]] inline void refuse_at(std::string_view file, std::uint64_t offset, std::string_view what) {
  throw Error(fmt::format("{}: {}, at byte {}", file, what, offset));
}

}  // namespace fanin::formats
