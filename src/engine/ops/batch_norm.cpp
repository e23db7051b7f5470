// BatchNorm, with the residual's addition and ReLU where the group has them; all our own kernel.
#include <fmt/format.h>

#include "engine/kernels/batch_norm.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class BatchNorm : public Op {
 public:
  BatchNorm(const model::Graph& graph, const Group& group)
      : group_(group), norm_(std::get<model::BatchNorm>(graph.node(group.main).op)) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const memory::desc home = to.desc(input);
    const Layout layout = to.layout(input);
    geometry_ = {layout.n, layout.c, layout.blocks, layout.h * layout.w, layout.block};
    const std::string name = to.node(group_).name;
    saved_ = to.workspace(name + " statistics", kernels::norm_saved_floats(geometry_) * sizeof(float),
                          static_cast<std::size_t>(layout.c) * 4 * sizeof(float));
    std::vector<BufferId> reads = {input};
    for (int number = 0; number < 4; ++number) reads.push_back(to.parameter(group_, number));
    if (residual()) reads.push_back(to.converted(to.value(group_.inputs[1]), home));
    const BufferId output = to.define(group_.output, home);
    const bool training = to.training(), with_residual = residual(), relu = group_.activation.has_value();
    const std::size_t first = reads.size();
    to.kernel(training ? "batch statistics, normalization" : "normalization", reads, {output, saved_, scratch(to)},
              [g = geometry_, norm = norm_, training, with_residual, relu, first](float* const* buffer) {
                kernels::NormForward a{};
                a.x = buffer[0];
                a.scale = buffer[1];
                a.shift = buffer[2];
                a.running_mean = buffer[3];
                a.running_var = buffer[4];
                a.residual = with_residual ? buffer[5] : nullptr;
                a.y = buffer[first];
                a.saved = buffer[first + 1];
                a.scratch = reinterpret_cast<double*>(buffer[first + 2]);
                a.epsilon = norm.epsilon;
                a.momentum = norm.momentum;
                a.relu = relu;
                training ? kernels::norm_training(g, a) : kernels::norm_evaluation(g, a);
              });
  }

  void backward(Lowering& to) override {
    const bool relu = group_.activation.has_value();
    const bool masked_by_result = relu && residual();
    // Two contributions are summed while the kernel reads them; alone, relu's mask is computed again from x.
    const std::vector<BufferId> gradient = to.take_gradient(group_.output, residual() ? 2 : 1);
    const bool two = gradient.size() == 2, writes_masked = two || masked_by_result;
    const bool want_residual = residual() && to.wants_gradient(group_.inputs[1]);
    const bool want_source = to.wants_gradient(group_.inputs[0]);
    const BufferId masked = writes_masked ? to.gradient_over(gradient[0], group_.output) : gradient[0];
    if (want_residual) to.contribute(group_.inputs[1], masked);
    // After the contribution: a buffer that the residual's branch still needs is not overwritten.
    const BufferId source_gradient = want_source ? to.gradient_over(masked, group_.inputs[0]) : masked;

    std::vector<BufferId> reads = {to.value(group_.inputs[0]), gradient[0], to.parameter(group_, 0), saved_};
    if (masked_by_result) reads.push_back(to.value(group_.output));
    if (two) reads.push_back(gradient[1]);
    const std::size_t first = reads.size();
    const std::vector<BufferId> writes = {source_gradient, masked, to.parameter_gradient(group_, 0),
                                          to.parameter_gradient(group_, 1), scratch(to)};
    to.kernel("gradient of the normalization", reads, writes,
              [g = geometry_, first, relu, masked_by_result, two, want_source,
               with_residual = residual()](float* const* buffer) {
                kernels::NormBackward a{};
                a.x = buffer[0];
                a.dy = buffer[1];
                a.scale = buffer[2];
                a.saved = buffer[3];
                a.y = masked_by_result ? buffer[4] : nullptr;
                a.dy2 = two ? buffer[masked_by_result ? 5 : 4] : nullptr;
                a.dx = want_source ? buffer[first] : nullptr;
                a.masked = buffer[first + 1];
                a.dscale = buffer[first + 2];
                a.dshift = buffer[first + 3];
                a.scratch = reinterpret_cast<double*>(buffer[first + 4]);
                a.relu = relu;
                a.residual = with_residual;
                kernels::norm_backward(g, a);
              });
    if (want_source) to.contribute(group_.inputs[0], source_gradient);
  }

 private:
  bool residual() const { return group_.inputs.size() == 2; }
  BufferId scratch(Lowering& to) const {
    return to.workspace("scratch", kernels::norm_scratch_doubles(geometry_) * sizeof(double), 0);
  }

  Group group_;
  model::BatchNorm norm_;
  kernels::NormGeometry geometry_{};
  BufferId saved_ = -1;
};

}  // namespace

OpPointer make_batch_norm(const model::Graph& graph, const Group& group) {
  return std::make_unique<BatchNorm>(graph, group);
}

}  // namespace fanin::engine
