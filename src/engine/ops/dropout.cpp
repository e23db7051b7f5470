// Dropout: element i (logical, row-major, batch in front) of training step s is kept where number i of the node's
// stream, draw s, is at least the rate; what is kept is divided by 1 - rate. Evaluation: the identity.
#include "engine/kernels/elementwise.h"
#include "engine/kernels/rearrange.h"
#include "engine/ops/op.h"
#include "fanin/random/stream.h"

namespace fanin::engine {
namespace {

class Dropout : public Op {
 public:
  Dropout(const model::Graph& graph, const Group& group)
      : group_(group), rate_(std::get<model::Dropout>(graph.node(group.main).op).rate) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    if (!to.training()) {
      to.define_as(group_.output, input);
      return;
    }
    const Layout layout = to.layout(input);
    const BufferId output = to.define(group_.output, to.desc(input));
    const auto count = static_cast<std::size_t>(layout.n * layout.c * layout.h * layout.w);
    const BufferId numbers = to.workspace("random numbers", count * sizeof(float), count * sizeof(float));
    mask_ = to.workspace(to.node(group_).name + " mask", static_cast<std::size_t>(layout.size()) * sizeof(float),
                         count * sizeof(float));
    to.kernel("random mask, product", {input}, {output, mask_, numbers},
              [layout, count, rate = rate_, name = to.node(group_).name, &run = to.run()](float* const* buffer) {
                float* const drawn = buffer[3];
                float* const mask = buffer[2];
                const auto stream =
                    random::make_stream(run.seed, name, random::Purpose::dropout, static_cast<std::uint32_t>(run.step));
                random::fill_uniform({drawn, count}, stream, 0.0F, 1.0F);
                const auto kept = static_cast<float>(1.0 / (1.0 - rate));
                for (std::size_t i = 0; i < count; ++i) drawn[i] = static_cast<double>(drawn[i]) >= rate ? kept : 0.0F;
                kernels::from_rows(layout, drawn, mask);
                kernels::multiply(buffer[1], buffer[0], mask, static_cast<std::size_t>(layout.size()));
              });
  }

  void backward(Lowering& to) override {
    const BufferId gradient = to.take_gradient(group_.output);
    const BufferId out = to.gradient_over(gradient, group_.inputs[0]);
    const auto n = static_cast<std::size_t>(to.layout(gradient).size());
    to.kernel("product with the mask", {gradient, mask_}, {out},
              [n](float* const* buffer) { kernels::multiply(buffer[2], buffer[0], buffer[1], n); });
    to.contribute(group_.inputs[0], out);
  }

 private:
  Group group_;
  double rate_;
  BufferId mask_ = -1;
};

}  // namespace

OpPointer make_dropout(const model::Graph& graph, const Group& group) {
  return std::make_unique<Dropout>(graph, group);
}

}  // namespace fanin::engine
