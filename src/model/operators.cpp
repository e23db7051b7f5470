// Activations as scalar functions in double, and operators described in words.
#include "fanin/model/operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"

namespace fanin::model {
namespace {

struct ActivationRow {
  std::string_view name, formula;
};

constexpr std::array<ActivationRow, activation_kinds> activations = {{
    {"identity", "x"},
    {"relu", "max(x, 0)"},
    {"leaky_relu", "x, alpha x below 0 (alpha 0.01 unless said)"},
    {"tanh", "(e^x - e^-x) / (e^x + e^-x)"},
    {"sigmoid", "1 / (1 + e^-x)"},
    {"gelu", "x Phi(x), Phi the normal distribution function"},
    {"silu", "x sigmoid(x)"},
    {"elu", "x, alpha (e^x - 1) below 0 (alpha 1 unless said)"},
    {"selu", "1.0507 x, 1.0507 * 1.6733 (e^x - 1) below 0"},
    {"softplus", "ln(1 + e^x)"},
    {"hardswish", "x min(max(x + 3, 0), 6) / 6"},
}};

// Both branches take exp of a number <= 0, which cannot overflow.
double sigmoid(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}
double normal_density(double x) {
  return std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}

std::string pair(std::int64_t h, std::int64_t w) {
  return h == w ? fmt::format("{}", h) : fmt::format("{}x{}", h, w);
}

// Parts of a description that are said only where they differ from the usual.
std::string padding(std::int64_t top, std::int64_t left, std::int64_t bottom, std::int64_t right) {
  if (top == bottom && left == right) return top == 0 && left == 0 ? "" : ", padding " + pair(top, left);
  return fmt::format(", padding top {} left {} bottom {} right {}", top, left, bottom, right);
}

std::string stride(std::int64_t h, std::int64_t w) {
  return h == 1 && w == 1 ? "" : ", stride " + pair(h, w);
}

struct Describer {
  std::string operator()(const Conv2d& op) const {
    std::string text = fmt::format("conv2d {}x{}, {} channels", op.kernel_h, op.kernel_w, op.out_channels);
    text += stride(op.stride_h, op.stride_w) + padding(op.pad_top, op.pad_left, op.pad_bottom, op.pad_right);
    if (op.dilation_h != 1 || op.dilation_w != 1) text += ", dilation " + pair(op.dilation_h, op.dilation_w);
    if (op.groups != 1) text += fmt::format(", groups {}", op.groups);
    return op.bias ? text : text + ", no bias";
  }
  std::string operator()(const Linear& op) const {
    return fmt::format("linear, {} features{}", op.out_features, op.bias ? "" : ", no bias");
  }
  std::string operator()(const BatchNorm& op) const {
    return fmt::format("batch_norm, epsilon {}, momentum {}", op.epsilon, op.momentum);
  }
  std::string operator()(const Activation& op) const {
    const std::string name(activation_name(op.kind));
    if (op.kind == ActivationKind::elu) return fmt::format("{}, alpha {}", name, op.alpha);
    return op.kind == ActivationKind::leaky_relu ? fmt::format("{}, slope {}", name, op.alpha) : name;
  }
  std::string operator()(const MaxPool2d& op) const { return "max_pool2d" + window(op); }
  std::string operator()(const AveragePool2d& op) const {
    const bool pads = op.pad_top + op.pad_left + op.pad_bottom + op.pad_right > 0;
    return "average_pool2d" + window(op) + (pads && !op.count_include_pad ? ", padding not counted" : "");
  }
  std::string operator()(const GlobalAveragePool&) const { return "global_average_pool"; }
  std::string operator()(const Add&) const { return "add"; }
  std::string operator()(const Flatten&) const { return "flatten"; }
  std::string operator()(const Pad& op) const {
    std::string text = "pad" + padding(op.top, op.left, op.bottom, op.right);
    if (op.channels_before || op.channels_after) {
      text += fmt::format(", channels {} before {} after", op.channels_before, op.channels_after);
    }
    return text;
  }
  std::string operator()(const Dropout& op) const { return fmt::format("dropout, rate {}", op.rate); }
  std::string operator()(const Scale& op) const {
    return fmt::format("scale{}, initially {}", op.channels ? ", a factor a channel" : "", op.initial);
  }
  std::string operator()(const PReLU& op) const {
    return fmt::format("prelu, {}, initially {}", op.shared ? "one slope" : "a slope a channel", op.initial);
  }
  std::string operator()(const Concat&) const { return "concat"; }

  template <class Pool>
  static std::string window(const Pool& op) {
    return fmt::format(" {}x{}", op.kernel_h, op.kernel_w) + stride(op.stride_h, op.stride_w) +
           padding(op.pad_top, op.pad_left, op.pad_bottom, op.pad_right);
  }
};

}  // namespace

std::string describe(const Operator& op) {
  return std::visit(Describer{}, op);
}

double activation_value(const Activation& activation, double x) {
  switch (activation.kind) {
    case ActivationKind::identity:
      return x;
    case ActivationKind::relu:
      return x < 0 ? 0 : x;  // NaN passes, as in PyTorch
    case ActivationKind::leaky_relu:
      return x < 0 ? activation.alpha * x : x;
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::sigmoid:
      return sigmoid(x);
    case ActivationKind::gelu:
      return x * normal_cdf(x);
    case ActivationKind::silu:
      return x * sigmoid(x);
    case ActivationKind::elu:
      return x < 0 ? activation.alpha * std::expm1(x) : x;
    case ActivationKind::selu:
      return selu_scale * (x < 0 ? selu_alpha * std::expm1(x) : x);
    case ActivationKind::softplus:
      return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    case ActivationKind::hardswish:
      if (x <= -3) return 0;
      return x >= 3 ? x : x * (x + 3) / 6;
  }
  return x;
}

double activation_derivative(const Activation& activation, double x) {
  switch (activation.kind) {
    case ActivationKind::identity:
      return 1;
    case ActivationKind::relu:
      return x > 0 ? 1 : 0;
    case ActivationKind::leaky_relu:
      return x > 0 ? 1 : activation.alpha;
    case ActivationKind::tanh: {
      const double y = std::tanh(x);
      return (1 - y) * (1 + y);
    }
    case ActivationKind::sigmoid:
      return sigmoid(x) * sigmoid(-x);
    case ActivationKind::gelu:
      return normal_cdf(x) + x * normal_density(x);
    case ActivationKind::silu:
      return sigmoid(x) * (1 + x * sigmoid(-x));
    case ActivationKind::elu:
      return x > 0 ? 1 : activation.alpha * std::exp(x);
    case ActivationKind::selu:
      return selu_scale * (x > 0 ? 1 : selu_alpha * std::exp(x));
    case ActivationKind::softplus:
      return sigmoid(x);
    case ActivationKind::hardswish:
      if (x <= -3) return 0;
      return x >= 3 ? 1 : (2 * x + 3) / 6;
  }
  return 1;
}

std::string_view activation_name(ActivationKind kind) {
  return activations[static_cast<std::size_t>(kind)].name;
}

std::string_view activation_formula(ActivationKind kind) {
  return activations[static_cast<std::size_t>(kind)].formula;
}

ActivationKind parse_activation(std::string_view name) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < activations.size(); ++i) {
    if (activations[i].name == name) return static_cast<ActivationKind>(i);
    names.emplace_back(activations[i].name);
  }
  throw Error(unknown_name_message("activation", name, names));
}

}  // namespace fanin::model
