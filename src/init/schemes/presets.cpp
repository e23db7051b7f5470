// What other frameworks and model collections do by default, with their own fans, mistakes included.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "init/schemes/presets.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

/// The numbers that a framework's rule may use: channels of the whole layer, the kernel's area, groups.
struct Layer {
  double inputs, outputs, area, groups;  // of a transposed convolution as its weight is stored: the other way round
  double fan_in() const { return inputs / groups * area; }  // of the stored shape
  double fan_out() const { return outputs * area; }         // of the stored shape: not divided by the groups
  bool depthwise() const { return groups > 1 && groups == inputs; }
  double multiplier() const { return outputs / groups; }
};

using Rule = Law (*)(const Layer& layer);

constexpr double own_slope = -1;  // the network's own: 0.25 unless it says otherwise, as in PyTorch and Caffe

constexpr double own_scale = -1;  // the network's own

struct Preset {
  std::string_view name;
  Rule convolution, linear;
  bool random_bias_conv = false, random_bias_linear = false;  // U(+-1 / sqrt(fan_in)), PyTorch's
  bool zero_last_norm = false;
  double slope = own_slope;  // of a PReLU
  double residual_scale = own_scale;
  Rule transposed = nullptr;  // of a transposed convolution; nullptr: the convolution's, on the stored shape
};

Law scaled_normal(double std, double variance) {
  return centred_law(std, Distribution::normal, variance);
}
/// kaiming_uniform_(a=sqrt(5)), in the order of PyTorch's operations: its bound is 1 / sqrt(fan_in) up to rounding.
Law torch_default(const Layer& layer) {
  const double a = std::sqrt(5.0), gain = std::sqrt(2.0 / (1 + a * a));
  const double bound = std::sqrt(3.0) * (gain / std::sqrt(layer.fan_in()));
  return uniform_law(-bound, bound);
}
Law he_fan_out(const Layer& layer) {
  return scaled_normal(std::sqrt(2.0) / std::sqrt(layer.fan_out()), 2 / layer.fan_out());
}
Law he_fan_out_groups(const Layer& layer) {
  const double variance = 2 / (layer.fan_out() / layer.groups);
  return scaled_normal(std::sqrt(variance), variance);
}
Law he_fan_in(const Layer& layer) {
  return scaled_normal(std::sqrt(2.0) / std::sqrt(layer.fan_in()), 2 / layer.fan_in());
}
Law lecun_uniform(const Layer& layer) {
  return centred_law(std::sqrt(1 / layer.fan_in()), Distribution::uniform, 1 / layer.fan_in());
}
Law lecun_truncated(const Layer& layer) {
  return centred_law(std::sqrt(1 / layer.fan_in()), Distribution::truncated_normal, 1 / layer.fan_in());
}
Law hundredth(const Layer&) {
  return normal_law(0, 0.01);
}
Law fiftieth(const Layer&) {
  return normal_law(0, 0.02);
}
/// Keras stores a depthwise kernel as (k, k, C, m), so that its fans are C k k and m k k.
Law keras_glorot(const Layer& layer) {
  const double in = layer.depthwise() ? layer.inputs * layer.area : layer.fan_in();
  const double out = layer.depthwise() ? layer.multiplier() * layer.area : layer.fan_out();
  return centred_law(std::sqrt(2 / (in + out)), Distribution::uniform, 2 / (in + out));
}
Law uniform_outputs(const Layer& layer) {
  const double bound = 1 / std::sqrt(layer.outputs);
  return uniform_law(-bound, bound);
}
Law darknet_linear(const Layer& layer) {
  return centred_law(std::sqrt(2 / (3 * layer.inputs)), Distribution::uniform);
}

/// The kernel as (k, k, inputs, outputs): its fans are the true ones but for the stride.
Law flax_transposed(const Layer& layer) {
  return lecun_truncated({layer.outputs, layer.inputs, layer.area, layer.groups});
}

constexpr auto presets = std::to_array<Preset>({
    {"pytorch-default", torch_default, torch_default, true, true},
    {"keras-default", keras_glorot, keras_glorot, false, false, false, 0},
    {"flax-default", lecun_truncated, lecun_truncated, false, false, false, 0.01, own_scale, flax_transposed},
    {"caffe-xavier", lecun_uniform, lecun_uniform},
    {"caffe-msra", he_fan_in, he_fan_in},
    {"darknet-default", he_fan_in, darknet_linear, false, false, false, own_slope, own_scale, fiftieth},
    // The loops over modules look for Conv2d, which PyTorch's ConvTranspose2d is not.
    {"torchvision-resnet", he_fan_out, torch_default, true, true, false, own_slope, own_scale, torch_default},
    {"torchvision-vgg", he_fan_out, hundredth, false, false, false, own_slope, own_scale, torch_default},
    {"torchvision-densenet", he_fan_in, torch_default, true, false, false, own_slope, own_scale, torch_default},
    {"torchvision-mobilenet", he_fan_out, hundredth, false, false, false, own_slope, own_scale, torch_default},
    {"torchvision-efficientnet", he_fan_out, uniform_outputs, false, false, false, own_slope, own_scale, torch_default},
    {"torchvision-convnext", fiftieth, fiftieth, false, false, false, own_slope, 1e-6, torch_default},
    {"timm-resnet", he_fan_out, torch_default, true, true, true, own_slope, own_scale, torch_default},
    {"timm-efficientnet", he_fan_out_groups, uniform_outputs, false, false, false, own_slope, own_scale, torch_default},
});

const Preset& find(std::string_view name) {
  return *std::ranges::find(presets, name, &Preset::name);
}

Rule rule_of(const Preset& preset, const WeightContext& context) {
  if (context.layer_shape.size() == 2 || context.shape.size() == 2) return preset.linear;
  return context.transposed && preset.transposed != nullptr ? preset.transposed : preset.convolution;
}

Layer layer_of(const WeightContext& context) {
  double area = 1;  // the kernel's, of one to three dimensions
  for (std::size_t axis = 2; axis < context.shape.size(); ++axis) area *= static_cast<double>(context.shape[axis]);
  const auto groups = static_cast<double>(context.groups);
  return {static_cast<double>(context.shape[1]) * groups, static_cast<double>(context.shape[0]), area, groups};
}

}  // namespace

Planned preset_weight(std::string_view name, const WeightContext& context) {
  require_matrix(context, name);
  const Preset& preset = find(name);
  const Law law = rule_of(preset, context)(layer_of(context));
  return {law, law_std(law) * std::sqrt(context.fans.in)};
}

std::optional<Law> preset_other(std::string_view name, const WeightContext& context) {
  const Preset& preset = find(name);
  if (context.role == model::Role::norm_scale && preset.zero_last_norm && context.place.branch_end)
    return constant_law(0);
  if (context.role == model::Role::residual_scale && preset.residual_scale != own_scale)
    return constant_law(preset.residual_scale);
  if (context.role == model::Role::slope && preset.slope != own_slope) return constant_law(preset.slope);
  const bool linear = context.layer_shape.size() == 2;
  if (context.role != model::Role::bias || !(linear ? preset.random_bias_linear : preset.random_bias_conv))
    return std::nullopt;
  const double bound = 1 / std::sqrt(context.fans.in);
  return uniform_law(-bound, bound);
}

std::optional<ModuleDraws> preset_module(std::string_view name, const WeightContext& context) {
  const Preset& preset = find(name);
  const bool linear = context.layer_shape.size() == 2;
  if (context.role == model::Role::weight) {
    require_matrix(context, name);
    const Rule rule = rule_of(preset, context);
    const Layer layer = layer_of(context);
    if (rule == torch_default) return ModuleDraws{torch_default(layer), std::nullopt};
    // trunc_normal_ at its absolute bounds of 2: of these values no other law, but another way to draw it.
    if (rule == fiftieth) return ModuleDraws{torch_default(layer), truncated_law(0, 0.02, -2, 2)};
    return ModuleDraws{torch_default(layer), rule(layer)};
  }
  if (context.role == model::Role::bias && !context.layer_shape.empty()) {
    const double bound = 1 / std::sqrt(context.fans.in);
    const bool kept = linear ? preset.random_bias_linear : preset.random_bias_conv;
    return ModuleDraws{uniform_law(-bound, bound), kept ? std::nullopt : std::optional(constant_law(0))};
  }
  return std::nullopt;
}

}  // namespace fanin::init::schemes
