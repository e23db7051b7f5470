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
  Rule transposed = nullptr;  // outside PyTorch; nullptr: the convolution's, on the stored shape
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
    {.name = "pytorch-default",
     .convolution = torch_default,
     .linear = torch_default,
     .random_bias_conv = true,
     .random_bias_linear = true},
    {.name = "keras-default", .convolution = keras_glorot, .linear = keras_glorot, .slope = 0},
    {.name = "flax-default",
     .convolution = lecun_truncated,
     .linear = lecun_truncated,
     .slope = 0.01,
     .transposed = flax_transposed},
    {.name = "caffe-xavier", .convolution = lecun_uniform, .linear = lecun_uniform},
    {.name = "caffe-msra", .convolution = he_fan_in, .linear = he_fan_in},
    {.name = "darknet-default", .convolution = he_fan_in, .linear = darknet_linear, .transposed = fiftieth},
    {.name = "torchvision-resnet",
     .convolution = he_fan_out,
     .linear = torch_default,
     .random_bias_conv = true,
     .random_bias_linear = true},
    {.name = "torchvision-vgg", .convolution = he_fan_out, .linear = hundredth},
    {.name = "torchvision-densenet", .convolution = he_fan_in, .linear = torch_default, .random_bias_conv = true},
    {.name = "torchvision-mobilenet", .convolution = he_fan_out, .linear = hundredth},
    {.name = "torchvision-efficientnet", .convolution = he_fan_out, .linear = uniform_outputs},
    {.name = "torchvision-convnext", .convolution = fiftieth, .linear = fiftieth, .residual_scale = 1e-6},
    {.name = "timm-resnet",
     .convolution = he_fan_out,
     .linear = torch_default,
     .random_bias_conv = true,
     .random_bias_linear = true,
     .zero_last_norm = true},
    {.name = "timm-efficientnet", .convolution = he_fan_out_groups, .linear = uniform_outputs},
});

const Preset& find(std::string_view name) {
  return *std::ranges::find(presets, name, &Preset::name);
}

Rule rule_of(const Preset& preset, const WeightContext& context) {
  if (context.layer_shape.size() == 2 || context.shape.size() == 2) return preset.linear;
  if (!context.transposed) return preset.convolution;
  // The model collections' loops look for Conv2d, which PyTorch's ConvTranspose2d is not.
  if (is_torch_module(preset.name)) return torch_default;
  return preset.transposed != nullptr ? preset.transposed : preset.convolution;
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
