// Residual networks for small images: a 3x3 convolution of 16 maps, three stages of n blocks (16, 32, 64 maps; the
// second and third begin with stride 2), the mean over positions, a linear layer: 6n + 2 layers. Shortcuts have no
// parameters (option A): where a stage begins every second pixel is taken and zero channels are put before and after in
// equal parts.
#include <fmt/format.h>

#include <array>
#include <string>

#include "model/builders/families.h"

namespace fanin::model::builders {
namespace {

struct Variant {
  bool norm;
  std::string scale;  // of a branch: none, scalar, channel
};

ValueId conv_norm(Graph& graph, const std::string& prefix, int index, const Variant& variant, std::int64_t channels,
                  std::int64_t stride, ValueId x) {
  x = graph.add(fmt::format("{}conv{}", prefix, index), square_conv(channels, 3, stride, 1, !variant.norm), {x});
  return variant.norm ? graph.add(fmt::format("{}bn{}", prefix, index), BatchNorm{}, {x}) : x;
}

ValueId shortcut(Graph& graph, const std::string& prefix, std::int64_t channels, std::int64_t stride, ValueId x) {
  const std::int64_t before = graph.value(x).shape[0];
  if (stride != 1) {
    // A mean over one pixel: subsampling.
    x = graph.add(prefix + "shortcut.subsample",
                  AveragePool2d{.kernel_h = 1, .kernel_w = 1, .stride_h = stride, .stride_w = stride}, {x});
  }
  if (before != channels) {
    const std::int64_t half = (channels - before) / 2;
    x = graph.add(prefix + "shortcut.pad", Pad{.channels_before = half, .channels_after = channels - before - half},
                  {x});
  }
  return x;
}

ValueId block(Graph& graph, const std::string& prefix, const Variant& variant, std::int64_t channels,
              std::int64_t stride, ValueId input) {
  const Activation relu{ActivationKind::relu};
  ValueId x = conv_norm(graph, prefix, 1, variant, channels, stride, input);
  x = graph.add(prefix + "relu1", relu, {x});
  x = conv_norm(graph, prefix, 2, variant, channels, 1, x);
  if (variant.scale != "none") x = graph.add(prefix + "scale", Scale{.channels = variant.scale == "channel"}, {x});
  x = graph.add(prefix + "add", Add{}, {x, shortcut(graph, prefix, channels, stride, input)});
  return graph.add(prefix + "relu2", relu, {x});
}

}  // namespace

std::span<const OptionInfo> resnet_cifar_options() {
  static constexpr std::array options = {
      OptionInfo{"norm", OptionKind::choice, "batch", 0, 0, "batch|none",
                 "batch normalization after each convolution; none: convolutions have biases instead"},
      OptionInfo{"branch_scale", OptionKind::choice, "none", 0, 0, "none|scalar|channel",
                 "each residual branch ends in trainable factors that start at 0: scalar one (SkipInit, ReZero), "
                 "channel one a channel (LayerScale)"},
  };
  return options;
}

Graph resnet_cifar(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  require_image(spec, input, 1);
  const std::int64_t depth = parse_integer(std::string_view(spec.name).substr(6), "depth of " + spec.name);
  const Variant variant{options.text("norm") == "batch", options.text("branch_scale")};
  Graph graph(spec.text(), input);
  ValueId x = conv_norm(graph, "", 1, variant, 16, 1, graph.input());
  x = graph.add("relu", Activation{ActivationKind::relu}, {x});
  for (int stage = 1; stage <= 3; ++stage) {
    for (int i = 0; i < (depth - 2) / 6; ++i) {
      const std::int64_t stride = stage > 1 && i == 0 ? 2 : 1;
      x = block(graph, fmt::format("layer{}.{}.", stage, i), variant, std::int64_t{8} << stage, stride, x);
    }
  }
  x = graph.add("avgpool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
