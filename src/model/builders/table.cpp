// The table of built-in architectures and the way from a spec to a graph.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"
#include "model/builders/families.h"
#include "model/builders/registered.h"

namespace fanin::model {
namespace {

constexpr std::string_view residual_paper =
    "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016, section 4.2";

// Larger networks are an option mistyped: their weights alone would take 8 GB.
constexpr std::int64_t most_parameters = 2'000'000'000;

const std::vector<BuilderInfo>& table() {
  static const std::vector<BuilderInfo> rows = [] {
    std::vector<BuilderInfo> made = {
        {"mlp", "Multilayer perceptron: hidden layers of one width, then the logits", "", builders::mlp_options(),
         builders::mlp},
        {"vanilla", "Plain deep CNN without shortcuts: 3x3 convolutions, global average pooling, a linear layer",
         "Xiao et al.: Dynamical Isometry and a Mean Field Theory of CNNs, ICML 2018 (the setting, not the exact "
         "network)",
         builders::vanilla_options(), builders::vanilla},
        {"lenet5", "LeNet-5 as it is used today: max-pooling, full connections, a linear output",
         "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998",
         builders::lenet5_options(), builders::lenet5}};
    for (const std::string_view name : {"resnet20", "resnet32", "resnet44", "resnet56", "resnet110"}) {
      made.push_back({name, "Residual network for small images, shortcuts without parameters (option A)",
                      residual_paper, builders::resnet_cifar_options(), builders::resnet_cifar});
    }
    for (const std::string_view name : {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"}) {
      made.push_back({name, "Residual network for large images, shortcuts by 1x1 convolutions, torchvision's structure",
                      "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016, table 1",
                      builders::resnet_cifar_options(), builders::resnet});
    }
    made.push_back(
        {"alexnet", "AlexNet for small images: five convolutions, one linear layer",
         "Krizhevsky: One weird trick for parallelizing convolutional neural networks, arXiv:1404.5997 (widths)",
         builders::alexnet_options(), builders::alexnet});
    for (const std::string_view name : {"vgg11", "vgg13", "vgg16", "vgg19"}) {
      made.push_back({name, "VGG for small images: stages of 3x3 convolutions, one linear layer",
                      "Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR "
                      "2015, table 1",
                      builders::vgg_options(), builders::vgg});
    }
    made.push_back({"densenet", "DenseNet for small images: every layer of a block reads all before it",
                    "Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks, CVPR 2017",
                    builders::densenet_options(), builders::densenet});
    made.push_back({"convmixer", "ConvMixer: depthwise convolutions mix positions, pointwise ones channels",
                    "Trockman, Kolter: Patches Are All You Need?, TMLR 2023", builders::convmixer_options(),
                    builders::convmixer});
    return made;
  }();
  return rows;
}

/// By the table, else by what is registered.
Graph build_any(const Spec& spec, const Shape& input, std::int64_t classes) {
  const auto row =
      std::find_if(table().begin(), table().end(), [&](const BuilderInfo& info) { return info.name == spec.name; });
  if (row != table().end()) {
    const Options options(spec, row->options, fmt::format("model '{}'", spec.name));
    return row->build(spec, options, input, classes);
  }
  if (std::optional<Graph> own = build_registered(spec, input, classes)) return *std::move(own);
  std::vector<std::string> known;
  for (const BuilderInfo& info : table()) known.emplace_back(info.name);
  for (std::string& name : registered_names()) known.push_back(std::move(name));
  throw Error(unknown_name_message("model", spec.name, known));
}

}  // namespace

std::span<const BuilderInfo> builder_table() {
  return table();
}

Graph build_model(const Spec& spec, const Shape& input, std::int64_t classes) {
  if (classes < 2)
    throw Error(fmt::format("model '{}': {} classes given; at least 2 are expected", spec.name, classes));
  Graph graph = build_any(spec, input, classes);
  if (graph.trainable_count() > most_parameters) {
    throw Error(fmt::format("model '{}' has {} parameters; at most {} are supported", spec.text(),
                            graph.trainable_count(), most_parameters));
  }
  return graph;
}

namespace builders {

Conv2d square_conv(std::int64_t channels, std::int64_t kernel, std::int64_t stride, std::int64_t padding, bool bias) {
  return {.out_channels = channels,
          .kernel_h = kernel,
          .kernel_w = kernel,
          .stride_h = stride,
          .stride_w = stride,
          .pad_top = padding,
          .pad_left = padding,
          .pad_bottom = padding,
          .pad_right = padding,
          .bias = bias};
}

Operator activation_operator(std::string_view name) {
  if (name == "prelu") return PReLU{};
  return Activation{parse_activation(name)};
}

ValueId pool_if_possible(Graph& graph, const std::string& name, ValueId x) {
  const Shape& shape = graph.value(x).shape;
  return std::min(shape[1], shape[2]) < 2 ? x : graph.add(name, MaxPool2d{}, {x});
}

void require_image(const Spec& spec, const Shape& input, std::int64_t smallest) {
  if (input.size() != 3) {
    throw Error(fmt::format("model '{}' takes images (C, H, W); the input has shape {}", spec.name, to_string(input)));
  }
  if (input[1] < smallest || input[2] < smallest) {
    throw Error(fmt::format("model '{}' needs images of at least {}x{} pixels; these have {}x{}", spec.name, smallest,
                            smallest, input[1], input[2]));
  }
}

}  // namespace builders
}  // namespace fanin::model
