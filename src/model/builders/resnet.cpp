// Residual networks for large images: a 7x7 convolution with stride 2 and 3x3 maximum pooling with stride 2, four
// stages of 64, 128, 256 and 512 maps, the mean over positions, a linear layer. A block is two 3x3 convolutions up to
// depth 34, else 1x1, 3x3 and 1x1 with four times the maps at its end (bottleneck). The second to fourth stage begin
// with stride 2, in a bottleneck at its 3x3 convolution ("v1.5", Goyal et al. 2017, arXiv:1706.02677, section 5.1, and
// torchvision) where the paper has it at the first 1x1. A shortcut that changes maps or size is a 1x1 convolution
// (option B). Parameters have torchvision's names.
#include <fmt/format.h>

#include <array>

#include "fanin/base/error.h"
#include "model/builders/families.h"

namespace fanin::model::builders {
namespace {

struct Family {
  int depth;
  std::array<int, 4> blocks;
  bool bottleneck;
};
constexpr std::array<Family, 5> families = {{{18, {2, 2, 2, 2}, false},
                                             {34, {3, 4, 6, 3}, false},
                                             {50, {3, 4, 6, 3}, true},
                                             {101, {3, 4, 23, 3}, true},
                                             {152, {3, 8, 36, 3}, true}}};

struct Variant {
  bool bottleneck, norm, scale;
};

ValueId conv_norm(Graph& graph, const std::string& conv, const std::string& norm, const Variant& variant,
                  std::int64_t channels, std::int64_t kernel, std::int64_t stride, ValueId x) {
  x = graph.add(conv, square_conv(channels, kernel, stride, kernel / 2, !variant.norm), {x});
  return variant.norm ? graph.add(norm, BatchNorm{}, {x}) : x;
}

ValueId block(Graph& graph, const std::string& prefix, const Variant& variant, std::int64_t maps, std::int64_t stride,
              ValueId input) {
  const Activation relu{ActivationKind::relu};
  const auto convolve = [&](int index, std::int64_t channels, std::int64_t kernel, std::int64_t step, ValueId x) {
    return conv_norm(graph, fmt::format("{}conv{}", prefix, index), fmt::format("{}bn{}", prefix, index), variant,
                     channels, kernel, step, x);
  };
  const std::int64_t channels = variant.bottleneck ? 4 * maps : maps;
  ValueId x = input;
  if (variant.bottleneck) {
    x = graph.add(prefix + "relu1", relu, {convolve(1, maps, 1, 1, x)});
    x = graph.add(prefix + "relu2", relu, {convolve(2, maps, 3, stride, x)});
    x = convolve(3, channels, 1, 1, x);
  } else {
    x = graph.add(prefix + "relu1", relu, {convolve(1, maps, 3, stride, x)});
    x = convolve(2, channels, 3, 1, x);
  }
  if (variant.scale) x = graph.add(prefix + "scale", Scale{}, {x});
  ValueId shortcut = input;
  if (stride != 1 || graph.value(input).shape[0] != channels)
    shortcut =
        conv_norm(graph, prefix + "downsample.0", prefix + "downsample.1", variant, channels, 1, stride, shortcut);
  x = graph.add(prefix + "add", Add{}, {x, shortcut});
  return graph.add(prefix + "relu", relu, {x});
}

}  // namespace

Graph resnet(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  require_image(spec, input, 1);
  const std::int64_t depth = parse_integer(std::string_view(spec.name).substr(6), "depth of " + spec.name);
  const Family* family = nullptr;
  for (const Family& row : families)
    if (row.depth == depth) family = &row;
  if (family == nullptr) throw Error(fmt::format("no residual network of depth {}", depth));
  const Variant variant{family->bottleneck, options.text("norm") == "batch", options.text("branch_scale") == "scalar"};
  Graph graph(spec.text(), input);
  ValueId x = conv_norm(graph, "conv1", "bn1", variant, 64, 7, 2, graph.input());
  x = graph.add("relu", Activation{ActivationKind::relu}, {x});
  MaxPool2d pool{.kernel_h = 3, .kernel_w = 3};
  pool.pad_top = pool.pad_left = pool.pad_bottom = pool.pad_right = 1;
  x = graph.add("maxpool", pool, {x});
  for (std::size_t stage = 0; stage < family->blocks.size(); ++stage)
    for (int i = 0; i < family->blocks[stage]; ++i)
      x = block(graph, fmt::format("layer{}.{}.", stage + 1, i), variant, std::int64_t{64} << stage,
                stage > 0 && i == 0 ? 2 : 1, x);
  x = graph.add("avgpool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
