// Xavier, He and LeCun, and what they have in common: each a line over variance_scaling.
#include <cmath>

#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

/// What zero padding leaves of the signal's scale, where the option asks to make up for it.
double border(const WeightContext& context, const Options& options, bool has_option) {
  return has_option && options.text("padding") == "aware" ? std::sqrt(context.place.border) : 1.0;
}

Applied scaled(const WeightContext& context, const Options& options, std::string_view scheme, FanMode mode,
               Distribution distribution, std::span<float> out, bool padding = false) {
  const double gain = gain_option(context, options, scheme) / border(context, options, padding);
  return {init::variance_scaling(context, scheme, gain, mode, distribution, out), gain};
}

}  // namespace

Applied variance_scaling(const WeightContext& context, const Options& options, std::span<float> out) {
  const double gain = std::sqrt(options.number("scale"));
  return {init::variance_scaling(context, "variance_scaling", gain, parse_fan_mode(options.text("mode")),
                                 parse_distribution(options.text("distribution")), out),
          gain};
}

Applied xavier_normal(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "xavier_normal", FanMode::average, Distribution::normal, out);
}

Applied xavier_uniform(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "xavier_uniform", FanMode::average, Distribution::uniform, out);
}

Applied he_normal(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "he_normal", parse_fan_mode(options.text("mode")), Distribution::normal, out, true);
}

Applied he_uniform(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "he_uniform", parse_fan_mode(options.text("mode")), Distribution::uniform, out, true);
}

Applied lecun_normal(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "lecun_normal", FanMode::in, Distribution::normal, out);
}

Applied lecun_uniform(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "lecun_uniform", FanMode::in, Distribution::uniform, out);
}

}  // namespace fanin::init::schemes
