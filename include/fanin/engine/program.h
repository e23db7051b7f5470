// A graph compiled for one batch size into oneDNN primitives and our own kernels: forward, backward, evaluation.
//
// Weights, gradients and optimizer state live in the primitives' own layouts, one flat block each, so an optimizer is
// one loop. Tensors are in logical order only at the border (load, store, gradients, value). No allocation in a step.
// A program belongs to the thread that made it and runs on that thread alone.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/engine/timing.h"
#include "fanin/model/graph.h"

namespace fanin::engine {

struct CompileOptions {
  std::int64_t batch = 0;        // images a step, >= 1
  bool training = true;          // false: forward only, no gradients
  bool fuse = true;              // false: one step a node, all values and their gradients kept and readable (probe)
  double label_smoothing = 0.0;  // [0, 1)
  /// Images that convolutions and what stands between them take at a time; 0: from the layers' sizes, so that they stay
  /// in cache. One that does not divide the batch, and `fuse` false, mean the whole batch.
  std::int64_t images_at_once = 0;
};

struct BatchResult {
  double loss = 0;           // mean over the batch; NaN or infinite when the network diverged
  std::int64_t correct = 0;  // arg max == label
};

struct EvaluationResult {
  double loss_sum = 0;  // over the real images, without label smoothing
  std::int64_t correct = 0;
};

/// A trainable parameter's place in the flat blocks, in its primitive's layout; padding inside is zero and stays zero.
struct Segment {
  model::ParameterId parameter;
  model::Role role;
  std::size_t offset, size;  // floats
};

class Program {
 public:
  /// Throws Error naming the node when a combination is not supported.
  Program(const model::Graph& graph, const CompileOptions& options);
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  /// Where the next batch is written: images (batch, C, H, W) or (batch, F), normalized; labels (batch).
  float* input();
  std::int32_t* labels();
  /// Training on mixed images (mixup): from now on the loss of a training pass is share * (loss for labels()) +
  /// (1 - share) * (loss for partner_labels()); `correct` counts labels(). The share is 1 at first. Throws Error
  /// outside [0, 1].
  std::int32_t* partner_labels();
  void set_share(double share);

  /// All parameters in logical order, by name and shape; missing or unknown names throw Error. Running statistics too.
  void load(const std::vector<NamedTensor>& parameters);
  std::vector<NamedTensor> store() const;

  /// Training forward (batch statistics, dropout drawn from (seed, node, step)) and backward over the batch in input().
  /// BatchNorm's running statistics move. Gradients are those of the mean loss. `stop` is looked at between operators:
  /// then Interrupted is thrown and parameters and running statistics are as before.
  BatchResult forward_backward(std::uint64_t seed, std::int64_t step, const std::stop_token& stop = {});

  /// Evaluation forward (running statistics, no dropout) over the first `count` images of input(), count <= batch.
  /// Throws Interrupted between operators when `stop` asks.
  EvaluationResult evaluate(std::int64_t count, const std::stop_token& stop = {});
  /// The logits of the last forward pass, (batch, classes).
  std::span<const float> logits() const;

  /// The flat blocks of trainable parameters and of their gradients, same layout and length.
  std::span<float> parameters();
  std::span<float> gradients();
  const std::vector<Segment>& segments() const;
  /// Gradients, or any block of the same layout (optimizer state), in logical order; and back.
  std::vector<NamedTensor> to_logical(std::span<const float> block) const;
  void from_logical(const std::vector<NamedTensor>& tensors, std::span<float> block) const;

  /// With fuse == false: the value of the last forward pass and the gradient of the mean loss with respect to it, with
  /// the batch in front. The input has no gradient.
  Tensor value(model::ValueId id) const;
  Tensor value_gradient(model::ValueId id) const;

  /// From now on every training pass is timed step by step, at the cost of two clock readings a step.
  void start_timing();
  /// The steps of the training pass in order, with what was measured since start_timing().
  std::vector<StepTiming> timing() const;

  /// The program as text: steps, fusions, lifetimes, arena. `verbose` adds the implementations' names.
  std::string dump(bool verbose = false) const;
  std::size_t arena_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fanin::engine
