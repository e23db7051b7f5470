// Schemes without randomness or structure: every weight the same number.
#include <limits>

#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

constexpr double no_target = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::optional<Planned> zeros(const WeightContext&, const Options&) {
  return Planned{constant_law(0), 1, no_target};
}

std::optional<Planned> constant(const WeightContext&, const Options& options) {
  return Planned{constant_law(options.number("value")), 1, no_target};
}

}  // namespace fanin::init::schemes
