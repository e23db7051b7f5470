// Scale: y = a x with one trainable factor for all, or one a channel.
#include <fmt/format.h>

#include "engine/kernels/channel_scale.h"
#include "engine/kernels/elementwise.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class Scale : public Op {
 public:
  Scale(const model::Graph& graph, const Group& group)
      : group_(group), channels_(std::get<model::Scale>(graph.node(group.main).op).channels) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const BufferId output = to.define(group_.output, to.desc(input));
    to.kernel("scaling", {input, to.parameter(group_, 0)}, {output}, scaling(to.layout(input)));
  }

  void backward(Lowering& to) override {
    const model::ValueId source = group_.inputs[0];
    const BufferId gradient = to.take_gradient(group_.output);
    const Layout layout = to.layout(gradient);
    const auto n = static_cast<std::size_t>(layout.size());
    to.kernel("gradient of the factor", {gradient, to.value(source)}, {to.parameter_gradient(group_, 0)},
              channels_ ? Kernel([layout](float* const* buffer) {
                kernels::channel_products(layout, buffer[0], buffer[1], buffer[2]);
              })
                        : Kernel([n](float* const* buffer) {
                            buffer[2][0] = static_cast<float>(kernels::dot(buffer[0], buffer[1], n));
                          }));
    if (!to.wants_gradient(source)) return;
    const BufferId out = to.gradient_over(gradient, source);
    to.kernel("gradient of the source", {gradient, to.parameter(group_, 0)}, {out}, scaling(layout));
    to.contribute(source, out);
  }

 private:
  /// buffer[2] <- buffer[0] times the factors in buffer[1].
  Kernel scaling(const Layout& layout) const {
    if (channels_) {
      return [layout](float* const* buffer) { kernels::channel_scale(layout, buffer[0], buffer[1], buffer[2]); };
    }
    const auto n = static_cast<std::size_t>(layout.size());
    return [n](float* const* buffer) { kernels::scale(buffer[2], buffer[0], buffer[1][0], n); };
  }

  Group group_;
  bool channels_;
};

}  // namespace

OpPointer make_scale(const model::Graph& graph, const Group& group) {
  return std::make_unique<Scale>(graph, group);
}

}  // namespace fanin::engine
