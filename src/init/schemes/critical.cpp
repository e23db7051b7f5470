// Schemes that follow from a theory of the signal through the network: mean field, AutoInit, random walk.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fanin/base/error.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

CriticalPoint point_of(const WeightContext& context, const Options& options) {
  double q = 1.0 / context.place.depth;
  if (options.text("q") != "auto") {
    q = parse_number(options.text("q"), "option 'q' of scheme 'edge_of_chaos'");
    if (q <= 0 || q > 1e6)
      throw Error(
          fmt::format("option 'q' of scheme 'edge_of_chaos' is {}; expected auto or a number above 0, at most 1e6",
                      options.text("q")));
  }
  return critical_point(context.activation, q);
}

/// Whether an activation and another layer follow.
bool is_hidden(const WeightContext& context) {
  return !context.place.last && context.activation.kind != model::ActivationKind::identity;
}

}  // namespace

std::optional<Planned> edge_of_chaos_law(const WeightContext& context, const Options& options) {
  require_matrix(context, "edge_of_chaos");
  const bool hidden = is_hidden(context);
  // The first layer cannot keep every norm: the paper's networks begin with ordinary normal weights.
  if (options.text("weights") != "normal" && hidden && !context.place.first) return std::nullopt;
  const double gain = hidden ? std::sqrt(point_of(context, options).weight_variance) : 1.0;
  return scaled_law(context, "edge_of_chaos", gain, FanMode::in, Distribution::normal);
}

template <class T>
Applied edge_of_chaos(const WeightContext& context, const Options& options, std::span<T> out) {
  const double gain = std::sqrt(point_of(context, options).weight_variance);
  // Where a layer widens, weights that keep the norm take from each channel: keep=scale gives it back.
  const Spec spec{options.text("weights"), {{"gain", fmt::format("{:.17g}", gain)}, {"keep", "scale"}}};
  const Options inner(spec, find_scheme(spec.name).options, "scheme 'edge_of_chaos'");
  return spec.name == "orthogonal" ? orthogonal(context, inner, out) : delta_orthogonal(context, inner, out);
}

std::optional<Law> edge_of_chaos_others(const WeightContext& context, const Options& options) {
  if (context.role != model::Role::bias || !is_hidden(context)) return std::nullopt;
  return centred_law(std::sqrt(point_of(context, options).bias_variance), Distribution::normal);
}

std::optional<Planned> autoinit(const WeightContext& context, const Options& options) {
  require_matrix(context, "autoinit");
  const Place& place = context.place;
  double second = place.input_variance + place.input_mean * place.input_mean;
  if (options.text("padding") == "aware") second *= place.border / place.padded;
  if (!(second > 0) || !std::isfinite(second))
    throw Error(
        fmt::format("scheme 'autoinit' finds that no signal reaches '{}' (second moment {})", context.name, second));
  return scaled_law(context, "autoinit", 1 / std::sqrt(second), FanMode::in,
                    parse_distribution(options.text("distribution")));
}

std::optional<Planned> random_walk(const WeightContext& context, const Options&) {
  require_matrix(context, "random_walk");
  const double n = context.fans.in;
  double gain = 0;
  switch (context.activation.kind) {
    case model::ActivationKind::identity:
      gain = std::exp(1 / (2 * n));
      break;
    case model::ActivationKind::relu:
      gain = std::numbers::sqrt2 * std::exp(1.2 / (std::max(n, 6.0) - 2.4));
      break;
    default:
      throw Error(fmt::format("scheme 'random_walk' has gains for ReLU and linear layers; {} follows '{}'",
                              model::activation_name(context.activation.kind), context.name));
  }
  return scaled_law(context, "random_walk", gain, FanMode::in, Distribution::normal);
}

template Applied edge_of_chaos(const WeightContext&, const Options&, std::span<float>);
template Applied edge_of_chaos(const WeightContext&, const Options&, std::span<double>);

}  // namespace fanin::init::schemes
