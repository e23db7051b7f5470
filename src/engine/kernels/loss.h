// Softmax cross-entropy, with its gradient, and the count of right answers.
#pragma once
#include <cstdint>

namespace fanin::engine::kernels {

struct LossResult {
  double sum = 0;  // over the images; NaN or infinite where a logit is
  std::int64_t correct =
      0;  // images whose largest logit (the first of equals) is the label's; never with NaN among them
};

/// What the logits should become: image i has `labels`[i] with weight `share` and, below a share of 1, `partners`[i]
/// with weight 1 - share; `smoothing` s of it all is spread over the classes.
struct Targets {
  const std::int32_t* labels = nullptr;
  double smoothing = 0;
  const std::int32_t* partners = nullptr;  // read where share < 1
  double share = 1;
};

/// Image i's loss is -sum over k of t_k log softmax(logits)_k with
/// t = (1 - s) (share onehot(label) + (1 - share) onehot(partner)) + s / classes.
/// `gradient` (may be null; may be `logits`) gets d(sum / n) / d(logits) = (softmax - t) / n. Both are (n, classes).
LossResult softmax_cross_entropy(const float* logits, const Targets& targets, std::int64_t n, std::int64_t classes,
                                 float* gradient);

}  // namespace fanin::engine::kernels
