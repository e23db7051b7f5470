// Every operator in plain double loops, forward and backward: the definition that the engine is tested against.
//
// Letters: n image of the batch, c input channel, o output channel, i j output row and column, u v row and column of a
// window. Arrays are dense, row-major, with the batch in front. Sizes were checked when the node entered the graph.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/model/operators.h"

namespace fanin::reference {

using Array = std::vector<double>;

/// What a node sees of its surroundings in one pass.
struct Step {
  std::string_view node;  // the name, which keys the dropout's stream
  std::int64_t batch = 0;
  bool training = false;
  std::uint64_t seed = 0;  // of the dropout's stream
  std::uint32_t step = 0;

  std::vector<Shape> input_shapes;  // of one image
  Shape output_shape;
  std::vector<const Array*> inputs;
  std::vector<Array*> parameters;  // in the order of the node; batch_norm writes its running statistics
  Array* output = nullptr;         // forward writes it, all elements
  Array* saved = nullptr;          // from forward to backward

  // Backward adds to these, so that a value with several readers gets the sum.
  const Array* output_gradient = nullptr;
  std::vector<Array*> input_gradients;
  std::vector<Array*> parameter_gradients;
};

// One pair an operator. `output` is zero before forward.
void forward(const model::Conv2d& op, const Step& step);
void backward(const model::Conv2d& op, const Step& step);
void forward(const model::Linear& op, const Step& step);
void backward(const model::Linear& op, const Step& step);
void forward(const model::BatchNorm& op, const Step& step);
void backward(const model::BatchNorm& op, const Step& step);
void forward(const model::Activation& op, const Step& step);
void backward(const model::Activation& op, const Step& step);
void forward(const model::MaxPool2d& op, const Step& step);
void backward(const model::MaxPool2d& op, const Step& step);
void forward(const model::AveragePool2d& op, const Step& step);
void backward(const model::AveragePool2d& op, const Step& step);
void forward(const model::GlobalAveragePool& op, const Step& step);
void backward(const model::GlobalAveragePool& op, const Step& step);
void forward(const model::Add& op, const Step& step);
void backward(const model::Add& op, const Step& step);
void forward(const model::Flatten& op, const Step& step);
void backward(const model::Flatten& op, const Step& step);
void forward(const model::Pad& op, const Step& step);
void backward(const model::Pad& op, const Step& step);
void forward(const model::Dropout& op, const Step& step);
void backward(const model::Dropout& op, const Step& step);
void forward(const model::Scale& op, const Step& step);
void backward(const model::Scale& op, const Step& step);
void forward(const model::PReLU& op, const Step& step);
void backward(const model::PReLU& op, const Step& step);
void forward(const model::Concat& op, const Step& step);
void backward(const model::Concat& op, const Step& step);

struct LossResult {
  double loss = 0;           // mean over the batch
  std::int64_t correct = 0;  // the first largest logit is the label's
};

/// Mixed targets (mixup): an image has its own label with weight `share`, its partner's with weight 1 - share.
struct Mixture {
  double share = 1;
  std::span<const std::int32_t> partners;  // labels, one an image; may be empty where share is 1
};

/// Softmax cross-entropy of logits (batch, classes) and its gradient with respect to them:
///   L = -1/N sum_n sum_k t[n,k] log p[n,k],  t = (1 - s) onehot + s / classes,  dL/dx = (p - t) / N,
/// where onehot is share * onehot(label) + (1 - share) * onehot(partner).
/// Throws Error on a label outside [0, classes).
LossResult cross_entropy(const Array& logits, std::int64_t classes, std::span<const std::int32_t> labels,
                         double label_smoothing, Array* gradient, const Mixture& mixture = {});

}  // namespace fanin::reference
