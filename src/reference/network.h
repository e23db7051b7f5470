// A whole graph run in double: the definition that the engine is tested against. Plain, sequential, slow.
//
//   Network network(model::build_model(...));
//   network.load(weights);
//   LossResult result = network.forward_backward(images, labels, {.seed = 1, .step = 0});
//   network.parameter_gradient(id) ... network.value(id) ... network.value_gradient(id)
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/model/graph.h"
#include "reference/operators.h"

namespace fanin::reference {

/// What a training pass depends on besides weights and batch.
struct TrainingPass {
  std::uint64_t seed = 0;  // dropout: element i of node's output is kept iff uniform float number i of the stream
  std::int64_t step = 0;   // (seed, node's name, Purpose::dropout, draw = step) is >= rate
  double label_smoothing = 0;
  Mixture mixture{};
};

/// All arrays are in logical order, values with the batch in front. The batch's size follows from the input's.
class Network {
 public:
  /// Norm scales and running variances are 1, residual scales and slopes their operator's initial value, all others 0.
  explicit Network(model::Graph graph);

  const model::Graph& graph() const { return graph_; }
  /// May be written to (an optimizer's update), its size kept.
  Array& parameter(model::ParameterId id) { return parameters_.at(static_cast<std::size_t>(id)); }
  const Array& parameter(model::ParameterId id) const { return parameters_.at(static_cast<std::size_t>(id)); }
  /// Sets all parameters, running statistics too. Throws Error on an unknown, missing or repeated name, or another
  /// shape.
  void load(const std::vector<NamedTensor>& tensors);

  /// Batch statistics and dropout; BatchNorm's running statistics move; gradients of the mean loss. Images (batch, C,
  /// H, W) or (batch, F).
  LossResult forward_backward(const Array& images, std::span<const std::int32_t> labels, const TrainingPass& pass = {});
  /// Running statistics, no dropout, no label smoothing, no gradients; the mean loss.
  LossResult evaluate(const Array& images, std::span<const std::int32_t> labels);

  /// The parts of a pass, for networks that do not end in logits: the output of a training or evaluation pass, and the
  /// gradients of sum(output * output_gradient) after it.
  const Array& forward(const Array& images, bool training, std::uint64_t seed = 0, std::int64_t step = 0);
  void backward(const Array& output_gradient);

  /// Of the last pass. Value 0 is the input.
  const Array& value(model::ValueId id) const { return values_.at(static_cast<std::size_t>(id)); }
  const Array& value_gradient(model::ValueId id) const { return value_gradients_.at(static_cast<std::size_t>(id)); }
  /// Zeros for running statistics.
  const Array& parameter_gradient(model::ParameterId id) const {
    return parameter_gradients_.at(static_cast<std::size_t>(id));
  }
  const Array& output() const { return value(graph_.output()); }

 private:
  Step bind(std::size_t node);

  model::Graph graph_;
  std::vector<Array> parameters_, parameter_gradients_;
  std::vector<Array> values_, value_gradients_;
  std::vector<Array> saved_;  // one a node
  std::int64_t batch_ = 0;
  bool training_ = false;
  std::uint64_t seed_ = 0;
  std::int64_t step_ = 0;
};

}  // namespace fanin::reference
