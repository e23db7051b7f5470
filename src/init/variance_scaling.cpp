// Standard deviation gain / sqrt(n) with n from the true fans.
#include "init/variance_scaling.h"

#include <fmt/format.h>

#include <cmath>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/fill.h"
#include "init/truncation.h"

namespace fanin::init {

FanMode parse_fan_mode(std::string_view text) {
  if (text == "fan_in") return FanMode::in;
  if (text == "fan_geo_avg") return FanMode::geometric;
  return text == "fan_out" ? FanMode::out : FanMode::average;
}

Distribution parse_distribution(std::string_view text) {
  if (text == "normal") return Distribution::normal;
  if (text == "uniform") return Distribution::uniform;
  return text == "sign" ? Distribution::sign : Distribution::truncated_normal;
}

void fill_centred(const WeightContext& context, double std, Distribution distribution, std::span<float> out) {
  const random::Stream stream = random::make_stream(context.seed, context.name, random::Purpose::initialize);
  switch (distribution) {
    case Distribution::normal:
      random::fill_normal(out, stream, 0.0f, static_cast<float>(std));
      break;
    case Distribution::uniform: {
      const auto bound = static_cast<float>(std * std::sqrt(3.0));
      random::fill_uniform(out, stream, -bound, bound);
      break;
    }
    case Distribution::truncated_normal: {
      constexpr double cut = 2;
      const double whole = std / truncated_std(-cut, cut);
      const auto bound = static_cast<float>(cut * whole);
      random::fill_truncated_normal(out, stream, 0.0f, static_cast<float>(whole), -bound, bound);
      break;
    }
    case Distribution::sign: {
      const auto size = static_cast<float>(std);
      random::fill_uniform(out, stream, -1.0f, 1.0f);
      for (float& value : out) value = value < 0 ? -size : size;
      break;
    }
  }
}

double variance_scaling(const WeightContext& context, std::string_view scheme, double gain, FanMode mode,
                        Distribution distribution, std::span<float> out) {
  require_matrix(context, scheme);
  const model::Fans& fans = context.fans;
  const double average = 0.5 * (fans.in + fans.out);
  const double n = mode == FanMode::in        ? fans.in
                   : mode == FanMode::out     ? fans.out
                   : mode == FanMode::average ? average
                                              : std::sqrt(fans.in * fans.out);
  if (!(n > 0))
    throw Error(fmt::format("scheme '{}' needs positive fans; '{}' of shape {} has fan_in {} and fan_out {}", scheme,
                            context.name, to_string(context.shape), fans.in, fans.out));
  const double std = gain / std::sqrt(n);
  fill_centred(context, std, distribution, out);
  return std;
}

}  // namespace fanin::init
