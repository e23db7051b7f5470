// The second moment as a map over positions, through the whole graph.
#include "init/border.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>
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
  double* row(std::int64_t y) { return values.data() + y * width; }
  const double* row(std::int64_t y) const { return values.data() + y * width; }
  /// In four sums: one would wait for each addition.
  double mean() const {
    double sums[4] = {};
    const std::size_t whole = values.size() / 4 * 4;
    for (std::size_t i = 0; i < whole; i += 4)
      for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += values[i + lane];
    const double rest = std::accumulate(values.begin() + static_cast<std::ptrdiff_t>(whole), values.end(), 0.0);
    return (sums[0] + sums[1] + sums[2] + sums[3] + rest) / static_cast<double>(values.size());
  }
};
/// Shared by the values between which nothing changes: initializing must not wait for this.
using SharedMap = std::shared_ptr<const Map>;

/// Positions along one axis of what is read there: window `at` begins at at * stride - before.
struct Axis {
  std::int64_t kernel, stride, before, dilation = 1;

  /// Reads each position once and in place.
  bool is_identity() const { return kernel == 1 && stride == 1 && before == 0; }
  std::int64_t position(std::int64_t at, std::int64_t tap) const { return at * stride - before + tap * dilation; }
};

/// Sums over windows: down the columns, then along the rows.
Map window_sums(const Map& in, const Shape& shape, Axis down, Axis across) {
  Map tall(shape[1], in.width, 0.0);
  for (std::int64_t y = 0; y < tall.height; ++y)
    for (std::int64_t tap = 0; tap < down.kernel; ++tap) {
      const std::int64_t from = down.position(y, tap);
      if (from < 0 || from >= in.height) continue;
      double* const to = tall.row(y);
      const double* const row = in.row(from);
      for (std::int64_t x = 0; x < in.width; ++x) to[x] += row[x];
    }
  Map out(shape[1], shape[2], 0.0);
  for (std::int64_t tap = 0; tap < across.kernel; ++tap) {
    std::int64_t first = 0, last = out.width;  // windows whose tap lies in the image
    while (first < last && across.position(first, tap) < 0) ++first;
    while (last > first && across.position(last - 1, tap) >= in.width) --last;
    for (std::int64_t y = 0; y < out.height; ++y) {
      double* const to = out.row(y);
      const double* const row = tall.row(y);
      const std::int64_t offset = across.position(0, tap);
      if (across.stride == 1) {
        for (std::int64_t x = first; x < last; ++x) to[x] += row[offset + x];
      } else {
        for (std::int64_t x = first; x < last; ++x) to[x] += row[offset + x * across.stride];
      }
    }
  }
  return out;
}

SharedMap flat(const Shape& shape, double value = 1) {
  return std::make_shared<Map>(shape.size() == 3 ? Map(shape[1], shape[2], value) : Map(1, 1, value));
}

/// The map of the given mean `now` with the mean `wanted`.
SharedMap scaled(Map map, double now, double wanted = 1) {
  const double factor = now > 0 ? wanted / now : 1;
  for (double& value : map.values) value *= factor;
  return std::make_shared<Map>(std::move(map));
}

SharedMap normalized(const SharedMap& map) {
  constexpr double same = 1e-12;  // a mean this close to 1 is 1
  const double mean = map->mean();
  return std::abs(mean - 1) < same ? map : scaled(*map, mean);
}

/// The map behind a node.
struct Follow {
  const Graph& graph;
  const Node& node;
  const std::vector<SharedMap>& inputs;
  Border& border;

  const Shape& shape() const { return graph.value(node.output).shape; }

  template <class Pool>
  SharedMap pool(const Pool& op) const {
    Map out = window_sums(*inputs[0], shape(), {op.kernel_h, op.stride_h, op.pad_top},
                          {op.kernel_w, op.stride_w, op.pad_left});
    const double mean = out.mean();
    return scaled(std::move(out), mean, inputs[0]->mean());
  }

  SharedMap operator()(const model::Conv2d& op) const {
    const Axis down{op.kernel_h, op.stride_h, op.pad_top, op.dilation_h};
    const Axis across{op.kernel_w, op.stride_w, op.pad_left, op.dilation_w};
    border.padded = border.factor = inputs[0]->mean();
    if (down.is_identity() && across.is_identity() && op.pad_bottom == 0 && op.pad_right == 0)
      return normalized(inputs[0]);
    Map out = window_sums(*inputs[0], shape(), down, across);
    const double sum = out.mean();
    border.factor = sum / static_cast<double>(op.kernel_h * op.kernel_w);
    return scaled(std::move(out), sum);
  }
  SharedMap operator()(const model::Linear&) const {
    border.padded = border.factor = inputs[0]->mean();
    return flat(shape());
  }
  SharedMap operator()(const model::MaxPool2d& op) const { return pool(op); }
  SharedMap operator()(const model::AveragePool2d& op) const { return pool(op); }
  SharedMap operator()(const model::Pad& op) const {
    const Map& in = *inputs[0];
    if (shape().size() != 3) return inputs[0];
    Map out(shape()[1], shape()[2], 0.0);
    for (std::int64_t y = 0; y < in.height; ++y) std::copy_n(in.row(y), in.width, out.row(y + op.top) + op.left);
    return std::make_shared<Map>(std::move(out));
  }
  SharedMap operator()(const model::BatchNorm&) const { return normalized(inputs[0]); }
  SharedMap operator()(const model::Add&) const { return mean_of_inputs(); }
  SharedMap operator()(const model::Concat&) const { return mean_of_inputs(); }
  /// What works on each position by itself, or leaves one.
  template <class Other>
  SharedMap operator()(const Other&) const {
    const bool positions = shape().size() == 3;
    if (positions && shape()[1] == inputs[0]->height && shape()[2] == inputs[0]->width) return inputs[0];
    return flat(shape(), inputs[0]->mean());
  }

  SharedMap mean_of_inputs() const {
    if (std::ranges::all_of(inputs, [&](const SharedMap& map) { return map == inputs[0]; })) return inputs[0];
    Map out = *inputs[0];
    for (std::size_t i = 1; i < inputs.size(); ++i)
      for (std::size_t at = 0; at < out.values.size(); ++at) out.values[at] += inputs[i]->values[at];
    for (double& value : out.values) value /= static_cast<double>(inputs.size());
    return std::make_shared<Map>(std::move(out));
  }
};

}  // namespace

std::vector<Border> borders(const Graph& graph) {
  std::vector<SharedMap> maps(graph.values().size());
  maps[static_cast<std::size_t>(graph.input())] = flat(graph.value(graph.input()).shape);
  std::vector<Border> result(graph.nodes().size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const Node& node = graph.nodes()[i];
    std::vector<SharedMap> inputs;
    for (const model::ValueId input : node.inputs) inputs.push_back(maps[static_cast<std::size_t>(input)]);
    maps[static_cast<std::size_t>(node.output)] = std::visit(Follow{graph, node, inputs, result[i]}, node.op);
  }
  return result;
}

}  // namespace fanin::init
