// muP: starts and learning rates with which a network learns alike at every width.
#include <fmt/format.h>

#include <cmath>

#include "fanin/base/error.h"
#include "init/schemes/effects.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

/// How many times wider the network is than the base network, by the outputs of the first weight layer.
double times_wider(const WeightContext& context, const Options& options) {
  if (context.place.network_width == 0)
    throw Error(fmt::format("scheme 'mup' needs a network: '{}' has to be compared with the base network's width",
                            context.name));
  return static_cast<double>(context.place.network_width) / static_cast<double>(options.integer("base_width"));
}

}  // namespace

std::optional<Planned> mup(const WeightContext& context, const Options& options) {
  require_matrix(context, "mup");
  const double r = times_wider(context, options);
  double gain = forward_gain(context.activation);
  if (context.place.last && !context.place.first) {
    if (options.text("output") == "zero") return Planned{constant_law(0), 0.0};
    gain /= std::sqrt(r);  // in all 1 / (fan_in r): a constant variance times the multiplier 1 / r, squared
  }
  return scaled_law(context, "mup", gain, FanMode::in, Distribution::normal);
}

double mup_rates(const WeightContext& context, const Options& options, UpdateRule rule) {
  const double r = times_wider(context, options);
  const bool adaptive = rule == UpdateRule::adaptive;
  // By the number of extents that grow with the width: none, one (vectors and what reads the image), two.
  const bool ends = context.place.last && (context.place.first || context.role != model::Role::weight);
  const bool scalar = context.role != model::Role::weight && element_count(context.shape) == 1;
  if (ends || scalar) return 1;
  if (context.role == model::Role::weight && context.place.last) return 1 / r;
  const bool depthwise = context.groups > 1 && context.shape.size() > 1 && context.shape[1] == 1;
  if (context.role == model::Role::weight && !context.place.first && !depthwise) return adaptive ? 1 / r : 1;
  return adaptive ? 1 : r;
}

}  // namespace fanin::init::schemes
