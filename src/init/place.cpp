// Where each layer stands in its network: first, last, in which residual branch, and what reaches it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <variant>
#include <vector>

#include "fanin/init/schemes.h"
#include "init/border.h"

namespace fanin::init {
namespace {

using model::Graph;
using model::Node;

bool has_weight(const Node& node) {
  return std::holds_alternative<model::Conv2d>(node.op) || std::holds_alternative<model::Linear>(node.op);
}

/// The nodes that a value is computed from.
std::vector<bool> ancestors(const Graph& graph, model::ValueId value) {
  std::vector<bool> wanted(graph.values().size(), false), result(graph.nodes().size(), false);
  wanted[static_cast<std::size_t>(value)] = true;
  for (std::size_t i = graph.nodes().size(); i-- > 0;) {
    const Node& node = graph.nodes()[i];
    if (!wanted[static_cast<std::size_t>(node.output)]) continue;
    result[i] = true;
    for (const model::ValueId input : node.inputs) wanted[static_cast<std::size_t>(input)] = true;
  }
  return result;
}

/// The nodes of the branch that ends in this Add, in topological order; empty where neither side has a weight layer.
std::vector<std::size_t> branch_of(const Graph& graph, const Node& add) {
  const std::vector<bool> left = ancestors(graph, add.inputs[0]), right = ancestors(graph, add.inputs[1]);
  std::vector<std::size_t> sides[2];
  int weights[2] = {0, 0};
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == right[i]) continue;
    const int side = left[i] ? 0 : 1;
    sides[side].push_back(i);
    weights[side] += has_weight(graph.nodes()[i]);
  }
  const int longer = weights[1] > weights[0] ? 1 : 0;
  return weights[longer] > 0 ? sides[longer] : std::vector<std::size_t>{};
}

void mark_branches(const Graph& graph, std::vector<Place>& result) {
  int blocks = 0;
  bool norms = false, scales = false, channel_scales = false;
  for (const Node& node : graph.nodes()) {
    if (!std::holds_alternative<model::Add>(node.op)) continue;
    const std::vector<std::size_t> branch = branch_of(graph, node);
    if (branch.empty()) continue;
    ++blocks;
    int layers = 0, position = 0;
    for (const std::size_t i : branch) layers += has_weight(graph.nodes()[i]);
    std::size_t last_norm = graph.nodes().size();
    for (const std::size_t i : branch) {
      const Node& inner = graph.nodes()[i];
      position += has_weight(inner);
      result[i].branch_layers = layers;
      result[i].branch_position = position;
      const auto* factor = std::get_if<model::Scale>(&inner.op);
      const bool scale = factor != nullptr;
      channel_scales = channel_scales || (scale && factor->channels);
      result[i].branch_end = position == layers && (has_weight(inner) || scale);
      if (position == layers && std::holds_alternative<model::BatchNorm>(inner.op)) last_norm = i;
      scales = scales || scale;
    }
    if (last_norm < graph.nodes().size()) {
      result[last_norm].branch_end = true;
      norms = true;
    }
  }
  for (Place& place : result) {
    place.blocks = blocks;
    place.branch_norms = norms;
    place.branch_scales = scales;
    place.channel_scales = channel_scales;
  }
}

void mark_ends(const Graph& graph, std::vector<Place>& result) {
  std::vector<int> above(graph.values().size(), 0);  // weight layers on the longest way to a value
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    int layers = 0;
    for (const model::ValueId input : node.inputs) layers = std::max(layers, above[static_cast<std::size_t>(input)]);
    result[i].first = has_weight(node) && layers == 0;
    above[static_cast<std::size_t>(node.output)] = layers + has_weight(node);
  }
  const int depth = graph.nodes().empty() ? 0 : above[static_cast<std::size_t>(graph.output())];
  std::vector<bool> weights_behind(graph.values().size(), false);
  for (std::size_t i = graph.nodes().size(); i-- > 0;) {
    const Node& node = graph.nodes()[i];
    const bool behind = weights_behind[static_cast<std::size_t>(node.output)];
    result[i].last = has_weight(node) && !behind;
    result[i].depth = std::max(1, depth);
    for (const model::ValueId input : node.inputs)
      if (behind || has_weight(node)) weights_behind[static_cast<std::size_t>(input)] = true;
  }
}

bool is_depthwise(const Graph& graph, const Node& node) {
  const auto* conv = std::get_if<model::Conv2d>(&node.op);
  return conv != nullptr && conv->groups > 1 && graph.parameter(node.parameters.at(0)).shape[1] == 1;
}

void mark_widths(const Graph& graph, std::vector<Place>& result) {
  std::int64_t width = 0;
  int depthwise = 0;
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    if (width == 0 && has_weight(node)) width = graph.parameter(node.parameters.at(0)).shape[0];
    if (is_depthwise(graph, node)) result[i].depthwise_position = ++depthwise;
  }
  for (Place& place : result) {
    place.network_width = width;
    place.depthwise_layers = depthwise;
  }
}

/// What max-pooling adds between a weight layer and the next one, along the way that has no fork and no norm.
double pooling_behind(const Graph& graph, const Node& from) {
  model::Activation activation{model::ActivationKind::identity};
  std::int64_t before = 1, after = 1;
  bool activated = false;
  for (const Node* node = &from;;) {
    const std::vector<model::NodeId> readers = graph.readers(node->output);
    if (readers.size() != 1) break;
    node = &graph.node(readers[0]);
    if (const auto* pool = std::get_if<model::MaxPool2d>(&node->op)) {
      (activated ? after : before) *= pool->kernel_h * pool->kernel_w;
    } else if (const auto* function = std::get_if<model::Activation>(&node->op)) {
      if (activated) break;
      activation = *function;
      activated = true;
    } else if (const auto* prelu = std::get_if<model::PReLU>(&node->op)) {
      if (activated) break;
      activation = {model::ActivationKind::leaky_relu, prelu->initial};
      activated = true;
    } else if (!std::holds_alternative<model::Flatten>(node->op) && !std::holds_alternative<model::Dropout>(node->op)) {
      break;
    }
  }
  return before * after > 1 ? pooling_factor(activation, after, before) : 1.0;
}

struct Moments {
  double mean = 0, variance = 1;
  double second() const { return variance + mean * mean; }
};

/// Mean and variance of the largest of n independent standard normals, whose density is n phi Phi^(n-1).
Moments largest_of(std::int64_t n) {
  double mean = 0, second = 0;
  constexpr double step = 1.0 / 64;
  for (int i = -12 * 64; i <= 12 * 64; ++i) {
    const double z = i * step, below = 0.5 * std::erfc(-z / std::numbers::sqrt2);
    const double density = static_cast<double>(n) * std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi) *
                           std::pow(below, static_cast<double>(n - 1));
    mean += step * density * z;
    second += step * density * z * z;
  }
  return {mean, second - mean * mean};
}

/// The moments of an operator's output from those of its inputs, which are taken as independent and normal.
/// Bingham & Miikkulainen 2023, AutoInit, section 3.
struct Propagate {
  const Graph& graph;
  const Node& node;
  const std::vector<Moments>& inputs;

  Moments operator()(const model::Conv2d&) const { return {0, 1}; }
  Moments operator()(const model::Linear&) const { return {0, 1}; }
  Moments operator()(const model::BatchNorm&) const { return {0, 1}; }
  Moments operator()(const model::Activation& op) const {
    if (inputs[0].variance <= 0) {
      const double value = model::activation_value(op, inputs[0].mean);
      return {value, 0};
    }
    const ActivationMoments f = activation_moments(op, inputs[0].mean, inputs[0].variance);
    return {f.mean, std::max(0.0, f.second - f.mean * f.mean)};
  }
  Moments operator()(const model::MaxPool2d& op) const {
    const Moments largest = largest_of(op.kernel_h * op.kernel_w);
    return {inputs[0].mean + std::sqrt(inputs[0].variance) * largest.mean, inputs[0].variance * largest.variance};
  }
  Moments operator()(const model::AveragePool2d& op) const {
    return {inputs[0].mean, inputs[0].variance / static_cast<double>(op.kernel_h * op.kernel_w)};
  }
  Moments operator()(const model::GlobalAveragePool&) const {
    const Shape& shape = graph.value(node.inputs[0]).shape;
    return {inputs[0].mean, inputs[0].variance / static_cast<double>(shape[1] * shape[2])};
  }
  Moments operator()(const model::Add&) const {
    return {inputs[0].mean + inputs[1].mean, inputs[0].variance + inputs[1].variance};
  }
  Moments operator()(const model::Flatten&) const { return inputs[0]; }
  Moments operator()(const model::Pad&) const {
    // The share of zeros takes part in mean and second moment alike; a variance of nu (1 - p) would lose p (1 - p)
    // mu^2.
    const double kept = static_cast<double>(element_count(graph.value(node.inputs[0]).shape)) /
                        static_cast<double>(element_count(graph.value(node.output).shape));
    const double mean = kept * inputs[0].mean;
    return {mean, kept * inputs[0].second() - mean * mean};
  }
  Moments operator()(const model::Dropout& op) const {
    return {inputs[0].mean, inputs[0].second() / (1 - op.rate) - inputs[0].mean * inputs[0].mean};
  }
  Moments operator()(const model::Scale& op) const {
    return {op.initial * inputs[0].mean, op.initial * op.initial * inputs[0].variance};
  }
  Moments operator()(const model::PReLU& op) const {
    return (*this)(model::Activation{model::ActivationKind::leaky_relu, op.initial});
  }
  Moments operator()(const model::Concat&) const {
    // Over all channels of the whole: the parts' moments about zero, by their shares.
    const auto all = static_cast<double>(element_count(graph.value(node.output).shape));
    double mean = 0, second = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const double share = static_cast<double>(element_count(graph.value(node.inputs[i]).shape)) / all;
      mean += share * inputs[i].mean;
      second += share * inputs[i].second();
    }
    return {mean, second - mean * mean};
  }
};

void mark_moments(const Graph& graph, std::vector<Place>& result) {
  const std::vector<Border> border = borders(graph);
  std::vector<Moments> moments(graph.values().size());
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    std::vector<Moments> inputs;
    for (const model::ValueId input : node.inputs) inputs.push_back(moments[static_cast<std::size_t>(input)]);
    result[i].input_mean = inputs[0].mean;
    result[i].input_variance = inputs[0].variance;
    moments[static_cast<std::size_t>(node.output)] = std::visit(Propagate{graph, node, inputs}, node.op);
    result[i].border = border[i].factor;
    result[i].padded = border[i].padded;
    if (has_weight(node)) result[i].pooling = pooling_behind(graph, node);
  }
}

}  // namespace

std::vector<Place> places(const Graph& graph) {
  std::vector<Place> result(graph.nodes().size());
  mark_ends(graph, result);
  mark_branches(graph, result);
  mark_widths(graph, result);
  mark_moments(graph, result);
  return result;
}

}  // namespace fanin::init
