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
  double inputs, outputs, area, groups;
  double fan_in() const { return inputs / groups * area; }  // of the stored shape
  double fan_out() const { return outputs * area; }         // of the stored shape: not divided by the groups
  bool depthwise() const { return groups > 1 && groups == inputs; }
  double multiplier() const { return outputs / groups; }
};

struct Rule {
  Distribution distribution;
  double (*std)(const Layer& layer);
};

constexpr double own_slope = -1;  // the network's own: 0.25 unless it says otherwise, as in PyTorch and Caffe

struct Preset {
  std::string_view name;
  Rule convolution, linear;
  bool random_bias_conv = false, random_bias_linear = false;  // U(+-1 / sqrt(fan_in)), PyTorch's
  bool zero_last_norm = false;
  double slope = own_slope;  // of a PReLU
};

double torch_default(const Layer& layer) {
  return 1 / std::sqrt(3 * layer.fan_in());
}
double he_fan_out(const Layer& layer) {
  return std::sqrt(2 / layer.fan_out());
}
double he_fan_out_groups(const Layer& layer) {
  return std::sqrt(2 * layer.groups / layer.fan_out());
}
double he_fan_in(const Layer& layer) {
  return std::sqrt(2 / layer.fan_in());
}
double lecun(const Layer& layer) {
  return std::sqrt(1 / layer.fan_in());
}
double hundredth(const Layer&) {
  return 0.01;
}
double fiftieth(const Layer&) {
  return 0.02;
}
/// Keras stores a depthwise kernel as (k, k, C, m), so that its fans are C k k and m k k.
double keras_glorot(const Layer& layer) {
  const double in = layer.depthwise() ? layer.inputs * layer.area : layer.fan_in();
  const double out = layer.depthwise() ? layer.multiplier() * layer.area : layer.fan_out();
  return std::sqrt(2 / (in + out));
}
double uniform_outputs(const Layer& layer) {
  return 1 / std::sqrt(3 * layer.outputs);
}
double darknet_linear(const Layer& layer) {
  return std::sqrt(2 / (3 * layer.inputs));
}

constexpr auto normal = Distribution::normal, uniform = Distribution::uniform,
               truncated = Distribution::truncated_normal;

constexpr auto presets = std::to_array<Preset>({
    {"pytorch-default", {uniform, torch_default}, {uniform, torch_default}, true, true},
    {"keras-default", {uniform, keras_glorot}, {uniform, keras_glorot}, false, false, false, 0},
    {"flax-default", {truncated, lecun}, {truncated, lecun}, false, false, false, 0.01},
    {"caffe-xavier", {uniform, lecun}, {uniform, lecun}},
    {"caffe-msra", {normal, he_fan_in}, {normal, he_fan_in}},
    {"darknet-default", {normal, he_fan_in}, {uniform, darknet_linear}},
    {"torchvision-resnet", {normal, he_fan_out}, {uniform, torch_default}, true, true},
    {"torchvision-vgg", {normal, he_fan_out}, {normal, hundredth}},
    {"torchvision-densenet", {normal, he_fan_in}, {uniform, torch_default}, true},
    {"torchvision-mobilenet", {normal, he_fan_out}, {normal, hundredth}},
    {"torchvision-efficientnet", {normal, he_fan_out}, {uniform, uniform_outputs}},
    {"torchvision-convnext", {normal, fiftieth}, {normal, fiftieth}},
    {"timm-resnet", {normal, he_fan_out}, {uniform, torch_default}, true, true, true},
    {"timm-efficientnet", {normal, he_fan_out_groups}, {uniform, uniform_outputs}},
});

const Preset& find(std::string_view name) {
  return *std::ranges::find(presets, name, &Preset::name);
}

Layer layer_of(const WeightContext& context) {
  const double area = context.shape.size() == 4 ? static_cast<double>(context.shape[2] * context.shape[3]) : 1.0;
  const auto groups = static_cast<double>(context.groups);
  return {static_cast<double>(context.shape[1]) * groups, static_cast<double>(context.shape[0]), area, groups};
}

}  // namespace

Applied preset_weight(std::string_view name, const WeightContext& context, std::span<float> out) {
  require_matrix(context, name);
  const Preset& preset = find(name);
  const Rule& rule = context.shape.size() == 2 ? preset.linear : preset.convolution;
  const double std = rule.std(layer_of(context));
  fill_centred(context, std, rule.distribution, out);
  return {std, std * std::sqrt(context.fans.in)};
}

bool preset_other(std::string_view name, const WeightContext& context, std::span<float> out) {
  const Preset& preset = find(name);
  if (context.role == model::Role::norm_scale && preset.zero_last_norm && context.place.branch_end) {
    std::ranges::fill(out, 0.0f);
    return true;
  }
  if (context.role == model::Role::slope && preset.slope != own_slope) {
    std::ranges::fill(out, static_cast<float>(preset.slope));
    return true;
  }
  const bool linear = context.layer_shape.size() == 2;
  if (context.role != model::Role::bias || !(linear ? preset.random_bias_linear : preset.random_bias_conv))
    return false;
  fill_centred(context, 1 / std::sqrt(3 * context.fans.in), Distribution::uniform, out);
  return true;
}

}  // namespace fanin::init::schemes
