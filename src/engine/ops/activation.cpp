// Activations that stand alone, and the derivative of those that were fused into a primitive.
#include <fmt/format.h>

#include "engine/kernels/elementwise.h"
#include "engine/kernels/nonlinear.h"
#include "engine/ops/op.h"
#include "fanin/base/error.h"

namespace fanin::engine {
namespace {

using model::ActivationKind;

bool rectifier(ActivationKind kind) {
  return kind == ActivationKind::relu || kind == ActivationKind::leaky_relu;
}

float slope_of(const model::Activation& activation) {
  return activation.kind == ActivationKind::leaky_relu ? static_cast<float>(activation.alpha) : 0.0F;
}

/// elu and selu: the limit below 0 and the factor of both branches.
struct EluNumbers {
  float alpha, scale;
};
EluNumbers elu_numbers(const model::Activation& activation) {
  if (activation.kind == ActivationKind::elu) return {static_cast<float>(activation.alpha), 1.0F};
  return {static_cast<float>(model::selu_alpha), static_cast<float>(model::selu_scale)};
}

/// y <- f(x) by a kernel of ours; none where oneDNN does it.
Kernel own_forward(const model::Activation& activation, const Layout& layout) {
  const auto n = static_cast<std::size_t>(layout.size());
  switch (activation.kind) {
    case ActivationKind::relu:
    case ActivationKind::leaky_relu:
      return [n, slope = slope_of(activation)](float* const* buffer) { kernels::relu(buffer[1], buffer[0], slope, n); };
    case ActivationKind::elu:
    case ActivationKind::selu:
      return [n, numbers = elu_numbers(activation)](float* const* buffer) {
        kernels::elu(buffer[1], buffer[0], numbers.alpha, numbers.scale, n);
      };
    case ActivationKind::softplus:
      return [n, layout](float* const* buffer) {
        kernels::softplus(buffer[1], buffer[0], n);
        kernels::clear_padding(layout, buffer[1]);
      };
    case ActivationKind::hardswish:
      return [n](float* const* buffer) { kernels::hardswish(buffer[1], buffer[0], n); };
    default:
      return {};
  }
}

/// dx <- f'(x) dy from dy and x.
Kernel own_backward(const model::Activation& activation, std::size_t n) {
  switch (activation.kind) {
    case ActivationKind::relu:
    case ActivationKind::leaky_relu:  // the sign of the source; a negative slope would turn the result's
      return [n, slope = slope_of(activation)](float* const* buffer) {
        kernels::relu_backward(buffer[2], buffer[0], buffer[1], slope, n);
      };
    case ActivationKind::elu:
    case ActivationKind::selu:
      return [n, numbers = elu_numbers(activation)](float* const* buffer) {
        kernels::elu_backward(buffer[2], buffer[0], buffer[1], numbers.alpha, numbers.scale, n);
      };
    case ActivationKind::softplus:
      return [n](float* const* buffer) { kernels::softplus_backward(buffer[2], buffer[0], buffer[1], n); };
    case ActivationKind::hardswish:
      return [n](float* const* buffer) { kernels::hardswish_backward(buffer[2], buffer[0], buffer[1], n); };
    default:
      return {};
  }
}

/// Whether backward reads the result instead of the source.
bool from_result(const model::Activation& activation) {
  return activation.kind == ActivationKind::tanh || activation.kind == ActivationKind::sigmoid;
}

class Activation : public Op {
 public:
  Activation(const model::Graph& graph, const Group& group)
      : group_(group), activation_(std::get<model::Activation>(graph.node(group.main).op)) {}

  void forward(Lowering& to) override {
    const BufferId input = to.value(group_.inputs[0]);
    if (activation_.kind == ActivationKind::identity) {
      to.define_as(group_.output, input);
      return;
    }
    const memory::desc home = to.desc(input);
    const BufferId output = to.define(group_.output, home);
    const std::string name(model::activation_name(activation_.kind));
    if (Kernel own = own_forward(activation_, to.layout(input))) {
      to.kernel(name, {input}, {output}, std::move(own));
      return;
    }
    const auto pd = eltwise_forward(home, eltwise_of(activation_, false));
    to.primitive<dnnl::eltwise_forward>(name, pd, {{DNNL_ARG_SRC, input, home}}, {{DNNL_ARG_DST, output, home}});
  }

  void backward(Lowering& to) override {
    const model::ValueId source = group_.inputs[0];
    const BufferId gradient = to.take_gradient(group_.output);
    if (activation_.kind == ActivationKind::identity) {
      to.contribute(source, gradient);
      return;
    }
    const BufferId out = to.gradient_over(gradient, source);
    if (Kernel own = own_backward(activation_, static_cast<std::size_t>(to.layout(gradient).size()))) {
      to.kernel(fmt::format("gradient of {}", model::activation_name(activation_.kind)), {gradient, to.value(source)},
                {out}, std::move(own));
    } else if (from_result(activation_)) {
      emit_activation_backward(to, activation_, to.value(group_.output), gradient, out);
    } else {
      const memory::desc home = to.desc(gradient);
      const Eltwise eltwise = eltwise_of(activation_, false);
      const auto pd = eltwise_backward(home, eltwise, eltwise_forward(home, eltwise));
      to.primitive<dnnl::eltwise_backward>(
          fmt::format("gradient of {}", model::activation_name(activation_.kind)), pd,
          {{DNNL_ARG_SRC, to.value(source), home}, {DNNL_ARG_DIFF_DST, gradient, home}},
          {{DNNL_ARG_DIFF_SRC, out, home}});
    }
    to.contribute(source, out);
  }

 private:
  Group group_;
  model::Activation activation_;
};

}  // namespace

Eltwise eltwise_of(const model::Activation& activation, bool result) {
  using dnnl::algorithm;
  switch (activation.kind) {
    case ActivationKind::relu:
      return {algorithm::eltwise_relu, 1e-45F};  // see op.h
    case ActivationKind::leaky_relu:
      return {algorithm::eltwise_relu, static_cast<float>(activation.alpha)};
    case ActivationKind::tanh:
      return {result ? algorithm::eltwise_tanh_use_dst_for_bwd : algorithm::eltwise_tanh, 0};
    case ActivationKind::sigmoid:
      return {result ? algorithm::eltwise_logistic_use_dst_for_bwd : algorithm::eltwise_logistic, 0};
    case ActivationKind::gelu:
      return {algorithm::eltwise_gelu_erf, 0};
    case ActivationKind::silu:
      return {algorithm::eltwise_swish, 1};
    case ActivationKind::identity:
      return {algorithm::eltwise_linear, 1};
    case ActivationKind::elu:
    case ActivationKind::selu:
    case ActivationKind::softplus:
    case ActivationKind::hardswish:
      break;  // ours
  }
  throw Error(fmt::format("{} is no activation of oneDNN's", model::activation_name(activation.kind)));
}

void emit_activation_backward(Lowering& to, const model::Activation& activation, BufferId result, BufferId gradient,
                              BufferId out) {
  const std::string what = fmt::format("gradient of {}", model::activation_name(activation.kind));
  if (rectifier(activation.kind)) {
    to.flat_kernel(what, {gradient, result}, {out},
                   [slope = slope_of(activation)](float* const* buffer, std::size_t n) {
                     kernels::relu_backward(buffer[2], buffer[0], buffer[1], slope, n);
                   });
    return;
  }
  const memory::desc home = to.desc(gradient);
  const Eltwise eltwise = eltwise_of(activation, true);
  const auto pd = eltwise_backward(home, eltwise, eltwise_forward(home, eltwise));
  to.primitive<dnnl::eltwise_backward>(what, pd, {{DNNL_ARG_DST, result, home}, {DNNL_ARG_DIFF_DST, gradient, home}},
                                       {{DNNL_ARG_DIFF_SRC, out, home}});
}

OpPointer make_activation(const model::Graph& graph, const Group& group) {
  return std::make_unique<Activation>(graph, group);
}

}  // namespace fanin::engine
