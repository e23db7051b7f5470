// Conv2d, with an activation fused into its result where the group has one; some images at a time, so that it can share
// a loop with what made its source and what reads its result.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/kernels/elementwise.h"
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
    const Dims in = to.dims(group_.inputs[0]), out = to.dims(group_.output);
    const std::int64_t taps = in[1] / conv_.groups * conv_.kernel_h * conv_.kernel_w;
    images_ = to.images_at_once(in[1] * in[2] * in[3] + out[1] * out[2] * out[3], conv_.out_channels * taps);
    choose_forward(to, in, out);
    if (!layout_of(forward_.src_desc()) && images_ < to.batch()) {
      images_ = to.batch();  // what lies in an unknown order cannot be cut into images
      choose_forward(to, in, out);
    }
    to.set_layout(group_, 0, forward_.weights_desc());
    source_ = to.converted(to.value(group_.inputs[0]), all_images(to, forward_.src_desc()), images_);
    const BufferId weights = to.parameter(group_, 0);
    const BufferId result = to.define(group_.output, all_images(to, forward_.dst_desc()), images_ < to.batch());
    std::vector<Argument> reads = {{DNNL_ARG_SRC, source_, forward_.src_desc()},
                                   {DNNL_ARG_WEIGHTS, weights, forward_.weights_desc()}};
    if (conv_.bias) reads.push_back({DNNL_ARG_BIAS, to.parameter(group_, 1), plain_desc({conv_.out_channels})});
    to.primitive<dnnl::convolution_forward>("convolution", forward_, reads,
                                            {{DNNL_ARG_DST, result, forward_.dst_desc()}}, images_);
    flops_ = 2.0 * static_cast<double>(out[0] * out[1] * out[2] * out[3]) * static_cast<double>(taps);
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
    if (turn_) to.reorder(turn_->first, turn_->second);
  }

 private:
  memory::desc all_images(const Lowering& to, const memory::desc& part) const {
    return images_ == to.batch() ? part : of_images(part, to.batch());
  }
  memory::desc these_images(const Lowering& to, BufferId id) const {
    return images_ == to.batch() ? to.desc(id) : of_images(to.desc(id), images_);
  }

  void choose_forward(Lowering& to, Dims in, Dims out) {
    in[0] = out[0] = images_;
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
  }

  void weights_gradient(Lowering& to, BufferId gradient) {
    const memory::desc bias = plain_desc({conv_.out_channels});
    const memory::desc& weights = forward_.weights_desc();
    const memory::desc src = these_images(to, source_), dst = these_images(to, gradient);
    const auto attempt = [&](const memory::desc& from, const memory::desc& diff_weights, const memory::desc& diff_dst) {
      return conv_backward_weights(from, diff_weights, conv_.bias ? &bias : nullptr, diff_dst, geometry_, forward_);
    };
    const auto pd =
        choose([&] { return attempt(src, weights, dst); },
               [&] { return attempt(any_desc(dims_of(src)), any_desc(dims_of(weights)), any_desc(dims_of(dst))); });
    const BufferId stored = to.value_again(group_.inputs[0], source_, images_);
    const BufferId source = to.converted(stored, all_images(to, pd.src_desc()), images_);
    const BufferId diff_dst = to.converted(gradient, all_images(to, pd.diff_dst_desc()), images_);
    const BufferId target = to.parameter_gradient(group_, 0);
    const bool direct = pd.diff_weights_desc() == to.desc(target), at_once = images_ == to.batch();
    // A call overwrites: the gradients over some images are summed apart.
    const BufferId sum = direct ? target : to.whole(to.name(target), pd.diff_weights_desc(), true);
    const BufferId made = at_once ? sum : to.whole("part of " + to.name(target), pd.diff_weights_desc());
    std::vector<Argument> writes = {{DNNL_ARG_DIFF_WEIGHTS, made, pd.diff_weights_desc()}};
    BufferId made_bias = -1;
    if (conv_.bias) {
      const BufferId bias_target = to.parameter_gradient(group_, 1);
      made_bias = at_once ? bias_target : to.whole("part of " + to.name(bias_target), bias);
      writes.push_back({DNNL_ARG_DIFF_BIAS, made_bias, bias});
    }
    to.primitive<dnnl::convolution_backward_weights>(
        "gradient of the weights", pd,
        {{DNNL_ARG_SRC, source, pd.src_desc()}, {DNNL_ARG_DIFF_DST, diff_dst, pd.diff_dst_desc()}}, writes, images_);
    to.last_flops(flops_);
    if (!at_once) {
      sum_up(to, made, sum, pd.diff_weights_desc().get_size() / sizeof(float));
      if (conv_.bias) {
        sum_up(to, made_bias, to.parameter_gradient(group_, 1), static_cast<std::size_t>(conv_.out_channels));
      }
    }
    if (!direct) turn_ = {sum, target};
  }

  static void sum_up(Lowering& to, BufferId part, BufferId sum, std::size_t floats) {
    to.kernel_by_image("sum over images", {part}, {sum},
                       [floats](float* const* buffer, std::int64_t first, std::int64_t) {
                         if (first == 0) {
                           std::copy_n(buffer[0], floats, buffer[1]);
                         } else {
                           kernels::add(buffer[1], buffer[1], buffer[0], floats);
                         }
                       });
  }

  void data_gradient(Lowering& to, BufferId gradient) {
    const memory::desc home = to.desc(to.value(group_.inputs[0]));
    const bool cut = images_ < to.batch() && layout_of(home);
    const memory::desc source = cut ? of_images(home, images_) : home;
    const memory::desc dst = these_images(to, gradient);
    const memory::desc weights = any_desc(dims_of(forward_.weights_desc()));
    const auto attempt = [&](const memory::desc& diff_src, const memory::desc& diff_dst) {
      return conv_backward_data(diff_src, weights, diff_dst, geometry_, forward_);
    };
    const auto pd = choose([&] { return attempt(source, dst); },
                           [&] { return attempt(any_desc(dims_of(source)), any_desc(dims_of(dst))); });
    const BufferId diff_dst = to.converted(gradient, all_images(to, pd.diff_dst_desc()), images_);
    const BufferId turned = to.converted(to.parameter(group_, 0), pd.weights_desc());
    const BufferId diff_src =
        to.temporary(fmt::format("d({})", to.graph().value(group_.inputs[0]).name), all_images(to, pd.diff_src_desc()));
    to.primitive<dnnl::convolution_backward_data>(
        "gradient of the source", pd,
        {{DNNL_ARG_DIFF_DST, diff_dst, pd.diff_dst_desc()}, {DNNL_ARG_WEIGHTS, turned, pd.weights_desc()}},
        {{DNNL_ARG_DIFF_SRC, diff_src, pd.diff_src_desc()}}, images_);
    to.last_flops(flops_);
    to.contribute(group_.inputs[0], diff_src);
  }

  Group group_;
  model::Conv2d conv_;
  ConvGeometry geometry_;
  dnnl::convolution_forward::primitive_desc forward_;
  std::int64_t images_ = 0;                            // that one call takes
  double flops_ = 0;                                   // of each of the three products
  BufferId source_ = -1;                               // the input in the layout that forward reads
  std::optional<std::pair<BufferId, BufferId>> turn_;  // the weights' gradient in a layout of its own, and its home
};

}  // namespace

OpPointer make_conv(const model::Graph& graph, const Group& group) {
  return std::make_unique<Conv>(graph, group);
}

}  // namespace fanin::engine
