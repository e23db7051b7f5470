// Standard deviation gain / sqrt(n) with n from the true fans.
#include "init/variance_scaling.h"

#include <fmt/format.h>

#include <cmath>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/fill.h"

namespace fanin::init {

FanMode parse_fan_mode(std::string_view text) {
  if (text == "fan_in") return FanMode::in;
  return text == "fan_out" ? FanMode::out : FanMode::average;
}

double variance_scaling(const WeightContext& context, std::string_view scheme, double gain, FanMode mode,
                        Distribution distribution, std::span<float> out) {
  require_matrix(context, scheme);
  const model::Fans& fans = context.fans;
  const double n = mode == FanMode::in ? fans.in : mode == FanMode::out ? fans.out : 0.5 * (fans.in + fans.out);
  if (!(n > 0))
    throw Error(fmt::format("scheme '{}' needs positive fans; '{}' of shape {} has fan_in {} and fan_out {}", scheme,
                            context.name, to_string(context.shape), fans.in, fans.out));
  const double std = gain / std::sqrt(n);
  const random::Stream stream = random::make_stream(context.seed, context.name, random::Purpose::initialize);
  if (distribution == Distribution::normal) {
    random::fill_normal(out, stream, 0.0f, static_cast<float>(std));
  } else {
    const auto bound = static_cast<float>(std * std::sqrt(3.0));
    random::fill_uniform(out, stream, -bound, bound);
  }
  return std;
}

}  // namespace fanin::init
