// Add, with ReLU where the group has it. Both summands share one gradient.
#include "engine/kernels/elementwise.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class Add : public Op {
 public:
  explicit Add(const Group& group) : group_(group) {}

  void forward(Lowering& to) override {
    const BufferId left = to.value(group_.inputs[0]);
    const BufferId right = to.converted(to.value(group_.inputs[1]), to.desc(left));
    const BufferId output = to.define(group_.output, to.desc(left));
    const bool relu = group_.activation.has_value();
    to.flat_kernel("sum", {left, right}, {output}, [relu](float* const* buffer, std::size_t n) {
      relu ? kernels::add_relu(buffer[2], buffer[0], buffer[1], n) : kernels::add(buffer[2], buffer[0], buffer[1], n);
    });
  }

  void backward(Lowering& to) override {
    const bool relu = group_.activation.has_value();
    const std::vector<BufferId> taken = to.take_gradient(group_.output, relu ? 2 : 1);
    BufferId gradient = taken[0];
    if (relu) {
      gradient = to.gradient_over(taken[0], group_.output);
      const BufferId output = to.value(group_.output);
      if (taken.size() == 2) {
        to.flat_kernel("sum of gradients, gradient of relu", {taken[0], taken[1], output}, {gradient},
                       [](float* const* buffer, std::size_t n) {
                         kernels::sum_relu_backward(buffer[3], buffer[0], buffer[1], buffer[2], n);
                       });
      } else {
        to.flat_kernel("gradient of relu", {taken[0], output}, {gradient}, [](float* const* buffer, std::size_t n) {
          kernels::relu_backward(buffer[2], buffer[0], buffer[1], 0, n);
        });
      }
    }
    for (const model::ValueId summand : group_.inputs) {
      if (to.wants_gradient(summand)) to.contribute(summand, gradient);
    }
  }

 private:
  Group group_;
};

}  // namespace

OpPointer make_add(const model::Graph&, const Group& group) {
  return std::make_unique<Add>(group);
}

}  // namespace fanin::engine
