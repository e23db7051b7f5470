// What follows from a graph's shapes alone: fans, the activation that follows, multiply-accumulates.
#include <fmt/format.h>

#include <vector>

#include "fanin/base/error.h"
#include "fanin/model/graph.h"

namespace fanin::model {
namespace {

// Operators that pass a signal on (perhaps scaled, averaged or summed): the search for an activation looks through
// them.
struct LooksThrough {
  bool operator()(const Conv2d&) const { return false; }
  bool operator()(const Linear&) const { return false; }
  bool operator()(const PReLU&) const { return false; }
  bool operator()(const Activation& op) const { return op.kind == ActivationKind::identity; }
  template <class Other>
  bool operator()(const Other&) const {
    return true;
  }
};

}  // namespace

Fans fans(const Graph& graph, const Node& node) {
  if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
    const Shape& weight = graph.parameter(node.parameters.at(0)).shape;
    const auto window = static_cast<double>(weight[2] * weight[3]);
    const auto outputs = static_cast<double>(conv->out_channels / conv->groups);
    return {static_cast<double>(weight[1]) * window,
            outputs * window / static_cast<double>(conv->stride_h * conv->stride_w)};
  }
  if (std::holds_alternative<Linear>(node.op)) {
    const Shape& weight = graph.parameter(node.parameters.at(0)).shape;
    return {static_cast<double>(weight[1]), static_cast<double>(weight[0])};
  }
  throw Error(fmt::format("{}: {} has no fans; conv2d or linear is expected", node.name, operator_info(node.op).name));
}

Activation following_activation(const Graph& graph, const Node& node) {
  // One sweep in topological order: `reached` marks the values that carry this node's output.
  std::vector<bool> reached(graph.values().size(), false);
  reached[static_cast<std::size_t>(node.output)] = true;
  for (const Node& next : graph.nodes()) {
    bool reads = false;
    for (const ValueId input : next.inputs) reads = reads || reached[static_cast<std::size_t>(input)];
    if (!reads) continue;
    if (std::visit(LooksThrough{}, next.op)) {
      reached[static_cast<std::size_t>(next.output)] = true;
    } else if (const auto* activation = std::get_if<Activation>(&next.op)) {
      return *activation;
    } else if (const auto* prelu = std::get_if<PReLU>(&next.op)) {
      return {ActivationKind::leaky_relu, prelu->initial};
    }
  }
  return {ActivationKind::identity};
}

std::int64_t multiply_accumulates(const Graph& graph, const Node& node) {
  if (!std::holds_alternative<Conv2d>(node.op) && !std::holds_alternative<Linear>(node.op)) return 0;
  const Shape& weight = graph.parameter(node.parameters.at(0)).shape;
  const Shape& output = graph.value(node.output).shape;
  const std::int64_t positions = output.size() == 3 ? output[1] * output[2] : 1;
  return element_count(weight) * positions;
}

}  // namespace fanin::model
