// True fans from a layer's description.
#include "fanin/init/layer.h"

#include <fmt/format.h>

#include <algorithm>

#include "fanin/base/error.h"

namespace fanin::init {
namespace {

void check(const Layer& layer) {
  const auto refuse = [&](std::string_view what) {
    return Error(fmt::format("a layer with a weight of shape {} {}", to_string(layer.shape), what));
  };
  const bool linear = layer.kind == LayerKind::linear;
  if (linear ? layer.shape.size() != 2 : layer.shape.size() < 3)
    throw refuse(linear ? "is not linear; expected (out, in)" : "is no convolution; expected (O, I/groups, k...)");
  if (std::ranges::any_of(layer.shape, [](std::int64_t extent) { return extent < 1; }))
    throw refuse("has no elements; expected extents above 0");
  if (layer.groups < 1 || layer.shape[0] % layer.groups != 0)
    throw refuse(fmt::format("cannot have {} groups; expected a divisor of {}", layer.groups, layer.shape[0]));
  if (linear && (layer.groups != 1 || layer.transposed || !layer.stride.empty()))
    throw refuse("is linear; expected no groups, strides or transposition");
  const std::int64_t outputs = layer.transposed ? layer.shape[1] : layer.shape[0] / layer.groups;
  if (layer.fused < 1 || outputs % layer.fused != 0)
    throw refuse(fmt::format("cannot hold {} blocks; expected a divisor of its {} outputs{}", layer.fused, outputs,
                             layer.groups > 1 ? " a group" : ""));
  const std::size_t axes = layer.shape.size() - 2;
  if (layer.stride.size() > 1 && layer.stride.size() != axes)
    throw refuse(fmt::format("has {} kernel axes; expected as many strides, or one for all", axes));
  if (std::ranges::any_of(layer.stride, [](std::int64_t step) { return step < 1; }))
    throw refuse("has a stride below 1; expected 1 or more");
}

}  // namespace

model::Fans layer_fans(const Layer& layer) {
  check(layer);
  double taps = 1, steps = 1;
  for (std::size_t axis = 2; axis < layer.shape.size(); ++axis) {
    taps *= static_cast<double>(layer.shape[axis]);
    if (!layer.stride.empty()) steps *= static_cast<double>(layer.stride[layer.stride.size() == 1 ? 0 : axis - 2]);
  }
  const double first = static_cast<double>(layer.shape[0]) / static_cast<double>(layer.groups);
  const double second = static_cast<double>(layer.shape[1]), blocks = static_cast<double>(layer.fused);
  if (layer.transposed) return {first * taps / steps, second / blocks * taps};
  return {second * taps, first / blocks * taps / steps};
}

WeightContext layer_context(const Layer& layer, std::string_view name, std::uint64_t seed,
                            const model::Activation& activation) {
  WeightContext context;
  context.fans = layer_fans(layer);
  context.name = name;
  context.shape = context.layer_shape = layer.shape;
  context.role = model::Role::weight;
  context.groups = layer.groups;
  context.transposed = layer.transposed;
  context.activation = activation;
  context.seed = seed;
  context.place.first = true;
  return context;
}

}  // namespace fanin::init
