// PReLU: a rectifier whose slopes below 0 are trained.
#include "engine/kernels/nonlinear.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class PReLU : public Op {
 public:
  PReLU(const model::Graph& graph, const Group& group)
      : group_(group), slopes_(graph.parameter(graph.node(group.main).parameters.at(0)).shape.at(0)) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const BufferId output = to.define(group_.output, to.desc(input));
    to.kernel("prelu", {input, to.parameter(group_, 0)}, {output},
              [layout = to.layout(input), slopes = slopes_](float* const* buffer) {
                kernels::prelu(layout, buffer[0], buffer[1], slopes, buffer[2]);
              });
  }

  void backward(Lowering& to) override {
    const model::ValueId source = group_.inputs[0];
    const BufferId gradient = to.take_gradient(group_.output);
    const BufferId out = to.gradient_over(gradient, source);
    to.kernel("gradient of prelu", {gradient, to.value(source), to.parameter(group_, 0)},
              {out, to.parameter_gradient(group_, 0)},
              [layout = to.layout(gradient), slopes = slopes_](float* const* buffer) {
                kernels::prelu_backward(layout, buffer[0], buffer[1], buffer[2], slopes, buffer[3], buffer[4]);
              });
    if (to.wants_gradient(source)) to.contribute(source, out);
  }

 private:
  Group group_;
  std::int64_t slopes_;
};

}  // namespace

OpPointer make_prelu(const model::Graph& graph, const Group& group) {
  return std::make_unique<PReLU>(graph, group);
}

}  // namespace fanin::engine
