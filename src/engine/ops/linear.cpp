// Linear, over features or straight over an image whose Flatten is part of the group; with an activation fused into its
// result where the group has one.
#include <fmt/format.h>

#include "engine/ops/choice.h"
#include "engine/ops/op.h"

namespace fanin::engine {
namespace {

class Linear : public Op {
 public:
  Linear(const model::Graph& graph, const Group& group)
      : group_(group), linear_(std::get<model::Linear>(graph.node(group.main).op)) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    const Dims in = to.dims(group_.inputs[0]), out = to.dims(group_.output);
    Dims weight = in;  // (out, in) or (out, C, H, W): the same matrix, its columns in the image's order
    weight[0] = linear_.out_features;
    const memory::desc wanted = to.has_layout(group_, 0) ? to.desc(to.parameter(group_, 0)) : any_desc(weight);
    const memory::desc bias = plain_desc({linear_.out_features});
    const Eltwise fused = group_.activation ? eltwise_of(*group_.activation, true) : Eltwise{};
    const auto attempt = [&](const memory::desc& src) {
      return linear_forward(src, wanted, linear_.bias ? &bias : nullptr, plain_desc(out), fused);
    };
    forward_ = choose([&] { return attempt(to.desc(input)); }, [&] { return attempt(plain_desc(in)); });
    to.set_layout(group_, 0, forward_.weights_desc());
    source_ = to.converted(input, forward_.src_desc());
    const BufferId result = to.define(group_.output, forward_.dst_desc());
    std::vector<Argument> reads = {{DNNL_ARG_SRC, source_, forward_.src_desc()},
                                   {DNNL_ARG_WEIGHTS, to.parameter(group_, 0), forward_.weights_desc()}};
    if (linear_.bias) reads.push_back({DNNL_ARG_BIAS, to.parameter(group_, 1), bias});
    to.primitive<dnnl::inner_product_forward>("matrix product", forward_, reads,
                                              {{DNNL_ARG_DST, result, forward_.dst_desc()}});
    flops_ = 2.0 * static_cast<double>(linear_.out_features);
    for (const auto extent : in) flops_ *= static_cast<double>(extent);
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
    const memory::desc bias = plain_desc({linear_.out_features});
    const memory::desc& weights = forward_.weights_desc();
    const auto attempt = [&](const memory::desc& src, const memory::desc& diff_weights) {
      return linear_backward_weights(src, diff_weights, linear_.bias ? &bias : nullptr, to.desc(gradient), forward_);
    };
    const auto pd = choose([&] { return attempt(to.desc(source_), weights); },
                           [&] { return attempt(any_desc(dims_of(to.desc(source_))), any_desc(dims_of(weights))); });
    const BufferId source = to.converted(source_, pd.src_desc());
    const BufferId target = to.parameter_gradient(group_, 0);
    const bool direct = pd.diff_weights_desc() == to.desc(target);
    const BufferId made = direct ? target : to.temporary(to.name(target), pd.diff_weights_desc(), true);
    std::vector<Argument> writes = {{DNNL_ARG_DIFF_WEIGHTS, made, pd.diff_weights_desc()}};
    if (linear_.bias) writes.push_back({DNNL_ARG_DIFF_BIAS, to.parameter_gradient(group_, 1), bias});
    to.primitive<dnnl::inner_product_backward_weights>(
        "gradient of the weights", pd,
        {{DNNL_ARG_SRC, source, pd.src_desc()}, {DNNL_ARG_DIFF_DST, gradient, pd.diff_dst_desc()}}, writes);
    to.last_flops(flops_);
    if (!direct) to.reorder(made, target);
  }

  void data_gradient(Lowering& to, BufferId gradient) {
    const memory::desc home = to.desc(to.value(group_.inputs[0]));
    const memory::desc& weights = forward_.weights_desc();
    const auto attempt = [&](const memory::desc& diff_src, const memory::desc& matrix) {
      return linear_backward_data(diff_src, matrix, to.desc(gradient), forward_);
    };
    const auto pd =
        choose([&] { return attempt(home, weights); },
               [&] {
                 return choose([&] { return attempt(home, any_desc(dims_of(weights))); },
                               [&] { return attempt(plain_desc(dims_of(home)), any_desc(dims_of(weights))); });
               });
    const BufferId turned = to.converted(to.parameter(group_, 0), pd.weights_desc());
    const BufferId diff_src =
        to.temporary(fmt::format("d({})", to.graph().value(group_.inputs[0]).name), pd.diff_src_desc());
    to.primitive<dnnl::inner_product_backward_data>(
        "gradient of the source", pd,
        {{DNNL_ARG_DIFF_DST, gradient, pd.diff_dst_desc()}, {DNNL_ARG_WEIGHTS, turned, pd.weights_desc()}},
        {{DNNL_ARG_DIFF_SRC, diff_src, pd.diff_src_desc()}});
    to.last_flops(flops_);
    to.contribute(group_.inputs[0], diff_src);
  }

  Group group_;
  model::Linear linear_;
  dnnl::inner_product_forward::primitive_desc forward_;
  double flops_ = 0;      // of each of the three products
  BufferId source_ = -1;  // the input in the layout that forward reads
};

}  // namespace

OpPointer make_linear(const model::Graph& graph, const Group& group) {
  return std::make_unique<Linear>(graph, group);
}

}  // namespace fanin::engine
