// The trainable scales at the ends of residual branches: schemes whose point they are, and Fixup's rate for them.
#include <fmt/format.h>

#include <cmath>

#include "fanin/base/error.h"
#include "init/schemes/effects.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

Planned he(const WeightContext& context, const Options& options, std::string_view scheme) {
  const FanMode mode = parse_fan_mode(options.text("mode"));
  return scaled_law(context, scheme, gain_for(context, mode), mode, Distribution::normal);
}

/// Touvron et al. 2021: 0.1 up to 18 blocks, 1e-5 up to 24, 1e-6 for deeper networks.
double lambda_for(int blocks) {
  return blocks <= 18 ? 0.1 : blocks <= 24 ? 1e-5 : 1e-6;
}

}  // namespace

std::optional<Planned> rezero(const WeightContext& context, const Options& options) {
  require_matrix(context, "rezero");
  if (!context.place.branch_scales)
    throw Error(
        fmt::format("scheme 'rezero' needs residual branches that end in a trainable scale (for resnet models: "
                    "branch_scale=scalar); the network of '{}' has none",
                    context.name));
  return he(context, options, "rezero");
}

std::optional<Law> rezero_others(const WeightContext& context, const Options& options) {
  if (context.role != model::Role::residual_scale) return std::nullopt;
  return constant_law(options.number("alpha"));
}

std::optional<Planned> layerscale(const WeightContext& context, const Options& options) {
  require_matrix(context, "layerscale");
  if (!context.place.channel_scales)
    throw Error(
        fmt::format("scheme 'layerscale' needs residual branches that end in one trainable scale a channel (for resnet "
                    "models: branch_scale=channel); the network of '{}' has none",
                    context.name));
  return he(context, options, "layerscale");
}

std::optional<Law> layerscale_others(const WeightContext& context, const Options& options) {
  if (context.role != model::Role::residual_scale) return std::nullopt;
  const std::string& text = options.text("lambda");
  const double lambda =
      text == "auto" ? lambda_for(context.place.blocks) : parse_number(text, "option 'lambda' of scheme 'layerscale'");
  if (std::abs(lambda) > 1e30)
    throw Error(fmt::format("option 'lambda' of scheme 'layerscale' is {}; expected auto or a number", text));
  return constant_law(lambda);
}

double fixup_rates(const WeightContext& context, const Options& options, UpdateRule) {
  const bool slow = context.role == model::Role::bias || context.role == model::Role::residual_scale;
  return slow ? options.number("scalar_rate") : 1;
}

}  // namespace fanin::init::schemes
