// Softmax cross-entropy with label smoothing and mixed labels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fanin/base/error.h"
#include "reference/operators.h"

namespace fanin::reference {

LossResult cross_entropy(const Array& logits, std::int64_t classes, std::span<const std::int32_t> labels,
                         double label_smoothing, Array* gradient, const Mixture& mixture) {
  const auto batch = std::ssize(labels);
  if (gradient) gradient->assign(logits.size(), 0);
  LossResult result;
  for (std::int64_t n = 0; n < batch; ++n) {
    const std::int64_t label = labels[static_cast<std::size_t>(n)];
    const std::int64_t partner = mixture.share < 1 ? mixture.partners[static_cast<std::size_t>(n)] : label;
    for (const std::int64_t k : {label, partner}) {
      if (k < 0 || k >= classes) {
        throw Error(fmt::format("label {} of image {} is outside 0 to {}", k, n, classes - 1));
      }
    }
    const auto row = logits.begin() + n * classes;
    const auto largest = std::max_element(row, row + classes);
    if (largest - row == label) ++result.correct;
    double sum = 0;  // of exp(logit - largest), which cannot overflow
    for (std::int64_t k = 0; k < classes; ++k) sum += std::exp(row[k] - *largest);
    for (std::int64_t k = 0; k < classes; ++k) {
      const double onehot = (k == label ? mixture.share : 0) + (k == partner ? 1 - mixture.share : 0);
      const double target = (1 - label_smoothing) * onehot + label_smoothing / static_cast<double>(classes);
      const double log_p = row[k] - *largest - std::log(sum);
      if (target != 0) result.loss -= target * log_p / static_cast<double>(batch);
      if (gradient) (*gradient)[n * classes + k] = (std::exp(log_p) - target) / static_cast<double>(batch);
    }
  }
  return result;
}

}  // namespace fanin::reference
