// The operators of a network: small structs in a closed variant. Shapes are of one image: (C, H, W) or (F).
//
// To add one: its struct here, its row and shape rule in src/model/operator_table.cpp, its double loops in
// src/reference/, its file in src/engine/ops/. The tests run over the table.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace fanin::model {

/// Cross-correlation, weight (O, I/groups, kH, kW), bias (O). Depthwise: groups == in_channels.
struct Conv2d {
  std::int64_t out_channels = 0;
  std::int64_t kernel_h = 1, kernel_w = 1;
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  std::int64_t dilation_h = 1, dilation_w = 1;  // 1: none
  std::int64_t groups = 1;
  bool bias = true;
};

/// y = x W^T + b, weight (out, in), bias (out). Input (F).
struct Linear {
  std::int64_t out_features = 0;
  bool bias = true;
};

/// Over batch and positions, per channel; weight and bias (C); running_mean, running_var (C) as PyTorch keeps them:
/// running = (1 - momentum) running + momentum batch, with the unbiased batch variance. Input (C, H, W) or (F).
struct BatchNorm {
  double epsilon = 1e-5;
  double momentum = 0.1;
};

enum class ActivationKind { identity, relu, leaky_relu, tanh, sigmoid, gelu, silu, elu, selu, softplus, hardswish };
inline constexpr int activation_kinds = 11;

/// Klambauer et al. 2017, equation 14: with these, mean 0 and variance 1 are a fixed point of selu.
inline constexpr double selu_alpha = 1.6732632423543772848170429916717;
inline constexpr double selu_scale = 1.0507009873554804934193349852946;

/// What frameworks take where no alpha is given.
constexpr double default_alpha(ActivationKind kind) {
  return kind == ActivationKind::elu ? 1.0 : 0.01;
}

struct Activation {
  ActivationKind kind = ActivationKind::relu;
  double alpha = default_alpha(kind);  // leaky_relu: slope below 0; elu: minus its limit there; unused elsewhere
};

/// y = x above 0, else a x with a trainable slope: one a channel, weight (C), or one for all, weight (1)
/// (He et al. 2015). Input (C, H, W) or (F). Weight decay spares the slopes, as the paper has it.
struct PReLU {
  bool shared = false;
  double initial = 0.25;
};

/// Padding counts as minus infinity. Output extent: floor((in + pads - kernel) / stride) + 1.
struct MaxPool2d {
  std::int64_t kernel_h = 2, kernel_w = 2, stride_h = 2, stride_w = 2;
  std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
};

struct AveragePool2d {
  std::int64_t kernel_h = 2, kernel_w = 2, stride_h = 2, stride_w = 2;
  std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  bool count_include_pad = true;  // PyTorch's default
};

/// (C, H, W) -> (C): the mean over positions.
struct GlobalAveragePool {};

/// The sum of two values of one shape.
struct Add {};

/// One value behind the other along the channels; their other extents are equal. (C, H, W) or (F).
struct Concat {};

/// (C, H, W) -> (C*H*W) in logical order.
struct Flatten {};

/// Zeros around the image and before and after the channels (ResNet's parameter-free shortcut, option A).
struct Pad {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;
  std::int64_t channels_before = 0, channels_after = 0;
};

/// Training: each element is 0 with probability `rate`, else x / (1 - rate). Evaluation: the identity.
struct Dropout {
  double rate = 0.5;
};

/// y = a x with a trainable factor: one scalar, weight (1) (SkipInit, De & Smith 2020; ReZero, Bachlechner et al.
/// 2021), or one a channel, weight (C) (LayerScale, Touvron et al. 2021). Input (C, H, W) or (F).
struct Scale {
  double initial = 0.0;
  bool channels = false;
};

using Operator = std::variant<Conv2d, Linear, BatchNorm, Activation, MaxPool2d, AveragePool2d, GlobalAveragePool, Add,
                              Flatten, Pad, Dropout, Scale, PReLU, Concat>;

/// The loss at the end of every network: mean over the batch of the cross-entropy between softmax(logits) and
/// (1 - s) onehot + s / classes (label smoothing s, as PyTorch). Not a node: the engine appends it when it trains.
struct SoftmaxCrossEntropy {
  double label_smoothing = 0.0;
};

inline constexpr int any_number = -1;

/// A row of the operator table; row i documents alternative i of Operator, the last row the loss.
struct OperatorInfo {
  std::string_view name;  // "conv2d"
  std::string_view summary;
  std::string_view formula;
  std::string_view parameters;  // "weight (O, I/groups, kH, kW), bias (O)"
  int inputs;                   // number of input values; any_number: one or more
};
std::span<const OperatorInfo> operator_table();
const OperatorInfo& operator_info(const Operator& op);

/// The operator with its numbers: "conv2d 3x3, 16 -> 32, stride 2, padding 1, groups 1, no bias".
std::string describe(const Operator& op);

/// f and its derivative in double: the definition that gains, the reference and the engine's tests share.
/// gelu is the exact erf form; silu is x sigmoid(x); elu is alpha (e^x - 1) below 0; selu has the constants of
/// Klambauer et al. 2017; softplus is ln(1 + e^x); hardswish is x min(max(x + 3, 0), 6) / 6. relu'(0) = 0.
double activation_value(const Activation& activation, double x);
double activation_derivative(const Activation& activation, double x);
std::string_view activation_name(ActivationKind kind);
/// f(x), for readers.
std::string_view activation_formula(ActivationKind kind);
/// Throws Error with the known names.
ActivationKind parse_activation(std::string_view name);

}  // namespace fanin::model
