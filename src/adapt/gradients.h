// Gradients of the loss at any point near the present weights, all in the program's own flat layout.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "adapt/scheme.h"
#include "fanin/engine/program.h"

namespace fanin::adapt {

using Block = std::vector<float>;  // as engine::Program::parameters(); padding is zero

class Gradients {
 public:
  /// Compiles once, for training passes of `batch` images.
  Gradients(const Task& task, std::int64_t batch, const std::vector<NamedTensor>& state);

  /// The trainable parameters of the state that this began with.
  const Block& start() const { return start_; }
  const std::vector<engine::Segment>& segments() const { return program_.segments(); }
  /// The tensors of a block in logical order.
  std::vector<NamedTensor> logical(const Block& block) const { return program_.to_logical(block); }
  /// Elements of a segment that are no padding.
  std::size_t size(const engine::Segment& segment) const;

  /// The batch of all further gradients.
  void take(const Batch& batch, std::int64_t step);
  /// The mean loss at `point`, and its gradient into `out`.
  double at(const Block& point, Block& out);
  /// H d / |d|, H the Hessian of the loss at `point`, by a central difference of gradients along the direction d.
  void curvature(const Block& point, const Block& direction, Block& out);

 private:
  const Task& task_;
  engine::Program program_;
  Block start_, shifted_, other_;
  std::int64_t step_ = 0;
};

/// Dauphin & Schoenholz 2019: GQ = mean |(g - H g) / (g + e sign(g)) - 1| over all parameters, sign(0) = 1: how much a
/// step along the gradient changes the gradient. NaN where the gradient is 0 or not finite.
double gradient_quotient(Gradients& gradients, const Block& point, double epsilon);

double norm(std::span<const float> values);
double dot(std::span<const float> a, std::span<const float> b);

/// Of a segment's values in a block.
template <class Values>
auto part(Values& block, const engine::Segment& segment) {
  return std::span(block).subspan(segment.offset, segment.size);
}

}  // namespace fanin::adapt
