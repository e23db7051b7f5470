// Conv2d, ReLU and MaxPool2d as one step, where make_groups() put them together (kernels/pooled_conv.h).
#include "engine/kernels/pooled_conv.h"

#include <fmt/format.h>

#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class PooledConv : public Op {
 public:
  PooledConv(const model::Graph& graph, const Group& group)
      : group_(group), conv_(std::get<model::Conv2d>(graph.node(group.main).op)) {}

  void forward(Lowering& to) override {
    const Dims in = to.dims(group_.inputs[0]), out = to.dims(group_.output);
    // Inside the network an image has eight floats a pixel; the input is taken as it lies.
    const bool blocked = in[1] > 1 && group_.inputs[0] != to.graph().input();
    source_ = to.converted(to.value(group_.inputs[0]), blocked ? float_desc(in, Tag::nChw8c) : plain_desc(in));
    const std::int64_t block = kernels::pooled_conv_block(in[1], out[1]);
    geometry_ = {
        in[0],           in[1],  in[2],  in[3],           out[1], conv_.pad_top, conv_.pad_left, conv_.pad_bottom,
        conv_.pad_right, out[2], out[3], blocked ? 8 : 1, block};
    const BufferId result = to.define(group_.output, float_desc(out, block == 8 ? Tag::nChw8c : Tag::nChw16c));
    std::vector<BufferId> reads = {source_, to.parameter(group_, 0)};
    if (conv_.bias) reads.push_back(to.parameter(group_, 1));
    std::vector<BufferId> writes = {result, scratch(to)};
    if (to.training()) {
      std::size_t logical = sizeof(std::int32_t);
      for (const auto extent : out) logical *= static_cast<std::size_t>(extent);
      const std::size_t bytes = static_cast<std::size_t>(to.layout(result).size()) * sizeof(std::int32_t);
      winner_ = to.workspace(to.graph().value(group_.output).name + " winners", bytes, logical);
      writes.push_back(winner_);
    }
    const bool bias = conv_.bias, training = to.training();
    to.kernel("convolution, relu, maximum", reads, writes, [g = geometry_, bias, training](float* const* buffer) {
      float* const* result_at = buffer + (bias ? 3 : 2);
      kernels::pooled_conv(g, buffer[0], buffer[1], bias ? buffer[2] : nullptr, result_at[0],
                           training ? reinterpret_cast<std::int32_t*>(result_at[2]) : nullptr, result_at[1]);
    });
    flops_ = 2.0 * 4 * static_cast<double>(out[0] * out[1] * out[2] * out[3]) * static_cast<double>(in[1] * 25);
    to.last_flops(flops_);
  }

  void backward(Lowering& to) override {
    const BufferId gradient = to.take_gradient(group_.output);
    const bool bias = conv_.bias;
    std::vector<BufferId> writes = {scratch(to), to.parameter_gradient(group_, 0)};
    if (bias) writes.push_back(to.parameter_gradient(group_, 1));
    to.kernel("gradient of the weights", {source_, gradient, winner_}, writes,
              [g = geometry_, bias](float* const* buffer) {
                kernels::pooled_conv_backward_weights(g, buffer[0], buffer[1],
                                                      reinterpret_cast<const std::int32_t*>(buffer[2]), buffer[4],
                                                      bias ? buffer[5] : nullptr, buffer[3]);
              });
    to.last_flops(flops_ / 4);  // at most: one position in four
    const model::ValueId source = group_.inputs[0];
    if (!to.wants_gradient(source)) return;
    const BufferId out =
        to.temporary(fmt::format("d({})", to.graph().value(source).name), float_desc(to.dims(source), Tag::nChw8c));
    to.kernel("gradient of the source", {gradient, winner_, to.parameter(group_, 0)}, {out, scratch(to)},
              [g = geometry_](float* const* buffer) {
                kernels::pooled_conv_backward_data(g, buffer[0], reinterpret_cast<const std::int32_t*>(buffer[1]),
                                                   buffer[2], buffer[3], buffer[4]);
              });
    to.last_flops(flops_ / 4);
    to.contribute(source, out);
  }

 private:
  BufferId scratch(Lowering& to) const {
    return to.workspace("scratch", kernels::pooled_conv_scratch(geometry_) * sizeof(float), 0);
  }

  Group group_;
  model::Conv2d conv_;
  kernels::PooledConvGeometry geometry_{};
  double flops_ = 0;      // of forward
  BufferId source_ = -1;  // the input in the layout that the kernels read
  BufferId winner_ = -1;
};

}  // namespace

OpPointer make_pooled_conv(const model::Graph& graph, const Group& group) {
  return std::make_unique<PooledConv>(graph, group);
}

}  // namespace fanin::engine
