// ConvMixer: patches become pixels, then blocks of a depthwise convolution (in a residual branch) that mixes positions
// and a pointwise one that mixes channels; GELU and batch normalization behind every convolution; the mean over
// positions; a linear layer. All layers keep the width and the image's extent.
#include <fmt/format.h>

#include <array>

#include "model/builders/families.h"

namespace fanin::model::builders {
namespace {

ValueId activate(Graph& graph, const std::string& prefix, ValueId x) {
  x = graph.add(prefix + "gelu", Activation{ActivationKind::gelu}, {x});
  return graph.add(prefix + "bn", BatchNorm{}, {x});
}

/// A depthwise convolution that keeps the extent; an even kernel reaches one further behind than before (PyTorch's
/// padding="same").
Conv2d depthwise_conv(std::int64_t channels, std::int64_t kernel) {
  const std::int64_t before = (kernel - 1) / 2, after = kernel / 2;
  return {.out_channels = channels,
          .kernel_h = kernel,
          .kernel_w = kernel,
          .pad_top = before,
          .pad_left = before,
          .pad_bottom = after,
          .pad_right = after,
          .groups = channels};
}

}  // namespace

std::span<const OptionInfo> convmixer_options() {
  static constexpr std::array options = {
      OptionInfo{"width", OptionKind::integer, "128", 2, 4096, "", "channels of each convolution"},
      OptionInfo{"depth", OptionKind::integer, "4", 1, 1000, "", "blocks of a depthwise and a pointwise convolution"},
      OptionInfo{"kernel", OptionKind::integer, "7", 1, 31, "", "extent of the depthwise kernels"},
      OptionInfo{"patch", OptionKind::integer, "2", 1, 64, "", "extent of the patches that become one pixel"},
  };
  return options;
}

Graph convmixer(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  const std::int64_t width = options.integer("width"), patch = options.integer("patch");
  require_image(spec, input, patch);
  Graph graph(spec.text(), input);
  ValueId x = graph.add("patches", square_conv(width, patch, patch, 0, true), {graph.input()});
  x = activate(graph, "patches.", x);
  for (std::int64_t i = 0; i < options.integer("depth"); ++i) {
    const std::string prefix = fmt::format("block{}.", i);
    ValueId mixed = graph.add(prefix + "depthwise", depthwise_conv(width, options.integer("kernel")), {x});
    mixed = activate(graph, prefix + "depthwise.", mixed);
    x = graph.add(prefix + "add", Add{}, {mixed, x});
    x = graph.add(prefix + "pointwise", square_conv(width, 1, 1, 0, true), {x});
    x = activate(graph, prefix + "pointwise.", x);
  }
  x = graph.add("avgpool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
