// LeNet-5 as it is used today: 5x5 convolutions of 6 and 16 maps, max-pooling after each, 120, 84, logits. Small images
// (MNIST's 28x28) are padded by 2 at the first convolution, so that its maps are as with the paper's 32x32 input.
#include <algorithm>
#include <array>

#include "model/builders/families.h"

namespace fanin::model::builders {

std::span<const OptionInfo> lenet5_options() {
  static constexpr std::array options = {
      OptionInfo{"activation", OptionKind::choice, "relu", 0, 0, activation_choices, "after each layer but the last"},
  };
  return options;
}

Graph lenet5(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  // 12 -> 12 -> 6 -> 2 -> 1: the smallest side of which something is left after the second pooling.
  require_image(spec, input, 12);
  Graph graph(spec.text(), input);
  const Operator activation = activation_operator(options.text("activation"));
  const std::int64_t padding = std::min(input[1], input[2]) < 32 ? 2 : 0;
  ValueId x = graph.add("conv1", square_conv(6, 5, 1, padding, true), {graph.input()});
  x = graph.add("act1", activation, {x});
  x = graph.add("pool1", MaxPool2d{}, {x});
  x = graph.add("conv2", square_conv(16, 5, 1, 0, true), {x});
  x = graph.add("act2", activation, {x});
  x = graph.add("pool2", MaxPool2d{}, {x});
  x = graph.add("flatten", Flatten{}, {x});
  x = graph.add("fc1", Linear{120}, {x});
  x = graph.add("act3", activation, {x});
  x = graph.add("fc2", Linear{84}, {x});
  x = graph.add("act4", activation, {x});
  graph.add("fc3", Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
