// GradInit: a factor on each tensor is learned so that the first step of training lowers the loss most.
// Zhu, Ni, Xu, Kong, Huang & Goldstein 2021, GradInit: learning to initialize neural networks for stable and efficient
// training, algorithm 1, for SGD.
//
// Where the gradient's norm is within gamma, the step's own gradient is taken as a constant, as in the paper's code:
// the derivative by a factor is <dL/dW at the new point, W>, first order. Where it is above, the norm itself goes down,
// by a product with the Hessian that a difference of gradients gives.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "adapt/gradients.h"
#include "fanin/base/error.h"
#include "fanin/init/schemes.h"
#include "fanin/random/stream.h"

namespace fanin::adapt::schemes {
namespace {

/// The base's state, and the classifier small, as the paper's code starts it.
std::vector<NamedTensor> start_of(const Task& task) {
  std::vector<NamedTensor> state = base_state(task);
  const double std = task.options.number("classifier");
  if (std == 0) return state;
  const std::vector<init::Place> places = init::places(task.graph);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const model::Node& node = task.graph.nodes()[i];
    if (!places[i].last || !has_weight(node)) continue;
    NamedTensor& weight = state[static_cast<std::size_t>(node.parameters.front())];
    random::fill_normal(std::span<float>(weight.tensor.values),
                        random::make_stream(task.seed, weight.name, random::Purpose::initialize), 0.0F,
                        static_cast<float>(std));
  }
  return state;
}

class GradInit {
 public:
  explicit GradInit(const Task& task)
      : task_(task),
        state_(start_of(task)),
        batch_(std::min(task.options.integer("batch"), task.samples.size())),
        gradients_(task, batch_, state_),
        factors_(gradients_.segments().size(), 1.0),
        first_moment_(factors_.size(), 0.0),
        second_moment_(factors_.size(), 0.0) {}

  std::vector<NamedTensor> run() {
    Block point = gradients_.start(), gradient, next;
    const double eta = task_.options.number("eta"), gamma = task_.options.number("gamma");
    for (std::int64_t step = 0; step < task_.options.integer("steps"); ++step) {
      // Batches move by one and a half, so that the second of each pair is half of the first and half new images.
      const std::int64_t first = step * (batch_ + batch_ / 2);
      gradients_.take(task_.samples.take(first, batch_), step);
      gradients_.at(point, gradient);
      const double length = norm(gradient);
      if (!std::isfinite(length) || length == 0)
        throw Error(
            fmt::format("scheme 'gradinit' finds a gradient of norm {} in {}; expected a base that lets the "
                        "signal through, not '{}'",
                        length, task_.graph.name(), task_.options.text("base")));
      if (length > gamma) {
        gradients_.curvature(point, gradient, next);
        adam(next, 1, step);
      } else {
        Block after = point;
        for (std::size_t i = 0; i < after.size(); ++i)
          after[i] = static_cast<float>(after[i] - eta / length * static_cast<double>(gradient[i]));
        gradients_.take(task_.samples.take(first + batch_ / 2, batch_), step);
        gradients_.at(after, next);
        adam(next, 1 / eta, step);
      }
      for (std::size_t s = 0; s < factors_.size(); ++s) {
        const engine::Segment& segment = gradients_.segments()[s];
        const std::span<const float> start = part(gradients_.start(), segment);
        const std::span<float> values = part(point, segment);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(start[i] * factors_[s]);
      }
    }
    for (std::size_t s = 0; s < factors_.size(); ++s) {
      const auto at = static_cast<std::size_t>(gradients_.segments()[s].parameter);
      for (float& value : state_[at].tensor.values) value = static_cast<float>(value * factors_[s]);
    }
    return std::move(state_);
  }

 private:
  /// One step of Adam on the factors; their derivatives are `scale` <slope, start>, cut to [-1, 1].
  void adam(const Block& slope, double scale, std::int64_t step) {
    constexpr double beta1 = 0.9, beta2 = 0.999, tiny = 1e-8;
    const double rate = task_.options.number("lr");
    const double unbias1 = 1 - std::pow(beta1, static_cast<double>(step + 1));
    const double unbias2 = 1 - std::pow(beta2, static_cast<double>(step + 1));
    for (std::size_t s = 0; s < factors_.size(); ++s) {
      const engine::Segment& segment = gradients_.segments()[s];
      const double raw = scale * dot(part(slope, segment), part(gradients_.start(), segment));
      if (!std::isfinite(raw)) continue;  // a step too far: the other factors bring it back
      const double derivative = std::clamp(raw, -1.0, 1.0);
      first_moment_[s] = beta1 * first_moment_[s] + (1 - beta1) * derivative;
      second_moment_[s] = beta2 * second_moment_[s] + (1 - beta2) * derivative * derivative;
      const double smallest = segment.role == model::Role::bias ? 0.0 : 0.01;
      factors_[s] -= rate * (first_moment_[s] / unbias1) / (std::sqrt(second_moment_[s] / unbias2) + tiny);
      factors_[s] = std::max(smallest, factors_[s]);
    }
  }

  const Task& task_;
  std::vector<NamedTensor> state_;
  std::int64_t batch_;
  Gradients gradients_;
  std::vector<double> factors_, first_moment_, second_moment_;  // one a tensor
};

}  // namespace

std::vector<NamedTensor> gradinit(const Task& task) {
  return GradInit(task).run();
}

}  // namespace fanin::adapt::schemes
