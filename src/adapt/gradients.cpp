#include "adapt/gradients.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fanin/base/error.h"

namespace fanin::adapt {
namespace {

// The step of a difference as a share of the weights' norm: far above float's rounding, far below what bends a network.
constexpr double difference = 1e-3;

engine::CompileOptions training(std::int64_t batch) {
  engine::CompileOptions options;
  options.batch = batch;
  return options;
}

}  // namespace

double norm(std::span<const float> values) {
  return std::sqrt(dot(values, values));
}

double dot(std::span<const float> a, std::span<const float> b) {
  // Four sums, so that the additions do not wait for each other; their order is fixed.
  double sums[4] = {0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + 4 <= a.size(); i += 4)
    for (std::size_t k = 0; k < 4; ++k) sums[k] += static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);
  for (; i < a.size(); ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sums[0] + sums[1] + (sums[2] + sums[3]);
}

Gradients::Gradients(const Task& task, std::int64_t batch, const std::vector<NamedTensor>& state)
    : task_(task), program_(task.graph, training(batch)) {
  program_.load(state);
  const std::span<const float> parameters = program_.parameters();
  start_.assign(parameters.begin(), parameters.end());
  shifted_.resize(start_.size());
  other_.resize(start_.size());
}

std::size_t Gradients::size(const engine::Segment& segment) const {
  return static_cast<std::size_t>(element_count(task_.graph.parameter(segment.parameter).shape));
}

void Gradients::take(const Batch& batch, std::int64_t step) {
  std::ranges::copy(batch.images.values, program_.input());
  std::ranges::copy(batch.labels, program_.labels());
  step_ = step;
}

double Gradients::at(const Block& point, Block& out) {
  std::ranges::copy(point, program_.parameters().begin());
  // One step number for all gradients of a batch: dropout drops the same units in each.
  const double loss = program_.forward_backward(task_.seed, step_, task_.stop).loss;
  const std::span<const float> gradients = program_.gradients();
  out.assign(gradients.begin(), gradients.end());
  return loss;
}

void Gradients::curvature(const Block& point, const Block& direction, Block& out) {
  const double step = difference * norm(point) / norm(direction);
  const auto shift = [&](double by) {
    for (std::size_t i = 0; i < point.size(); ++i)
      shifted_[i] = static_cast<float>(point[i] + by * static_cast<double>(direction[i]));
  };
  shift(-step);
  at(shifted_, other_);
  shift(step);
  at(shifted_, out);
  const double scale = 1 / (2 * difference * norm(point));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>((static_cast<double>(out[i]) - static_cast<double>(other_[i])) * scale);
}

double gradient_quotient(Gradients& gradients, const Block& point, double epsilon) {
  Block gradient, curved;
  gradients.at(point, gradient);
  const double length = norm(gradient);
  if (!std::isfinite(length) || length == 0) return std::numeric_limits<double>::quiet_NaN();
  gradients.curvature(point, gradient, curved);
  double sum = 0, count = 0;
  for (const engine::Segment& segment : gradients.segments()) {
    const std::span<const float> g = part(gradient, segment), h = part(curved, segment);
    for (std::size_t i = 0; i < g.size(); ++i) {
      const double value = g[i], shifted = value < 0 ? value - epsilon : value + epsilon;
      sum += std::abs((value - length * static_cast<double>(h[i])) / shifted - 1);
    }
    const std::size_t real = gradients.size(segment);
    sum -= static_cast<double>(g.size() - real);  // padding has g = h = 0, which counts 1
    count += static_cast<double>(real);
  }
  return sum / count;
}

}  // namespace fanin::adapt
