// Conv2d, with an activation fused into its result where the group has one.
#include <fmt/format.h>

#include "engine/ops/choice.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

ConvGeometry geometry_of(const model::Conv2d& conv) {
  return {{conv.stride_h, conv.stride_w},
          {conv.dilation_h - 1, conv.dilation_w - 1},
          {conv.pad_top, conv.pad_left},
          {conv.pad_bottom, conv.pad_right}};
}

class Conv : public Op {
 public:
  Conv(const model::Graph& graph, const Group& group)
      : group_(group), conv_(std::get<model::Conv2d>(graph.node(group.main).op)), geometry_(geometry_of(conv_)) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const Dims in = to.dims(group_.inputs[0]), out = to.dims(group_.output);
    Dims weight = {conv_.out_channels, in[1] / conv_.groups, conv_.kernel_h, conv_.kernel_w};
    if (conv_.groups > 1) {
      weight[0] /= conv_.groups;
      weight.insert(weight.begin(), conv_.groups);
    }
    const memory::desc wanted = to.has_layout(group_, 0) ? to.desc(to.parameter(group_, 0)) : any_desc(weight);
    const memory::desc bias = plain_desc({conv_.out_channels});
    const Eltwise fused = group_.activation ? eltwise_of(*group_.activation, true) : Eltwise{};
    const auto attempt = [&](const memory::desc& src, const memory::desc& dst) {
      return conv_forward(src, wanted, conv_.bias ? &bias : nullptr, dst, geometry_, fused);
    };
    forward_ = attempt(any_desc(in), any_desc(out));
    // oneDNN issue 6035: backward weights of strided 1x1 convolutions over few channels, channels last, write out of
    // bounds; and our kernels know only some layouts.
    const bool strided_1x1 = conv_.kernel_h * conv_.kernel_w == 1 && conv_.stride_h * conv_.stride_w > 1;
    const bool channels_last = in[1] > 1 && forward_.src_desc() == float_desc(in, Tag::nhwc);
    if ((strided_1x1 && channels_last && in[1] < 16) || !layout_of(forward_.dst_desc())) {
      forward_ = attempt(plain_desc(in), plain_desc(out));
    }
    to.set_layout(group_, 0, forward_.weights_desc());
    source_ = to.converted(input, forward_.src_desc());
    const BufferId weights = to.parameter(group_, 0);
    const BufferId result = to.define(group_.output, forward_.dst_desc());
    std::vector<Argument> reads = {{DNNL_ARG_SRC, source_, forward_.src_desc()},
                                   {DNNL_ARG_WEIGHTS, weights, forward_.weights_desc()}};
    if (conv_.bias) reads.push_back({DNNL_ARG_BIAS, to.parameter(group_, 1), bias});
    to.primitive<dnnl::convolution_forward>("convolution", forward_, reads,
                                            {{DNNL_ARG_DST, result, forward_.dst_desc()}});
    flops_ = 2.0 * static_cast<double>(out[0] * out[1] * out[2] * out[3]) *
             static_cast<double>(in[1] / conv_.groups * conv_.kernel_h * conv_.kernel_w);
    to.last_flops(flops_);
  }

  void backward(Lowering& to) override {
    BufferId gradient = to.take_gradient(group_.output);
    if (group_.activation) {
      const BufferId before = to.gradient_over(gradient, group_.output);
      emit_activation_backward(to, *group_.activation, to.value(group_.output), gradient, before);
      gradient = before;
    }
    weights_gradient(to, gradient);
    if (to.wants_gradient(group_.inputs[0])) data_gradient(to, gradient);
  }

 private:
  void weights_gradient(Lowering& to, BufferId gradient) {
    const memory::desc bias = plain_desc({conv_.out_channels});
    const memory::desc& weights = forward_.weights_desc();
    const auto attempt = [&](const memory::desc& src, const memory::desc& diff_weights, const memory::desc& diff_dst) {
      return conv_backward_weights(src, diff_weights, conv_.bias ? &bias : nullptr, diff_dst, geometry_, forward_);
    };
    const auto pd = choose([&] { return attempt(to.desc(source_), weights, to.desc(gradient)); },
                           [&] {
                             return attempt(any_desc(dims_of(to.desc(source_))), any_desc(dims_of(weights)),
                                            any_desc(dims_of(to.desc(gradient))));
                           });
    const BufferId source = to.converted(source_, pd.src_desc());
    const BufferId diff_dst = to.converted(gradient, pd.diff_dst_desc());
    const BufferId target = to.parameter_gradient(group_, 0);
    const bool direct = pd.diff_weights_desc() == to.desc(target);
    const BufferId made = direct ? target : to.temporary(to.name(target), pd.diff_weights_desc(), true);
    std::vector<Argument> writes = {{DNNL_ARG_DIFF_WEIGHTS, made, pd.diff_weights_desc()}};
    if (conv_.bias) writes.push_back({DNNL_ARG_DIFF_BIAS, to.parameter_gradient(group_, 1), bias});
    to.primitive<dnnl::convolution_backward_weights>(
        "gradient of the weights", pd,
        {{DNNL_ARG_SRC, source, pd.src_desc()}, {DNNL_ARG_DIFF_DST, diff_dst, pd.diff_dst_desc()}}, writes);
    to.last_flops(flops_);
    if (!direct) to.reorder(made, target);
  }

  void data_gradient(Lowering& to, BufferId gradient) {
    const memory::desc home = to.desc(to.value(group_.inputs[0]));
    const memory::desc weights = any_desc(dims_of(forward_.weights_desc()));
    const auto attempt = [&](const memory::desc& diff_src, const memory::desc& diff_dst) {
      return conv_backward_data(diff_src, weights, diff_dst, geometry_, forward_);
    };
    const auto pd = choose([&] { return attempt(home, to.desc(gradient)); },
                           [&] { return attempt(any_desc(dims_of(home)), any_desc(dims_of(to.desc(gradient)))); });
    const BufferId diff_dst = to.converted(gradient, pd.diff_dst_desc());
    const BufferId turned = to.converted(to.parameter(group_, 0), pd.weights_desc());
    const BufferId diff_src =
        to.temporary(fmt::format("d({})", to.graph().value(group_.inputs[0]).name), pd.diff_src_desc());
    to.primitive<dnnl::convolution_backward_data>(
        "gradient of the source", pd,
        {{DNNL_ARG_DIFF_DST, diff_dst, pd.diff_dst_desc()}, {DNNL_ARG_WEIGHTS, turned, pd.weights_desc()}},
        {{DNNL_ARG_DIFF_SRC, diff_src, pd.diff_src_desc()}});
    to.last_flops(flops_);
    to.contribute(group_.inputs[0], diff_src);
  }

  Group group_;
  model::Conv2d conv_;
  ConvGeometry geometry_;
  dnnl::convolution_forward::primitive_desc forward_;
  double flops_ = 0;      // of each of the three products
  BufferId source_ = -1;  // the input in the layout that forward reads
};

}  // namespace

OpPointer make_conv(const model::Graph& graph, const Group& group) {
  return std::make_unique<Conv>(graph, group);
}

}  // namespace fanin::engine
