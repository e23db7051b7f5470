// Random schemes whose scale the user gives: the same for every layer, whatever its fans.
#include <fmt/format.h>

#include "fanin/base/error.h"
#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

void require_ordered(const Options& options, std::string_view scheme) {
  if (options.number("low") >= options.number("high"))
    throw Error(fmt::format("scheme '{}' needs low < high; given low={} and high={}", scheme, options.text("low"),
                            options.text("high")));
}

}  // namespace

std::optional<Planned> normal(const WeightContext&, const Options& options) {
  return Planned{normal_law(options.number("mean"), options.number("std"))};
}

std::optional<Planned> uniform(const WeightContext&, const Options& options) {
  require_ordered(options, "uniform");
  return Planned{uniform_law(options.number("low"), options.number("high"))};
}

std::optional<Planned> truncated_normal(const WeightContext&, const Options& options) {
  require_ordered(options, "truncated_normal");
  const double mean = options.number("mean"), std = options.number("std");
  const double low = options.number("low"), high = options.number("high");
  constexpr double reach = 10;  // the mass beyond is below 1e-22
  const auto refuse = [&](std::string_view where) {
    return Error(fmt::format(
        "scheme 'truncated_normal' needs bounds within {} standard deviations of the mean{}; given "
        "low={}, high={}, mean={}, std={}",
        reach, where, options.text("low"), options.text("high"), options.text("mean"), options.text("std")));
  };
  if (options.text("bounds") == "absolute") {
    const bool reached =
        std > 0 ? (low - mean) / std < reach && (high - mean) / std > -reach : low <= mean && mean <= high;
    if (!reached) throw refuse(" on one side at least");
    return Planned{truncated_law(mean, std, low, high)};
  }
  if (low < -reach || high > reach) throw refuse("");
  return Planned{truncated_law(mean, std, mean + std * low, mean + std * high)};
}

}  // namespace fanin::init::schemes
