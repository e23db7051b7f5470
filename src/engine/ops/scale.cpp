// Scale: y = a x with one trainable scalar.
#include <fmt/format.h>

#include "engine/kernels/elementwise.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class Scale : public Op {
 public:
  explicit Scale(const Group& group) : group_(group) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const BufferId output = to.define(group_.output, to.desc(input));
    const auto n = static_cast<std::size_t>(to.layout(input).size());
    to.kernel("scaling", {input, to.parameter(group_, 0)}, {output},
              [n](float* const* buffer) { kernels::scale(buffer[2], buffer[0], buffer[1][0], n); });
  }

  void backward(Lowering& to) override {
    const model::ValueId source = group_.inputs[0];
    const BufferId gradient = to.take_gradient(group_.output);
    const auto n = static_cast<std::size_t>(to.layout(gradient).size());
    to.kernel("gradient of the factor", {gradient, to.value(source)}, {to.parameter_gradient(group_, 0)},
              [n](float* const* buffer) { buffer[2][0] = static_cast<float>(kernels::dot(buffer[0], buffer[1], n)); });
    if (!to.wants_gradient(source)) return;
    const BufferId out = to.gradient_over(gradient, source);
    to.kernel("gradient of the source", {gradient, to.parameter(group_, 0)}, {out},
              [n](float* const* buffer) { kernels::scale(buffer[2], buffer[0], buffer[1][0], n); });
    to.contribute(source, out);
  }

 private:
  Group group_;
};

}  // namespace

OpPointer make_scale(const model::Graph&, const Group& group) {
  return std::make_unique<Scale>(group);
}

}  // namespace fanin::engine
