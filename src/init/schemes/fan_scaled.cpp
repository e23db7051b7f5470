// Xavier, He and LeCun, and what they have in common: each a line over variance_scaling.
#include <fmt/format.h>

#include <cmath>

#include "fanin/base/error.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

std::optional<Planned> scaled(const WeightContext& context, const Options& options, std::string_view scheme,
                              FanMode mode, Distribution distribution) {
  if (mode == FanMode::out && options.text("pooling") == "aware")
    throw Error(
        fmt::format("scheme '{}' has pooling=aware with mode=fan_out; expected fan_in or fan_avg: what "
                    "max-pooling adds, it adds to the forward pass",
                    scheme));
  return scaled_law(context, scheme, corrected_gain(context, options, scheme, mode), mode, distribution);
}

}  // namespace

std::optional<Planned> variance_scaling(const WeightContext& context, const Options& options) {
  const double gain = std::sqrt(options.number("scale"));
  return scaled_law(context, "variance_scaling", gain, parse_fan_mode(options.text("mode")),
                    parse_distribution(options.text("distribution")));
}

std::optional<Planned> xavier_normal(const WeightContext& context, const Options& options) {
  return scaled(context, options, "xavier_normal", FanMode::average, Distribution::normal);
}

std::optional<Planned> xavier_uniform(const WeightContext& context, const Options& options) {
  return scaled(context, options, "xavier_uniform", FanMode::average, Distribution::uniform);
}

std::optional<Planned> he_normal(const WeightContext& context, const Options& options) {
  return scaled(context, options, "he_normal", parse_fan_mode(options.text("mode")), Distribution::normal);
}

std::optional<Planned> he_uniform(const WeightContext& context, const Options& options) {
  return scaled(context, options, "he_uniform", parse_fan_mode(options.text("mode")), Distribution::uniform);
}

std::optional<Planned> lecun_normal(const WeightContext& context, const Options& options) {
  return scaled(context, options, "lecun_normal", FanMode::in, Distribution::normal);
}

std::optional<Planned> lecun_uniform(const WeightContext& context, const Options& options) {
  return scaled(context, options, "lecun_uniform", FanMode::in, Distribution::uniform);
}

}  // namespace fanin::init::schemes
