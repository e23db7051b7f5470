// Concat: values side by side along the channels, in the format of the widest of them.
#include <fmt/format.h>

#include "engine/kernels/nonlinear.h"
#include "engine/kernels/rearrange.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class Concat : public Op {
 public:
  explicit Concat(const Group& group) : group_(group) {}

  void forward(Lowering& to) override {
    const Dims dims = to.dims(group_.output);
    const BufferId output =
        to.define(group_.output, dims.size() == 4 ? same_format(widest(to), dims) : plain_desc(dims));
    outer_ = to.layout(output);
    std::vector<BufferId> inputs;
    std::vector<Layout> layouts;
    for (const model::ValueId id : group_.inputs) {
      inputs.push_back(to.value(id));
      layouts.push_back(to.layout(inputs.back()));
    }
    const std::size_t count = inputs.size();
    to.kernel("concatenation", std::move(inputs), {output},
              [outer = outer_, layouts = std::move(layouts), count](float* const* buffer) {
                std::int64_t channel = 0;
                for (std::size_t i = 0; i < count; ++i) {
                  kernels::insert(layouts[i], outer, {channel, 0, 0}, buffer[i], buffer[count]);
                  channel += layouts[i].c;
                }
                kernels::clear_padding(outer, buffer[count]);
              });
  }

  void backward(Lowering& to) override {
    const BufferId gradient = to.take_gradient(group_.output);
    std::int64_t channel = 0;
    for (const model::ValueId source : group_.inputs) {
      const BufferId value = to.value(source);
      const Layout inner = to.layout(value);
      const kernels::Place place = {channel, 0, 0};
      channel += inner.c;
      if (!to.wants_gradient(source)) continue;
      const BufferId out = to.temporary(fmt::format("d({})", to.graph().value(source).name), to.desc(value));
      to.kernel("part of the gradient", {gradient}, {out}, [inner, outer = outer_, place](float* const* buffer) {
        kernels::cut(inner, outer, place, buffer[0], buffer[1]);
      });
      to.contribute(source, out);
    }
  }

 private:
  const memory::desc& widest(const Lowering& to) const {
    BufferId best = to.value(group_.inputs[0]);
    for (const model::ValueId id : group_.inputs) {
      if (to.layout(to.value(id)).c > to.layout(best).c) best = to.value(id);
    }
    return to.desc(best);
  }

  Group group_;
  Layout outer_;
};

}  // namespace

OpPointer make_concat(const model::Graph&, const Group& group) {
  return std::make_unique<Concat>(group);
}

}  // namespace fanin::engine
