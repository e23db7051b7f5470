// Schemes for residual networks: He's scale on the weights, less of it, or none, at the ends of the branches.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fanin/base/error.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

void require_blocks(const WeightContext& context, std::string_view scheme) {
  if (context.place.blocks == 0)
    throw Error(
        fmt::format("scheme '{}' needs a network with residual branches; '{}' is in none", scheme, context.name));
}

/// He's rule times `factor`; 0 for a factor of 0.
std::optional<Planned> he_scaled(const WeightContext& context, const Options& options, std::string_view scheme,
                                 double factor) {
  require_matrix(context, scheme);
  if (factor == 0) return Planned{constant_law(0), 0.0};
  const FanMode mode = parse_fan_mode(options.text("mode"));
  return scaled_law(context, scheme, gain_for(context, mode) * factor, mode, Distribution::normal);
}

}  // namespace

std::optional<Planned> fixup(const WeightContext& context, const Options& options) {
  require_blocks(context, "fixup");
  const Place& place = context.place;
  double factor = 1;
  if (place.last || (place.branch_end && place.branch_layers > 0)) {
    factor = 0;
  } else if (place.branch_layers > 1) {
    factor = std::pow(place.blocks, -1.0 / (2 * place.branch_layers - 2));
  }
  return he_scaled(context, options, "fixup", factor);
}

std::optional<Law> fixup_others(const WeightContext& context, const Options&) {
  if (context.role != model::Role::residual_scale) return std::nullopt;
  return constant_law(1);
}

std::optional<Planned> skipinit(const WeightContext& context, const Options& options) {
  if (!context.place.branch_scales)
    throw Error(
        fmt::format("scheme 'skipinit' needs residual branches that end in a trainable scale (for "
                    "resnet models: branch_scale=scalar); the network of '{}' has none",
                    context.name));
  return he_scaled(context, options, "skipinit", 1);
}

std::optional<Law> skipinit_others(const WeightContext& context, const Options& options) {
  if (context.role != model::Role::residual_scale) return std::nullopt;
  const bool by_depth = options.text("alpha") == "auto";
  const double alpha = by_depth ? 1 / std::sqrt(std::max(1, context.place.blocks))
                                : parse_number(options.text("alpha"), "option 'alpha' of scheme 'skipinit'");
  if (std::abs(alpha) > 1e30)
    throw Error(
        fmt::format("option 'alpha' of scheme 'skipinit' is {}; expected auto or a number", options.text("alpha")));
  return constant_law(alpha);
}

std::optional<Planned> zero_gamma(const WeightContext& context, const Options& options) {
  if (!context.place.branch_norms)
    throw Error(
        fmt::format("scheme 'zero_gamma' needs residual branches that end in a normalization; the network of "
                    "'{}' has none",
                    context.name));
  return he_scaled(context, options, "zero_gamma", 1);
}

std::optional<Law> zero_gamma_others(const WeightContext& context, const Options&) {
  if (context.role != model::Role::norm_scale || !context.place.branch_end) return std::nullopt;
  return constant_law(0);
}

std::optional<Planned> scaled_residual(const WeightContext& context, const Options& options) {
  require_blocks(context, "scaled_residual");
  const bool end = context.place.branch_end && context.place.branch_layers > 0;
  return he_scaled(context, options, "scaled_residual", end ? 1 / std::sqrt(context.place.blocks) : 1);
}

}  // namespace fanin::init::schemes
