// Random schemes whose scale the user gives: the same for every layer, whatever its fans.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/schemes/schemes.h"
#include "init/truncation.h"

namespace fanin::init::schemes {
namespace {

random::Stream stream_of(const WeightContext& context) {
  return random::make_stream(context.seed, context.name, random::Purpose::initialize);
}

void require_ordered(const Options& options, std::string_view scheme) {
  if (options.number("low") >= options.number("high"))
    throw Error(fmt::format("scheme '{}' needs low < high; given low={} and high={}", scheme, options.text("low"),
                            options.text("high")));
}

}  // namespace

Applied normal(const WeightContext& context, const Options& options, std::span<float> out) {
  const double std = options.number("std");
  random::fill_normal(out, stream_of(context), static_cast<float>(options.number("mean")), static_cast<float>(std));
  return {std};
}

Applied uniform(const WeightContext& context, const Options& options, std::span<float> out) {
  require_ordered(options, "uniform");
  const double low = options.number("low"), high = options.number("high");
  random::fill_uniform(out, stream_of(context), static_cast<float>(low), static_cast<float>(high));
  return {(high - low) / std::sqrt(12.0)};
}

Applied truncated_normal(const WeightContext& context, const Options& options, std::span<float> out) {
  require_ordered(options, "truncated_normal");
  const double mean = options.number("mean"), std = options.number("std");
  double a = options.number("low"), b = options.number("high");
  const bool absolute = options.text("bounds") == "absolute";
  constexpr double reach = 10;  // the mass beyond is below 1e-22
  if (absolute && std > 0) {
    a = std::max(-reach, (a - mean) / std);
    b = std::min(reach, (b - mean) / std);
  }
  if (absolute ? (std > 0 ? a >= b : mean < a || mean > b) : a < -reach || b > reach)
    throw Error(
        fmt::format("scheme 'truncated_normal' needs bounds within {} standard deviations of the mean{}; given "
                    "low={}, high={}, mean={}, std={}",
                    reach, absolute ? " on one side at least" : "", options.text("low"), options.text("high"),
                    options.text("mean"), options.text("std")));
  const auto low = static_cast<float>(mean + std * a), high = static_cast<float>(mean + std * b);
  if (low >= high) {  // std is 0, or so far below the mean's last digit that the interval is one number
    std::ranges::fill(out, static_cast<float>(mean));
    return {0.0};
  }
  random::fill_truncated_normal(out, stream_of(context), static_cast<float>(mean), static_cast<float>(std), low, high);
  return {std * truncated_std(a, b)};
}

}  // namespace fanin::init::schemes
