// The network run on one batch while its layers change one after the other, in topological order.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "adapt/scheme.h"
#include "fanin/engine/program.h"

namespace fanin::adapt {

/// Mean and (population) variance over the batch and all positions.
struct Moments {
  double mean = 0, variance = 0;
};

class Layers {
 public:
  /// Compiles once. With batch normalization in the graph the passes are training passes (statistics of the batch,
  /// dropout on), else evaluation passes (no dropout). Throws Error where labels or images do not fit.
  Layers(const Task& task, const Batch& batch, std::vector<NamedTensor> state);

  /// A parameter's values in logical order; `change` says that the next reading needs a new pass.
  const std::vector<float>& values(model::ParameterId id) const;
  std::vector<float>& change(model::ParameterId id);

  /// What the node reads and gives: before any activation, since the program is not fused. With the batch in front.
  Tensor input_of(const model::Node& node);
  Tensor output_of(const model::Node& node);
  /// The moments of a layer's output: one pair over all channels, or one a channel.
  Moments moments_of(const model::Node& node);
  std::vector<Moments> channel_moments_of(const model::Node& node);

  std::vector<NamedTensor> take_state() { return std::move(state_); }

 private:
  void run();

  const Task& task_;
  std::vector<NamedTensor> state_;
  bool normalizes_;
  engine::Program program_;
  bool stale_ = true;
};

/// Whether all that reads this layer is a batch normalization, so that the layer's scale is lost: behind pooling,
/// padding, dropout or a flattening too.
bool feeds_norm(const model::Graph& graph, const model::Node& node);

/// "conv1, conv2 and 3 more"; empty for none.
std::string listed(const std::vector<std::string>& names);

}  // namespace fanin::adapt
