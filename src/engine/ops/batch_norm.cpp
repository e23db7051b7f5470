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
    to.training() ? batch_statistics(to, input) : running_statistics(to);
    BufferId other = -1;
    if (residual()) other = to.converted(to.value(group_.inputs[1]), home);
    apply(to, input, other, to.define(group_.output, home));
    if (!residual() && to.graph().readers(group_.output).size() == 1) {
      to.define_again(group_.output, [this, &to, input, home] {
        const BufferId again = to.temporary(to.name(to.value(group_.output)), home);
        apply(to, input, -1, again);
        return again;
      });
    }
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

    const BufferId input = to.value(group_.inputs[0]);
    kernels::NormBackward flags{};
    flags.relu = relu;
    flags.residual = residual();
    const BufferId sums = to.workspace("sums", kernels::norm_sums_bytes(geometry_), 0);
    std::vector<BufferId> reads = {input, gradient[0], saved_};
    if (masked_by_result) reads.push_back(to.value(group_.output));
    if (two) reads.push_back(gradient[1]);
    const std::size_t first_written = reads.size();
    std::vector<BufferId> writes = {sums};
    if (writes_masked) writes.push_back(masked);
    to.kernel_by_image("sums for the gradient of the normalization", reads, writes,
                       [g = geometry_, flags, first_written, masked_by_result, two, writes_masked](
                           float* const* buffer, std::int64_t first, std::int64_t count) {
                         kernels::NormBackward a = flags;
                         a.x = buffer[0];
                         a.dy = buffer[1];
                         a.saved = buffer[2];
                         a.y = masked_by_result ? buffer[3] : nullptr;
                         a.dy2 = two ? buffer[first_written - 1] : nullptr;
                         a.masked = writes_masked ? buffer[first_written + 1] : nullptr;
                         kernels::norm_gradient_sums(of(g, count), first == 0, a, buffer[first_written]);
                       });
    const BufferId lines = to.workspace("lines", kernels::norm_lines_floats(geometry_) * sizeof(float), 0);
    to.kernel("gradients of scale and shift", {sums, to.parameter(group_, 0), saved_},
              {to.parameter_gradient(group_, 0), to.parameter_gradient(group_, 1), lines},
              [g = geometry_](float* const* buffer) {
                kernels::norm_gradient_lines(g, buffer[0], buffer[1], buffer[2], buffer[3], buffer[4], buffer[5]);
              });
    if (!want_source) return;
    // After the contribution: a buffer that the residual's branch still needs is not overwritten. Nor is one in front
    // of a convolution that goes on with the images at hand: what it needs stays in cache then.
    const BufferId source_gradient = to.made_by_images(group_.inputs[0])
                                         ? to.temporary(fmt::format("d({})", to.name(input)), to.desc(input))
                                         : to.gradient_over(masked, group_.inputs[0]);
    to.kernel_by_image("gradient of the normalization", {input, masked, saved_, lines}, {source_gradient},
                       [g = geometry_, flags, two](float* const* buffer, std::int64_t, std::int64_t count) {
                         kernels::NormBackward a = flags;
                         a.x = buffer[0];
                         a.dy = a.masked = buffer[1];
                         a.dy2 = two ? buffer[1] : nullptr;  // summed already
                         a.saved = buffer[2];
                         a.lines = buffer[3];
                         a.dx = buffer[4];
                         kernels::norm_gradient_apply(of(g, count), a);
                       });
    to.contribute(group_.inputs[0], source_gradient);
  }

 private:
  bool residual() const { return group_.inputs.size() == 2; }
  static kernels::NormGeometry of(kernels::NormGeometry geometry, std::int64_t images) {
    geometry.n = images;
    return geometry;
  }
  std::vector<BufferId> statistics_of(Lowering& to) const {
    std::vector<BufferId> buffers;
    for (int number = 0; number < 4; ++number) buffers.push_back(to.parameter(group_, number));
    return buffers;
  }
  static kernels::NormStatistics named(const model::BatchNorm& norm, float* const* parameters, float* saved) {
    return {nullptr, parameters[0], parameters[1], parameters[2], parameters[3], saved, norm.epsilon, norm.momentum};
  }

  void batch_statistics(Lowering& to, BufferId input) {
    const BufferId sums = to.workspace("sums", kernels::norm_sums_bytes(geometry_), 0);
    to.kernel_by_image("sums", {input}, {sums},
                       [g = geometry_](float* const* buffer, std::int64_t first, std::int64_t count) {
                         kernels::norm_sums(of(g, count), first == 0, buffer[0], buffer[1]);
                       });
    std::vector<BufferId> reads = statistics_of(to);
    reads.push_back(sums);
    to.kernel("batch statistics", reads, {saved_}, [g = geometry_, norm = norm_](float* const* buffer) {
      kernels::NormStatistics a = named(norm, buffer, buffer[5]);
      a.sums = buffer[4];
      kernels::norm_statistics(g, a);
    });
  }
  void running_statistics(Lowering& to) {
    to.kernel("running statistics", statistics_of(to), {saved_}, [g = geometry_, norm = norm_](float* const* buffer) {
      kernels::norm_running(g, named(norm, buffer, buffer[4]));
    });
  }
  void apply(Lowering& to, BufferId input, BufferId other, BufferId output) const {
    std::vector<BufferId> reads = {input, saved_};
    if (other >= 0) reads.push_back(other);
    const std::size_t result = reads.size();
    to.kernel_by_image("normalization", reads, {output},
                       [g = geometry_, with_residual = other >= 0, relu = group_.activation.has_value(), result](
                           float* const* buffer, std::int64_t, std::int64_t count) {
                         kernels::NormApply a{};
                         a.x = buffer[0];
                         a.saved = buffer[1];
                         a.residual = with_residual ? buffer[2] : nullptr;
                         a.y = buffer[result];
                         a.relu = relu;
                         kernels::norm_apply(of(g, count), a);
                       });
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
