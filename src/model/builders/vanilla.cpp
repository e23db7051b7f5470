// A plain CNN of any depth: 3x3 convolutions of one width, the second and third with stride 2 (28 -> 14 -> 7), then the
// mean over positions and a linear layer. Nothing but the initialization keeps its signal alive when norm=none.
#include <fmt/format.h>

#include <array>

#include "model/builders/families.h"

namespace fanin::model::builders {

std::span<const OptionInfo> vanilla_options() {
  static constexpr std::array options = {
      OptionInfo{"depth", OptionKind::integer, "20", 1, 1000, "", "number of convolutions"},
      OptionInfo{"width", OptionKind::integer, "16", 1, 4096, "", "channels of each convolution"},
      OptionInfo{"activation", OptionKind::choice, "relu", 0, 0, activation_choices, "after each convolution"},
      OptionInfo{"norm", OptionKind::choice, "none", 0, 0, "none|batch",
                 "batch normalization between convolution (then without bias) and activation"},
  };
  return options;
}

Graph vanilla(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  require_image(spec, input, 1);
  Graph graph(spec.text(), input);
  const Operator activation = activation_operator(options.text("activation"));
  const bool norm = options.text("norm") == "batch";
  ValueId x = graph.input();
  for (std::int64_t i = 1; i <= options.integer("depth"); ++i) {
    const std::int64_t stride = i == 2 || i == 3 ? 2 : 1;
    x = graph.add(fmt::format("conv{}", i), square_conv(options.integer("width"), 3, stride, 1, !norm), {x});
    if (norm) x = graph.add(fmt::format("bn{}", i), BatchNorm{}, {x});
    x = graph.add(fmt::format("act{}", i), activation, {x});
  }
  x = graph.add("avgpool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
