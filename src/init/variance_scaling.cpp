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

Law centred_law(double std, Distribution distribution, double variance) {
  Law law;
  switch (distribution) {
    case Distribution::normal:
      law = normal_law(0, std);
      break;
    case Distribution::uniform:
      law = uniform_law(-(std * std::sqrt(3.0)), std * std::sqrt(3.0));
      break;
    case Distribution::truncated_normal: {
      constexpr double cut = 2;
      static const double left = truncated_std(-cut, cut);
      const double whole = std / left;
      law = truncated_law(0, whole, -(cut * whole), cut * whole);
      break;
    }
    case Distribution::sign:
      law = sign_law(std);
      break;
  }
  law.variance = variance;
  return law;
}

Planned scaled_law(const WeightContext& context, std::string_view scheme, double gain, FanMode mode,
                   Distribution distribution) {
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
  // The order of the operations is that of PyTorch's xavier_ and kaiming_, so that its streams give its bits.
  const double std = mode == FanMode::average ? gain * std::sqrt(2.0 / (fans.in + fans.out)) : gain / std::sqrt(n);
  return {centred_law(std, distribution, gain * gain / n), gain, std};
}

template <class T>
double variance_scaling(const WeightContext& context, std::string_view scheme, double gain, FanMode mode,
                        Distribution distribution, std::span<T> out) {
  const Planned planned = scaled_law(context, scheme, gain, mode, distribution);
  draw(planned.law, random::make_stream(context.seed, context.name, random::Purpose::initialize), out);
  return planned.target_std;
}

template double variance_scaling(const WeightContext&, std::string_view, double, FanMode, Distribution,
                                 std::span<float>);
template double variance_scaling(const WeightContext&, std::string_view, double, FanMode, Distribution,
                                 std::span<double>);

}  // namespace fanin::init
