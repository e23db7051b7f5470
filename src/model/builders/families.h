// The build functions of the architectures' families and what they share. The options are documented beside each.
#pragma once
#include <span>
#include <string>

#include "fanin/base/spec.h"
#include "fanin/model/builders.h"

namespace fanin::model::builders {

inline constexpr std::string_view activation_choices = "identity|relu|leaky_relu|tanh|sigmoid|gelu|silu";

/// A square convolution with the same padding on all sides.
Conv2d square_conv(std::int64_t channels, std::int64_t kernel, std::int64_t stride, std::int64_t padding, bool bias);

/// Throws Error unless `input` is an image (C, H, W) of at least `smallest` rows and columns.
void require_image(const Spec& spec, const Shape& input, std::int64_t smallest);

std::span<const OptionInfo> mlp_options();
std::span<const OptionInfo> vanilla_options();
std::span<const OptionInfo> lenet5_options();
std::span<const OptionInfo> resnet_cifar_options();

Graph mlp(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph vanilla(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph lenet5(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph resnet_cifar(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);

}  // namespace fanin::model::builders
