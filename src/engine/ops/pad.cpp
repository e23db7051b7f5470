// Pad: zeros around the image and around the channels.
#include <fmt/format.h>

#include "engine/kernels/rearrange.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class Pad : public Op {
 public:
  Pad(const model::Graph& graph, const Group& group)
      : group_(group), pad_(std::get<model::Pad>(graph.node(group.main).op)) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    inner_ = to.layout(input);
    const Dims dims = to.dims(group_.output);
    const Tag tag = inner_.block == 16 ? Tag::nChw16c : inner_.block == 8 ? Tag::nChw8c : Tag::nchw;
    const BufferId output = to.define(group_.output, float_desc(dims, tag));
    outer_ = to.layout(output);
    to.kernel_by_image(
        "zeros around", {input}, {output},
        [inner = inner_, outer = outer_, place = place()](float* const* buffer, std::int64_t, std::int64_t count) {
          kernels::paste(inner.of(count), outer.of(count), place, buffer[0], buffer[1]);
        });
  }

  void backward(Lowering& to) override {
    const BufferId gradient = to.take_gradient(group_.output);
    const model::ValueId source = group_.inputs[0];
    const BufferId out = to.temporary(fmt::format("d({})", to.graph().value(source).name), to.desc(to.value(source)));
    to.kernel_by_image(
        "the inner part", {gradient}, {out},
        [inner = inner_, outer = outer_, place = place()](float* const* buffer, std::int64_t, std::int64_t count) {
          kernels::cut(inner.of(count), outer.of(count), place, buffer[0], buffer[1]);
        });
    to.contribute(source, out);
  }

 private:
  kernels::Place place() const { return {pad_.channels_before, pad_.top, pad_.left}; }

  Group group_;
  model::Pad pad_;
  Layout inner_, outer_;
};

}  // namespace

OpPointer make_pad(const model::Graph& graph, const Group& group) {
  return std::make_unique<Pad>(graph, group);
}

}  // namespace fanin::engine
