// Schemes that follow from a theory of the signal through the network: mean field, AutoInit, random walk.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
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

}  // namespace

Applied edge_of_chaos(const WeightContext& context, const Options& options, std::span<float> out) {
  require_matrix(context, "edge_of_chaos");
  const bool hidden = !context.place.last && context.activation.kind != model::ActivationKind::identity;
  const double gain = hidden ? std::sqrt(point_of(context, options).weight_variance) : 1.0;
  const std::string& weights = options.text("weights");
  // A widening or strided convolution cannot keep every norm: the paper's networks begin with ordinary normal weights.
  if (weights == "normal" || !hidden || context.place.first)
    return {init::variance_scaling(context, "edge_of_chaos", gain, FanMode::in, Distribution::normal, out), gain};
  const Spec spec{weights, {{"gain", fmt::format("{:.17g}", gain)}}};
  const Options inner(spec, find_scheme(weights).options, "scheme 'edge_of_chaos'");
  return weights == "orthogonal" ? orthogonal(context, inner, out) : delta_orthogonal(context, inner, out);
}

bool edge_of_chaos_others(const WeightContext& context, const Options& options, std::span<float> out) {
  if (context.role != model::Role::bias || context.place.last ||
      context.activation.kind == model::ActivationKind::identity)
    return false;
  fill_centred(context, std::sqrt(point_of(context, options).bias_variance), Distribution::normal, out);
  return true;
}

Applied autoinit(const WeightContext& context, const Options& options, std::span<float> out) {
  require_matrix(context, "autoinit");
  const Place& place = context.place;
  double second = place.input_variance + place.input_mean * place.input_mean;
  if (options.text("padding") == "aware") second *= place.border;
  if (!(second > 0) || !std::isfinite(second))
    throw Error(
        fmt::format("scheme 'autoinit' finds that no signal reaches '{}' (second moment {})", context.name, second));
  const double gain = 1 / std::sqrt(second);
  return {init::variance_scaling(context, "autoinit", gain, FanMode::in,
                                 parse_distribution(options.text("distribution")), out),
          gain};
}

Applied random_walk(const WeightContext& context, const Options&, std::span<float> out) {
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
  return {init::variance_scaling(context, "random_walk", gain, FanMode::in, Distribution::normal, out), gain};
}

}  // namespace fanin::init::schemes
