// AlexNet for small images: the five convolutions with the widths of the one-tower version (64, 192, 384, 256, 256),
// the first 11x11 with stride 4 and padding 5, pooling 2x2 instead of 3x3, no local response normalization, one linear
// layer instead of three: the variant that is used on CIFAR. Poolings and mean as in vgg.cpp.
#include <fmt/format.h>

#include <array>

#include "model/builders/families.h"

namespace fanin::model::builders {

std::span<const OptionInfo> alexnet_options() {
  static constexpr std::array options = {
      OptionInfo{"activation", OptionKind::choice, "relu", 0, 0, activation_choices, "after each convolution"},
  };
  return options;
}

Graph alexnet(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  require_image(spec, input, 1);
  const Operator activation = activation_operator(options.text("activation"));
  Graph graph(spec.text(), input);
  ValueId x = graph.input();
  const std::array convolutions = {square_conv(64, 11, 4, 5, true), square_conv(192, 5, 1, 2, true),
                                   square_conv(384, 3, 1, 1, true), square_conv(256, 3, 1, 1, true),
                                   square_conv(256, 3, 1, 1, true)};
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    x = graph.add(fmt::format("conv{}", i + 1), convolutions[i], {x});
    x = graph.add(fmt::format("act{}", i + 1), activation, {x});
    if (i != 2 && i != 3) x = pool_if_possible(graph, fmt::format("pool{}", i + 1), x);
  }
  x = graph.add("avgpool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
