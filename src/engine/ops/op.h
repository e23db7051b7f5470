// An operator's way into a schedule: what each file of this folder provides.
#pragma once
#include <memory>

#include "engine/lowering.h"

namespace fanin::engine {

/// Emits the steps of one group. Lives from the forward to the backward walk of one pass, so that backward knows what
/// forward chose.
class Op {
 public:
  virtual ~Op() = default;
  /// Defines the group's output.
  virtual void forward(Lowering& to) = 0;
  /// Called where the output's gradient is wanted: takes it, computes the parameters' gradients and contributes to the
  /// gradients of those inputs that want one. A value that nobody reads has no gradient; parameters' gradients are then
  /// zero, as they were at the start.
  virtual void backward(Lowering& to) = 0;
};

using OpPointer = std::unique_ptr<Op>;

OpPointer make_conv(const model::Graph& graph, const Group& group);
OpPointer make_pooled_conv(const model::Graph& graph, const Group& group);
OpPointer make_linear(const model::Graph& graph, const Group& group);
OpPointer make_batch_norm(const model::Graph& graph, const Group& group);
OpPointer make_activation(const model::Graph& graph, const Group& group);
OpPointer make_max_pool(const model::Graph& graph, const Group& group);
OpPointer make_average_pool(const model::Graph& graph, const Group& group);
OpPointer make_global_average_pool(const model::Graph& graph, const Group& group);
OpPointer make_add(const model::Graph& graph, const Group& group);
OpPointer make_flatten(const model::Graph& graph, const Group& group);
OpPointer make_pad(const model::Graph& graph, const Group& group);
OpPointer make_dropout(const model::Graph& graph, const Group& group);
OpPointer make_scale(const model::Graph& graph, const Group& group);
OpPointer make_prelu(const model::Graph& graph, const Group& group);
OpPointer make_concat(const model::Graph& graph, const Group& group);

/// The group's operator, by its main node.
OpPointer make_op(const model::Graph& graph, const Group& group);

/// The loss behind the logits, and in training the logits' gradient. Returns the buffer of the (row-major) logits.
BufferId emit_loss(Lowering& to, double label_smoothing);

/// oneDNN's name for an activation. `from_result`: its derivative is computed from its result, where that is possible.
/// relu gets the smallest denormal as its slope: with denormals flushed that is exactly zero, and unlike oneDNN's own
/// relu, whose maximum turns NaN into 0, it lets NaN through, so that a diverged network is seen.
Eltwise eltwise_of(const model::Activation& activation, bool from_result);

/// Emits out <- in * activation'(.) where the activation was fused into a primitive and only its result is left.
void emit_activation_backward(Lowering& to, const model::Activation& activation, BufferId result, BufferId gradient,
                              BufferId out);

}  // namespace fanin::engine
