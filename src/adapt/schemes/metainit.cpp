// MetaInit: the norms of the weight tensors are moved until a step along the gradient changes the gradient least.
// Dauphin & Schoenholz 2019, MetaInit: initializing learning by learning to initialize, section 3.
//
// The paper differentiates the gradient quotient, a third derivative of the loss. Only the signs of its derivatives by
// the tensors' norms are used, and differences give those: the quotient with one tensor a third larger, for each. The
// paper's steps add to the norms themselves, 0.1 and more at a time, which throws small tensors past zero; here they
// add to the norms' logarithms.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "adapt/gradients.h"
#include "fanin/base/error.h"
#include "fanin/random/stream.h"

namespace fanin::adapt::schemes {
namespace {

// The logarithm by which a tensor grows for a difference. Far from small: the quotient is jagged, above all where units
// are saturated, and only its course over a step of this size says where to go.
constexpr double nudge = 0.3;

class MetaInit {
 public:
  explicit MetaInit(const Task& task)
      : task_(task), state_(base_state(task)), gradients_(task, task.options.integer("batch"), state_) {
    for (const engine::Segment& segment : gradients_.segments())
      if (task.graph.parameter(segment.parameter).shape.size() >= 2) tensors_.push_back(segment);
  }

  std::vector<NamedTensor> run() {
    const double rate = task_.options.number("lr"), momentum = task_.options.number("momentum");
    Block point = gradients_.start();
    std::vector<double> speed(tensors_.size(), 0.0), factor(tensors_.size(), 1.0);
    for (std::int64_t step = 0; step < task_.options.integer("steps"); ++step) {
      gradients_.take(noise(step), step);
      const double here = quotient(point);
      if (step == 0) first_ = here;
      std::vector<double> signs;
      for (const engine::Segment& tensor : tensors_) signs.push_back(larger(point, tensor) > here ? 1.0 : -1.0);
      for (std::size_t i = 0; i < tensors_.size(); ++i) {
        const std::span<float> values = part(point, tensors_[i]);
        const double length = norm(values);
        if (length == 0) continue;
        speed[i] = momentum * speed[i] - rate * signs[i];
        const double grown = std::exp(speed[i]);
        factor[i] *= grown;
        const std::span<const float> start = part(gradients_.start(), tensors_[i]);
        for (std::size_t k = 0; k < values.size(); ++k) values[k] = static_cast<float>(start[k] * factor[i]);
      }
      last_ = here;
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i)
      for (float& value : state_[static_cast<std::size_t>(tensors_[i].parameter)].tensor.values)
        value = static_cast<float>(value * factor[i]);
    task_.notes.push_back(
        fmt::format("metainit: gradient quotient {:.4g} at the first step, {:.4g} at the last", first_, last_));
    return std::move(state_);
  }

 private:
  /// A batch of standard normal images with random labels: the paper's scheme looks at no data.
  Batch noise(std::int64_t step) const {
    const std::int64_t batch = task_.options.integer("batch");
    const auto draw = static_cast<std::uint32_t>(step);
    Batch result;
    result.images.shape = {batch};
    for (const std::int64_t extent : task_.graph.input_shape()) result.images.shape.push_back(extent);
    result.images.values.resize(static_cast<std::size_t>(element_count(result.images.shape)));
    random::fill_normal(std::span<float>(result.images.values),
                        random::make_stream(task_.seed, "metainit/images", random::Purpose::initialize, draw), 0, 1);
    const auto labels = random::make_stream(task_.seed, "metainit/labels", random::Purpose::initialize, draw);
    for (std::int64_t i = 0; i < batch; ++i)
      result.labels.push_back(static_cast<std::int32_t>(random::uniform_index(
          labels, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(task_.graph.classes()))));
    return result;
  }

  double larger(Block& point, const engine::Segment& tensor) {
    const std::span<float> values = part(point, tensor);
    const std::vector<float> before(values.begin(), values.end());
    for (float& value : values) value = static_cast<float>(value * std::exp(nudge));
    const double result = quotient(point);
    std::ranges::copy(before, values.begin());
    return result;
  }

  double quotient(const Block& point) {
    const double result = gradient_quotient(gradients_, point, task_.options.number("epsilon"));
    if (std::isfinite(result)) return result;
    throw Error(
        fmt::format("scheme 'metainit' finds no finite gradient other than 0 in {}; expected a base that lets "
                    "the signal through, not '{}'",
                    task_.graph.name(), task_.options.text("base")));
  }

  const Task& task_;
  std::vector<NamedTensor> state_;
  Gradients gradients_;
  std::vector<engine::Segment> tensors_;  // with two or more dimensions
  double first_ = 0, last_ = 0;
};

}  // namespace

std::vector<NamedTensor> metainit(const Task& task) {
  return MetaInit(task).run();
}

}  // namespace fanin::adapt::schemes
