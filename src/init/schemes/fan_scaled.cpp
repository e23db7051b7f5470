// Xavier, He and LeCun: each a line over variance_scaling.
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

Applied scaled(const WeightContext& context, const Options& options, std::string_view scheme, FanMode mode,
               Distribution distribution, std::span<float> out) {
  const double gain = gain_option(context, options, scheme);
  return {variance_scaling(context, scheme, gain, mode, distribution, out), gain};
}

}  // namespace

Applied xavier_normal(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "xavier_normal", FanMode::average, Distribution::normal, out);
}

Applied xavier_uniform(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "xavier_uniform", FanMode::average, Distribution::uniform, out);
}

Applied he_normal(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "he_normal", parse_fan_mode(options.text("mode")), Distribution::normal, out);
}

Applied he_uniform(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "he_uniform", parse_fan_mode(options.text("mode")), Distribution::uniform, out);
}

Applied lecun_normal(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "lecun_normal", FanMode::in, Distribution::normal, out);
}

Applied lecun_uniform(const WeightContext& context, const Options& options, std::span<float> out) {
  return scaled(context, options, "lecun_uniform", FanMode::in, Distribution::uniform, out);
}

}  // namespace fanin::init::schemes
