// The optimizers' arithmetic over flat spans of float32: vectorised, in a fixed order, the same bits in every run on
// one instruction set. Spans of one call have one length. Zeros in the padding of a block stay zeros.
#pragma once
#include <cstdint>
#include <span>

namespace fanin::engine {

/// One step of stochastic gradient descent as torch.optim.SGD takes it (dampening 0):
///   g' = grad_scale g + weight_decay w
///   buffer = g' (first_step) or momentum buffer + g'       (momentum > 0; else the buffer is not touched, may be
///   empty) w -= lr (g' + momentum buffer) with nesterov, else lr buffer (momentum > 0), else lr g'
struct SgdStep {
  double lr = 0;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
  double grad_scale = 1;  // clipping's factor
  bool first_step = false;
};
void sgd_update(std::span<float> w, std::span<const float> g, std::span<float> buffer, const SgdStep& step);

/// One step of Adam (Kingma and Ba 2015) or, `decoupled`, AdamW (Loshchilov and Hutter 2019), as torch.optim takes it:
///   g' = grad_scale g (+ weight_decay w, not decoupled);  decoupled: w -= lr weight_decay w
///   m = beta1 m + (1 - beta1) g';  v = beta2 v + (1 - beta2) g'^2
///   w -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
struct AdamStep {
  double lr = 0;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;
  double grad_scale = 1;
  std::int64_t t = 1;  // 1 in the first step
};
void adam_update(std::span<float> w, std::span<const float> g, std::span<float> m, std::span<float> v,
                 const AdamStep& step);

/// One step of RMSprop as torch.optim.RMSprop takes it:
///   g' = grad_scale g + weight_decay w;  v = alpha v + (1 - alpha) g'^2
///   centered: mean += (1 - alpha) (g' - mean), root = sqrt(max(v - mean^2, 0)) + epsilon; else sqrt(v) + epsilon
///   momentum > 0: buffer = momentum buffer + g' / root, w -= lr buffer; else w -= lr g' / root
/// `mean` may be empty without centered, `buffer` without momentum.
struct RmspropStep {
  double lr = 0;
  double alpha = 0.99, epsilon = 1e-8;
  double momentum = 0;
  bool centered = false;
  double weight_decay = 0;
  double grad_scale = 1;
};
void rmsprop_update(std::span<float> w, std::span<const float> g, std::span<float> v, std::span<float> mean,
                    std::span<float> buffer, const RmspropStep& step);

/// The sum of squares, in double; NaN or infinite where an element is.
double sum_of_squares(std::span<const float> values);

}  // namespace fanin::engine
