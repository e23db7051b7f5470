// The loss in double: a batch has some thousand logits, a ten-thousandth of the work of a step.
#include "engine/kernels/loss.h"

#include <cmath>

namespace fanin::engine::kernels {

LossResult softmax_cross_entropy(const float* logits, const Targets& targets, std::int64_t n, std::int64_t classes,
                                 float* gradient) {
  LossResult result;
  const double smoothing = targets.smoothing, own = targets.share, other = 1 - targets.share;
  const bool mixed = targets.share < 1;
  const double share = smoothing / static_cast<double>(classes), scale = 1.0 / static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    const float* row = logits + i * classes;
    std::int64_t best = 0;
    bool ordered = row[0] == row[0];
    for (std::int64_t k = 1; k < classes; ++k) {
      if (row[k] > row[best]) best = k;
      ordered = ordered && row[k] == row[k];
    }
    const double top = static_cast<double>(row[best]);
    double total = 0, sum = 0;
    for (std::int64_t k = 0; k < classes; ++k) {
      const double shifted = static_cast<double>(row[k]) - top;  // infinity minus infinity is NaN: diverged
      total += std::exp(shifted);
      sum += shifted;
    }
    const std::int64_t label = targets.labels[i], partner = mixed ? targets.partners[i] : label;
    const double log_total = std::log(total);
    double right = static_cast<double>(row[label]) - top;
    if (mixed) right = own * right + other * (static_cast<double>(row[partner]) - top);
    double loss = log_total - (1 - smoothing) * right;
    if (smoothing > 0) loss -= share * sum;
    result.sum += loss;
    if (ordered && best == label) ++result.correct;
    if (!gradient) continue;
    for (std::int64_t k = 0; k < classes; ++k) {
      double target = share + (k == label ? (1 - smoothing) * own : 0);
      if (mixed && k == partner) target += (1 - smoothing) * other;
      const double softmax = std::exp(static_cast<double>(row[k]) - top) / total;
      gradient[i * classes + k] = static_cast<float>((softmax - target) * scale);
    }
  }
  return result;
}

}  // namespace fanin::engine::kernels
