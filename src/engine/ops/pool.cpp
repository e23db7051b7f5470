// Max, average and global average pooling: our own kernels, for any layout. oneDNN's maximum costs LeNet more than its
// convolutions, and its average has no asymmetric padding that excludes.
#include <fmt/format.h>

#include "engine/kernels/pooling.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

/// The output's layout: the input's kind with the output's extents.
memory::desc like(const Layout& input, const Dims& dims) {
  switch (input.block) {
    case 1:
      return plain_desc(dims);
    case 4:
      return float_desc(dims, Tag::nChw4c);
    case 8:
      return float_desc(dims, Tag::nChw8c);
    case 16:
      return float_desc(dims, Tag::nChw16c);
    default:
      return float_desc(dims, Tag::nhwc);
  }
}

template <class Pool>
kernels::PoolGeometry geometry_of(const Pool& pool, const Layout& in, const Dims& out) {
  return {in.n * in.blocks, in.block,      in.h,          in.w,          out[2],       out[3],
          pool.kernel_h,    pool.kernel_w, pool.stride_h, pool.stride_w, pool.pad_top, pool.pad_left};
}

class MaxPool : public Op {
 public:
  MaxPool(const model::Graph& graph, const Group& group)
      : group_(group), pool_(std::get<model::MaxPool2d>(graph.node(group.main).op)) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const Dims dims = to.dims(group_.output);
    const Layout layout = to.layout(input);
    geometry_ = geometry_of(pool_, layout, dims);
    const BufferId output = to.define(group_.output, like(layout, dims));
    std::vector<BufferId> writes = {output};
    if (to.training()) {
      std::size_t logical = sizeof(std::int32_t);
      for (const auto extent : dims) logical *= static_cast<std::size_t>(extent);
      const std::size_t bytes = static_cast<std::size_t>(to.layout(output).size()) * sizeof(std::int32_t);
      winner_ = to.workspace(to.node(group_).name + " winners", bytes, logical);
      writes.push_back(winner_);
    }
    const bool clamp = group_.activation.has_value(), training = to.training();
    to.kernel("maximum", {input}, writes, [g = geometry_, clamp, training](float* const* buffer) {
      kernels::max_pool(g, buffer[0], buffer[1], training ? reinterpret_cast<std::int32_t*>(buffer[2]) : nullptr,
                        clamp);
    });
  }

  void backward(Lowering& to) override {
    const BufferId gradient = to.take_gradient(group_.output);
    const model::ValueId source = group_.inputs[0];
    const BufferId out = to.temporary(fmt::format("d({})", to.graph().value(source).name), to.desc(to.value(source)));
    to.kernel("gradient of the maximum", {gradient, winner_}, {out}, [g = geometry_](float* const* buffer) {
      kernels::max_pool_backward(g, buffer[0], reinterpret_cast<const std::int32_t*>(buffer[1]), buffer[2]);
    });
    to.contribute(source, out);
  }

 private:
  Group group_;
  model::MaxPool2d pool_;
  kernels::PoolGeometry geometry_{};
  BufferId winner_ = -1;
};

class AveragePool : public Op {
 public:
  AveragePool(const model::Graph& graph, const Group& group)
      : group_(group), pool_(std::get<model::AveragePool2d>(graph.node(group.main).op)) {
    averaging_ = {pool_.count_include_pad, pool_.pad_bottom, pool_.pad_right};
  }

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const Dims dims = to.dims(group_.output);
    const Layout layout = to.layout(input);
    geometry_ = geometry_of(pool_, layout, dims);
    const BufferId output = to.define(group_.output, like(layout, dims));
    to.kernel("mean", {input}, {output}, [g = geometry_, averaging = averaging_](float* const* buffer) {
      kernels::average_pool(g, averaging, buffer[0], buffer[1]);
    });
  }

  void backward(Lowering& to) override {
    const BufferId gradient = to.take_gradient(group_.output);
    const model::ValueId source = group_.inputs[0];
    const BufferId out = to.temporary(fmt::format("d({})", to.graph().value(source).name), to.desc(to.value(source)));
    to.kernel("gradient of the mean", {gradient}, {out}, [g = geometry_, averaging = averaging_](float* const* buffer) {
      kernels::average_pool_backward(g, averaging, buffer[0], buffer[1]);
    });
    to.contribute(source, out);
  }

 private:
  Group group_;
  model::AveragePool2d pool_;
  kernels::Averaging averaging_{};
  kernels::PoolGeometry geometry_{};
};

class GlobalAveragePool : public Op {
 public:
  explicit GlobalAveragePool(const Group& group) : group_(group) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const Layout layout = to.layout(input);
    geometry_ = {layout.n, layout.c, layout.blocks, layout.h * layout.w, layout.block};
    const BufferId output = to.define(group_.output, plain_desc(to.dims(group_.output)));
    to.kernel("mean over positions", {input}, {output},
              [g = geometry_](float* const* buffer) { kernels::global_average(g, buffer[0], buffer[1]); });
  }

  void backward(Lowering& to) override {
    const BufferId gradient = to.take_gradient(group_.output);
    const model::ValueId source = group_.inputs[0];
    const BufferId out = to.temporary(fmt::format("d({})", to.graph().value(source).name), to.desc(to.value(source)));
    to.kernel("gradient of the mean over positions", {gradient}, {out},
              [g = geometry_](float* const* buffer) { kernels::global_average_backward(g, buffer[0], buffer[1]); });
    to.contribute(source, out);
  }

 private:
  Group group_;
  kernels::GlobalGeometry geometry_{};
};

}  // namespace

OpPointer make_max_pool(const model::Graph& graph, const Group& group) {
  return std::make_unique<MaxPool>(graph, group);
}
OpPointer make_average_pool(const model::Graph& graph, const Group& group) {
  return std::make_unique<AveragePool>(graph, group);
}
OpPointer make_global_average_pool(const model::Graph&, const Group& group) {
  return std::make_unique<GlobalAveragePool>(group);
}

}  // namespace fanin::engine
