// Counting and printing shapes.
#include "fanin/base/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "fanin/base/error.h"

namespace fanin {

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  bool zero = false;
  for (std::int64_t extent : shape) {
    if (extent < 0) throw Error(fmt::format("shape {} has the negative extent {}", to_string(shape), extent));
    if (extent == 0) {
      zero = true;
    } else if (__builtin_mul_overflow(count, extent, &count)) {
      throw Error(fmt::format("shape {} has more than 2^63 - 1 elements", to_string(shape)));
    }
  }
  return zero ? 0 : count;
}

std::string to_string(const Shape& shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

}  // namespace fanin
