// One random network for each row of the operator table.
#include "reference/random_cases.h"

#include <stdexcept>

namespace fanin::testing {
namespace {

using namespace model;

Shape random_image(Dice& dice) {
  return {dice.between(1, 4), dice.between(3, 8), dice.between(3, 8)};
}

// A convolution that fits `input`: strides, asymmetric padding, dilation; dense, grouped or depthwise.
Conv2d random_conv(Shape& input, Dice& dice) {
  Conv2d op;
  op.groups = dice.between(1, 3);
  input[0] = op.groups * dice.between(1, 3);
  if (dice.between(0, 3) == 0) op.groups = input[0];
  op.out_channels = op.groups * dice.between(1, 3);
  op.kernel_h = dice.between(1, 3);
  op.kernel_w = dice.between(1, 3);
  op.stride_h = dice.between(1, 3);
  op.stride_w = dice.between(1, 3);
  op.pad_top = dice.between(0, 3);
  op.pad_left = dice.between(0, 3);
  op.pad_bottom = dice.between(0, 3);
  op.pad_right = dice.between(0, 3);
  if (input[1] + op.pad_top + op.pad_bottom > 2 * (op.kernel_h - 1)) op.dilation_h = dice.between(1, 2);
  if (input[2] + op.pad_left + op.pad_right > 2 * (op.kernel_w - 1)) op.dilation_w = dice.between(1, 2);
  op.bias = dice.coin();
  return op;
}

template <class Pool>
Pool random_pool(Dice& dice) {
  Pool op;
  op.kernel_h = dice.between(1, 3);
  op.kernel_w = dice.between(1, 3);
  op.stride_h = dice.between(1, 3);
  op.stride_w = dice.between(1, 3);
  op.pad_top = dice.between(0, op.kernel_h - 1);
  op.pad_bottom = dice.between(0, op.kernel_h - 1);
  op.pad_left = dice.between(0, op.kernel_w - 1);
  op.pad_right = dice.between(0, op.kernel_w - 1);
  return op;
}

// Shape and operator for each alternative; the input is changed where the operator asks for it.
struct Maker {
  Shape& input;
  Dice& dice;

  Operator operator()(const Conv2d&) const { return random_conv(input, dice); }
  Operator operator()(const Linear&) const {
    input = {dice.between(1, 9)};
    return Linear{dice.between(1, 7), dice.coin()};
  }
  Operator operator()(const BatchNorm&) const {
    if (dice.coin()) input = {dice.between(1, 9)};
    return BatchNorm{dice.coin() ? 1e-5 : 0.1, dice.uniform(0, 1)};
  }
  Operator operator()(const Activation&) const {
    return Activation{static_cast<ActivationKind>(dice.between(0, activation_kinds - 1)), 0.2};
  }
  Operator operator()(const MaxPool2d&) const { return random_pool<MaxPool2d>(dice); }
  Operator operator()(const AveragePool2d&) const {
    auto op = random_pool<AveragePool2d>(dice);
    op.count_include_pad = dice.coin();
    return op;
  }
  Operator operator()(const Pad&) const {
    return Pad{dice.between(0, 2), dice.between(0, 2), dice.between(0, 2),
               dice.between(0, 2), dice.between(0, 2), dice.between(0, 2)};
  }
  Operator operator()(const Dropout&) const { return Dropout{dice.uniform(0, 0.9)}; }
  Operator operator()(const Scale&) const {
    if (dice.coin()) input = {dice.between(1, 9)};
    return Scale{dice.uniform(-1, 1), dice.coin()};
  }
  Operator operator()(const PReLU&) const {
    if (dice.coin()) input = {dice.between(1, 9)};
    return PReLU{dice.coin(), dice.uniform(-1, 1)};
  }
  Operator operator()(const Concat& op) const {
    if (dice.coin()) input = {dice.between(1, 9)};
    return op;
  }
  Operator operator()(const GlobalAveragePool& op) const { return op; }
  Operator operator()(const Add& op) const { return op; }
  Operator operator()(const Flatten& op) const { return op; }
};

template <std::size_t... I>
Operator alternative(std::size_t index, std::index_sequence<I...>) {
  Operator op;
  ((I == index ? void(op.emplace<I>()) : void()), ...);
  return op;
}

}  // namespace

Graph random_operator_graph(std::size_t index, Dice& dice) {
  if (index >= std::variant_size_v<Operator>) throw std::logic_error("no such operator");
  Shape input = random_image(dice);
  const Operator op =
      std::visit(Maker{input, dice}, alternative(index, std::make_index_sequence<std::variant_size_v<Operator>>()));
  Graph graph(std::string(operator_info(op).name), input);
  if (operator_info(op).inputs == 1) {
    graph.add("node", op, {graph.input()});
  } else {
    // Two different values, one of which has two readers; three inputs where any number is taken.
    const ValueId bent = graph.add("bent", Activation{ActivationKind::tanh}, {graph.input()});
    std::vector<ValueId> inputs = {bent, graph.input()};
    if (operator_info(op).inputs == any_number) inputs.push_back(bent);
    graph.add("node", op, inputs);
  }
  return graph;
}

void randomize_parameters(reference::Network& network, Dice& dice) {
  for (std::size_t i = 0; i < network.graph().parameters().size(); ++i) {
    const auto id = static_cast<ParameterId>(i);
    const bool variance = network.graph().parameter(id).role == Role::running_var;
    for (double& x : network.parameter(id)) x = variance ? dice.uniform(0.5, 2) : dice.uniform(-1, 1);
  }
}

}  // namespace fanin::testing
