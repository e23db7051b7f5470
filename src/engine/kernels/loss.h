// Softmax cross-entropy, with its gradient, and the count of right answers.
#pragma once
#include <cstdint>

namespace fanin::engine::kernels {

struct LossResult {
  double sum = 0;  // over the images; NaN or infinite where a logit is
  std::int64_t correct =
      0;  // images whose largest logit (the first of equals) is the label's; never with NaN among them
};

/// Image i's loss is -sum over k of t_k log softmax(logits)_k with t = (1 - s) onehot(label) + s / classes.
/// `gradient` (may be null; may be `logits`) gets d(sum / n) / d(logits) = (softmax - t) / n. Both are (n, classes).
LossResult softmax_cross_entropy(const float* logits, const std::int32_t* labels, std::int64_t n, std::int64_t classes,
                                 double smoothing, float* gradient);

}  // namespace fanin::engine::kernels
