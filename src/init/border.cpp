// The second moment as a map over positions, through the whole graph.
#include "init/border.h"

#include <numeric>
#include <variant>

namespace fanin::init {
namespace {

using model::Graph;
using model::Node;

/// Second moments by position, for all channels alike. Their mean is 1 but behind explicit padding.
struct Map {
  std::int64_t height = 1, width = 1;
  std::vector<double> values = {1.0};

  Map() = default;
  Map(std::int64_t h, std::int64_t w, double value)
      : height(h), width(w), values(static_cast<std::size_t>(h * w), value) {}
  double& at(std::int64_t y, std::int64_t x) { return values[static_cast<std::size_t>(y * width + x)]; }
  double at(std::int64_t y, std::int64_t x) const { return values[static_cast<std::size_t>(y * width + x)]; }
  bool holds(std::int64_t y, std::int64_t x) const { return y >= 0 && y < height && x >= 0 && x < width; }
  double mean() const {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  void scale_to(double wanted) {
    const double now = mean();
    for (double& value : values) value *= now > 0 ? wanted / now : 1;
  }
};

/// Positions along one axis of what is read there: window `at` begins at at * stride - before.
struct Axis {
  std::int64_t kernel, stride, before, dilation = 1;
};

/// Sums over windows.
Map window_sums(const Map& in, const Shape& shape, Axis down, Axis across) {
  Map out(shape[1], shape[2], 0.0);
  for (std::int64_t y = 0; y < out.height; ++y)
    for (std::int64_t x = 0; x < out.width; ++x)
      for (std::int64_t v = 0; v < down.kernel; ++v)
        for (std::int64_t u = 0; u < across.kernel; ++u) {
          const std::int64_t row = y * down.stride - down.before + v * down.dilation;
          const std::int64_t column = x * across.stride - across.before + u * across.dilation;
          if (in.holds(row, column)) out.at(y, x) += in.at(row, column);
        }
  return out;
}

Map flat(const Shape& shape) {
  return shape.size() == 3 ? Map(shape[1], shape[2], 1.0) : Map();
}

/// The map behind a node.
struct Follow {
  const Graph& graph;
  const Node& node;
  const std::vector<const Map*>& inputs;
  Border& border;

  const Shape& shape() const { return graph.value(node.output).shape; }

  Map weights(Map out, double fan_taps) const {
    border.padded = inputs[0]->mean();
    border.factor = out.mean() / fan_taps;
    out.scale_to(1);
    return out;
  }
  template <class Pool>
  Map pool(const Pool& op) const {
    Map out = window_sums(*inputs[0], shape(), {op.kernel_h, op.stride_h, op.pad_top},
                          {op.kernel_w, op.stride_w, op.pad_left});
    out.scale_to(inputs[0]->mean());
    return out;
  }

  Map operator()(const model::Conv2d& op) const {
    return weights(window_sums(*inputs[0], shape(), {op.kernel_h, op.stride_h, op.pad_top, op.dilation_h},
                               {op.kernel_w, op.stride_w, op.pad_left, op.dilation_w}),
                   static_cast<double>(op.kernel_h * op.kernel_w));
  }
  Map operator()(const model::Linear&) const { return weights(*inputs[0], 1); }
  Map operator()(const model::MaxPool2d& op) const { return pool(op); }
  Map operator()(const model::AveragePool2d& op) const { return pool(op); }
  Map operator()(const model::Pad& op) const {
    const Map& in = *inputs[0];
    if (shape().size() != 3) return in;
    Map out(shape()[1], shape()[2], 0.0);
    for (std::int64_t y = 0; y < out.height; ++y)
      for (std::int64_t x = 0; x < out.width; ++x)
        if (in.holds(y - op.top, x - op.left)) out.at(y, x) = in.at(y - op.top, x - op.left);
    return out;
  }
  Map operator()(const model::BatchNorm&) const {
    Map out = *inputs[0];
    out.scale_to(1);
    return out;
  }
  /// The mean of the inputs' maps; where an operator leaves no map, a flat one.
  template <class Other>
  Map operator()(const Other&) const {
    Map out = *inputs[0];
    for (std::size_t i = 1; i < inputs.size(); ++i)
      for (std::size_t at = 0; at < out.values.size(); ++at) out.values[at] += inputs[i]->values[at];
    for (double& value : out.values) value /= static_cast<double>(inputs.size());
    const Map expected = flat(shape());
    if (out.values.size() == expected.values.size()) return out;
    return Map(expected.height, expected.width, out.mean());
  }
};

}  // namespace

std::vector<Border> borders(const Graph& graph) {
  std::vector<Map> maps(graph.values().size());
  maps[static_cast<std::size_t>(graph.input())] = flat(graph.value(graph.input()).shape);
  std::vector<Border> result(graph.nodes().size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const Node& node = graph.nodes()[i];
    std::vector<const Map*> inputs;
    for (const model::ValueId input : node.inputs) inputs.push_back(&maps[static_cast<std::size_t>(input)]);
    maps[static_cast<std::size_t>(node.output)] = std::visit(Follow{graph, node, inputs, result[i]}, node.op);
  }
  return result;
}

}  // namespace fanin::init
