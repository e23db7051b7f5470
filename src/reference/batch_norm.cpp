// Batch normalization: y = weight xhat + bias, xhat = (x - mean) / sqrt(var + epsilon), per channel.
#include <fmt/format.h>

#include <cmath>

#include "fanin/base/error.h"
#include "reference/operators.h"

namespace fanin::reference {
namespace {

struct Extents {
  std::int64_t batch, channels, positions;
  std::int64_t count() const { return batch * positions; }  // elements of one channel
};

Extents extents(const Step& step) {
  const Shape& shape = step.input_shapes[0];
  return {step.batch, shape[0], shape.size() == 3 ? shape[1] * shape[2] : 1};
}

// Calls visit(e) for the flat index of every element of channel c.
template <class Visit>
void for_each_element(const Extents& size, std::int64_t c, Visit visit) {
  for (std::int64_t n = 0; n < size.batch; ++n) {
    for (std::int64_t p = 0; p < size.positions; ++p) visit((n * size.channels + c) * size.positions + p);
  }
}

}  // namespace

void forward(const model::BatchNorm& op, const Step& step) {
  const Extents size = extents(step);
  const Array& x = *step.inputs[0];
  Array& running_mean = *step.parameters[2];
  Array& running_var = *step.parameters[3];
  step.saved->assign(2 * size.channels, 0);  // mean and 1 / sqrt(var + epsilon) of each channel
  if (step.training && size.count() < 2) {
    throw Error(fmt::format("{}: batch_norm needs more than one value a channel to train; the batch has 1", step.node));
  }
  for (std::int64_t c = 0; c < size.channels; ++c) {
    double mean = running_mean[c], var = running_var[c];
    if (step.training) {
      const auto count = static_cast<double>(size.count());
      mean = var = 0;
      for_each_element(size, c, [&](std::int64_t e) { mean += x[e] / count; });
      for_each_element(size, c, [&](std::int64_t e) { var += (x[e] - mean) * (x[e] - mean) / count; });
      // As PyTorch: the batch is normalized with its biased variance, the unbiased one is remembered.
      running_mean[c] += op.momentum * (mean - running_mean[c]);
      running_var[c] += op.momentum * (var * count / (count - 1) - running_var[c]);
    }
    const double inverse = 1 / std::sqrt(var + op.epsilon);
    (*step.saved)[2 * c] = mean;
    (*step.saved)[2 * c + 1] = inverse;
    for_each_element(size, c, [&](std::int64_t e) {
      (*step.output)[e] = (*step.parameters[0])[c] * ((x[e] - mean) * inverse) + (*step.parameters[1])[c];
    });
  }
}

void backward(const model::BatchNorm&, const Step& step) {
  const Extents size = extents(step);
  const Array& x = *step.inputs[0];
  const Array& dy = *step.output_gradient;
  for (std::int64_t c = 0; c < size.channels; ++c) {
    const double mean = (*step.saved)[2 * c], inverse = (*step.saved)[2 * c + 1];
    double sum = 0, sum_xhat = 0;  // of dy, of dy xhat
    for_each_element(size, c, [&](std::int64_t e) {
      sum += dy[e];
      sum_xhat += dy[e] * (x[e] - mean) * inverse;
    });
    (*step.parameter_gradients[0])[c] += sum_xhat;
    (*step.parameter_gradients[1])[c] += sum;
    // In training mean and variance depend on x as well: dy loses its components along 1 and along xhat.
    const double along_one = step.training ? sum / static_cast<double>(size.count()) : 0;
    const double along_xhat = step.training ? sum_xhat / static_cast<double>(size.count()) : 0;
    const double factor = (*step.parameters[0])[c] * inverse;
    for_each_element(size, c, [&](std::int64_t e) {
      (*step.input_gradients[0])[e] += factor * (dy[e] - along_one - (x[e] - mean) * inverse * along_xhat);
    });
  }
}

}  // namespace fanin::reference
