// The build functions of the architectures' families and what they share. The options are documented beside each.
#pragma once
#include <span>
#include <string>

#include "fanin/base/spec.h"
#include "fanin/model/builders.h"

namespace fanin::model::builders {

inline constexpr std::string_view activation_choices =
    "identity|relu|leaky_relu|prelu|tanh|sigmoid|gelu|silu|elu|selu|softplus|hardswish";

/// The operator of one of the choices above, with its usual numbers.
Operator activation_operator(std::string_view name);

/// A square convolution with the same padding on all sides.
Conv2d square_conv(std::int64_t channels, std::int64_t kernel, std::int64_t stride, std::int64_t padding, bool bias);

/// Throws Error unless `input` is an image (C, H, W) of at least `smallest` rows and columns.
void require_image(const Spec& spec, const Shape& input, std::int64_t smallest);

/// Max-pooling 2x2 with stride 2, or `x` itself where an image of one row or column has nothing left to halve.
ValueId pool_if_possible(Graph& graph, const std::string& name, ValueId x);

std::span<const OptionInfo> mlp_options();
std::span<const OptionInfo> vanilla_options();
std::span<const OptionInfo> lenet5_options();
std::span<const OptionInfo> resnet_cifar_options();  // of both kinds of residual networks
std::span<const OptionInfo> vgg_options();
std::span<const OptionInfo> alexnet_options();
std::span<const OptionInfo> densenet_options();
std::span<const OptionInfo> convmixer_options();

Graph mlp(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph vanilla(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph lenet5(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph resnet_cifar(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph resnet(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph vgg(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph alexnet(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph densenet(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);
Graph convmixer(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes);

}  // namespace fanin::model::builders
