// The table of operators and, below it, the shape rule of each: one overload of `Rule` an operator.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fanin/base/error.h"
#include "model/operator_rules.h"

namespace fanin::model {
namespace {

constexpr std::array table = {
    OperatorInfo{
        "conv2d", "Two-dimensional convolution (cross-correlation)",
        "y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[g(o) I/groups + c, i s_h - p_top + u d_h, j s_w - p_left + v d_w]",
        "weight (O, I/groups, kH, kW), bias (O)", 1},
    OperatorInfo{"linear", "Fully connected layer", "y = W x + b", "weight (out, in), bias (out)", 1},
    OperatorInfo{"batch_norm", "Batch normalization (Ioffe & Szegedy 2015), per channel over batch and positions",
                 "y = weight (x - mean) / sqrt(var + epsilon) + bias; training: the batch's mean and biased variance, "
                 "evaluation: the running ones",
                 "weight (C), bias (C), running_mean (C), running_var (C)", 1},
    OperatorInfo{
        "activation",
        "Element-wise nonlinearity: identity, relu, leaky_relu, tanh, sigmoid, gelu, silu, elu, selu, softplus, "
        "hardswish",
        "y = f(x)", "", 1},
    OperatorInfo{"max_pool2d", "Largest element of each window; padding counts as minus infinity",
                 "y[c,i,j] = max_{u,v} x[c, i s_h - p_top + u, j s_w - p_left + v]", "", 1},
    OperatorInfo{"average_pool2d", "Mean of each window; padding counts as zeros or not at all",
                 "y[c,i,j] = sum_{u,v} x[c, i s_h - p_top + u, j s_w - p_left + v] / count", "", 1},
    OperatorInfo{"global_average_pool", "Mean over all positions of a channel", "y[c] = sum_{i,j} x[c,i,j] / (H W)", "",
                 1},
    OperatorInfo{"add", "Sum of two values of one shape", "y = a + b", "", 2},
    OperatorInfo{"flatten", "Image to vector in the order channel, row, column", "y[(c H + i) W + j] = x[c,i,j]", "",
                 1},
    OperatorInfo{"pad", "Zeros around the image and before and after the channels",
                 "y[c,i,j] = x[c - before, i - top, j - left], 0 outside", "", 1},
    OperatorInfo{"dropout", "Dropout (Srivastava et al. 2014), scaled in training; the identity in evaluation",
                 "y = m x / (1 - rate), m = 0 with probability rate, else 1", "", 1},
    OperatorInfo{"scale",
                 "Product with a trainable factor: one for all (SkipInit, De & Smith 2020; ReZero, Bachlechner et al. "
                 "2021) or one a channel (LayerScale, Touvron et al. 2021)",
                 "y[c] = a[c] x[c]", "weight (1) or (C)", 1},
    OperatorInfo{"prelu", "Rectifier with a trainable slope below 0 (He et al. 2015), one a channel or one for all",
                 "y[c] = x[c] where x[c] > 0, else a[c] x[c]", "weight (C) or (1)", 1},
    OperatorInfo{"concat", "One value behind the other along the channels",
                 "y[c] = a[c] for c < A, b[c - A] for A <= c < A + B, ...", "", any_number},
    OperatorInfo{
        "softmax_cross_entropy", "The loss: cross-entropy of softmax, with label smoothing s",
        "L = -mean_n sum_k t[n,k] log softmax(x[n])[k], t = (1 - s) onehot + s / classes; mixup: a mean of two", "", 1},
};
static_assert(table.size() == std::variant_size_v<Operator> + 1, "a row for each operator, and the loss");

// Numbers of an operator stay below this, so that the arithmetic on them cannot overflow.
constexpr std::int64_t largest_window = std::int64_t{1} << 20;
constexpr std::int64_t largest_width = std::int64_t{1} << 31;

struct Rule {
  const std::string& node;
  const std::vector<Shape>& inputs;

  [[noreturn]] void fail(const std::string& what) const { throw Error(node + ": " + what); }

  void in_range(std::string_view what, std::int64_t value, std::int64_t low, std::int64_t high) const {
    if (value < low || value > high) fail(fmt::format("{} is {}; from {} to {} expected", what, value, low, high));
  }

  const Shape& image() const {
    if (inputs[0].size() != 3)
      fail(fmt::format("the input has shape {}; an image (C, H, W) is expected", to_string(inputs[0])));
    return inputs[0];
  }

  // Output extent of a window that slides over one padded axis.
  std::int64_t slide(std::string_view axis, std::int64_t in, std::int64_t before, std::int64_t after,
                     std::int64_t kernel, std::int64_t stride, std::int64_t dilation) const {
    in_range(fmt::format("kernel {}", axis), kernel, 1, largest_window);
    in_range(fmt::format("stride {}", axis), stride, 1, largest_window);
    in_range(fmt::format("dilation {}", axis), dilation, 1, largest_window);
    in_range(fmt::format("padding before the {}", axis), before, 0, largest_window);
    in_range(fmt::format("padding after the {}", axis), after, 0, largest_window);
    const std::int64_t reach = (kernel - 1) * dilation + 1;
    if (reach > in + before + after) {
      fail(fmt::format("the window's {} is {}, which does not fit into the input's {} of {} with padding {}", axis,
                       reach, axis, in, before + after));
    }
    return (in + before + after - reach) / stride + 1;
  }

  template <class Pool>
  Outcome pool(const Pool& op) const {
    const Shape& x = image();
    const Shape y = {x[0], slide("height", x[1], op.pad_top, op.pad_bottom, op.kernel_h, op.stride_h, 1),
                     slide("width", x[2], op.pad_left, op.pad_right, op.kernel_w, op.stride_w, 1)};
    // A window that sees nothing but padding has no maximum and no mean.
    if (std::max(op.pad_top, op.pad_bottom) >= op.kernel_h || std::max(op.pad_left, op.pad_right) >= op.kernel_w) {
      fail(fmt::format("padding ({}, {}, {}, {}) must be smaller than the {}x{} window", op.pad_top, op.pad_left,
                       op.pad_bottom, op.pad_right, op.kernel_h, op.kernel_w));
    }
    return {y, {}};
  }

  Outcome operator()(const Conv2d& op) const {
    const Shape& x = image();
    in_range("out_channels", op.out_channels, 1, largest_width);
    if (op.groups < 1) fail(fmt::format("groups is {}; at least 1 expected", op.groups));
    if (x[0] % op.groups != 0) fail(fmt::format("groups {} do not divide {} input channels", op.groups, x[0]));
    if (op.out_channels % op.groups != 0) {
      fail(fmt::format("groups {} do not divide {} output channels", op.groups, op.out_channels));
    }
    Outcome outcome;
    outcome.output = {op.out_channels,
                      slide("height", x[1], op.pad_top, op.pad_bottom, op.kernel_h, op.stride_h, op.dilation_h),
                      slide("width", x[2], op.pad_left, op.pad_right, op.kernel_w, op.stride_w, op.dilation_w)};
    outcome.parameters.push_back(
        {"weight", {op.out_channels, x[0] / op.groups, op.kernel_h, op.kernel_w}, Role::weight});
    if (op.bias) outcome.parameters.push_back({"bias", {op.out_channels}, Role::bias});
    return outcome;
  }

  Outcome operator()(const Linear& op) const {
    if (inputs[0].size() != 1) {
      fail(fmt::format("the input has shape {}; a vector (F) is expected (flatten it first)", to_string(inputs[0])));
    }
    in_range("out_features", op.out_features, 1, largest_width);
    Outcome outcome{{op.out_features}, {{"weight", {op.out_features, inputs[0][0]}, Role::weight}}};
    if (op.bias) outcome.parameters.push_back({"bias", {op.out_features}, Role::bias});
    return outcome;
  }

  Outcome operator()(const BatchNorm& op) const {
    if (!(op.epsilon > 0) || !std::isfinite(op.epsilon))
      fail(fmt::format("epsilon is {}; above 0 expected", op.epsilon));
    if (!(op.momentum >= 0 && op.momentum <= 1)) fail(fmt::format("momentum is {}; from 0 to 1 expected", op.momentum));
    const Shape channels = {inputs[0][0]};
    return {inputs[0],
            {{"weight", channels, Role::norm_scale},
             {"bias", channels, Role::norm_shift},
             {"running_mean", channels, Role::running_mean},
             {"running_var", channels, Role::running_var}}};
  }

  Outcome operator()(const Activation& op) const {
    const int kind = static_cast<int>(op.kind);
    if (kind < 0 || kind >= activation_kinds) fail(fmt::format("activation kind {} does not exist", kind));
    if (!std::isfinite(op.alpha)) fail(fmt::format("alpha is {}; a finite slope is expected", op.alpha));
    return {inputs[0], {}};
  }

  Outcome operator()(const MaxPool2d& op) const { return pool(op); }
  Outcome operator()(const AveragePool2d& op) const { return pool(op); }
  Outcome operator()(const GlobalAveragePool&) const { return {{image()[0]}, {}}; }

  Outcome operator()(const Add&) const {
    if (inputs[0] != inputs[1]) {
      fail(fmt::format("adds {} to {}; equal shapes are expected", to_string(inputs[0]), to_string(inputs[1])));
    }
    return {inputs[0], {}};
  }

  Outcome operator()(const Flatten&) const { return {{element_count(image())}, {}}; }

  Outcome operator()(const Pad& op) const {
    const Shape& x = image();
    for (const std::int64_t extent : {op.top, op.left, op.bottom, op.right, op.channels_before, op.channels_after}) {
      in_range("padding", extent, 0, largest_window);
    }
    return {{op.channels_before + x[0] + op.channels_after, op.top + x[1] + op.bottom, op.left + x[2] + op.right}, {}};
  }

  Outcome operator()(const Dropout& op) const {
    if (!(op.rate >= 0 && op.rate < 1)) fail(fmt::format("dropout rate is {}; from 0 to below 1 expected", op.rate));
    return {inputs[0], {}};
  }

  Outcome operator()(const Scale& op) const {
    if (!std::isfinite(op.initial)) fail(fmt::format("initial value is {}; a finite number is expected", op.initial));
    return {inputs[0], {{"weight", {op.channels ? inputs[0][0] : 1}, Role::residual_scale}}};
  }

  Outcome operator()(const PReLU& op) const {
    if (!std::isfinite(op.initial)) fail(fmt::format("initial slope is {}; a finite number is expected", op.initial));
    return {inputs[0], {{"weight", {op.shared ? 1 : inputs[0][0]}, Role::slope}}};
  }

  Outcome operator()(const Concat&) const {
    Shape sum = inputs[0];
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      if (inputs[i].size() != sum.size() || !std::equal(sum.begin() + 1, sum.end(), inputs[i].begin() + 1)) {
        fail(fmt::format("puts {} behind {}; shapes that differ in the channels alone are expected",
                         to_string(inputs[i]), to_string(inputs[0])));
      }
      if (sum[0] > largest_width || inputs[i][0] > largest_width) fail("too many channels");
      sum[0] += inputs[i][0];
    }
    return {sum, {}};
  }
};

}  // namespace

std::span<const OperatorInfo> operator_table() {
  return table;
}

const OperatorInfo& operator_info(const Operator& op) {
  return table[op.index()];
}

Outcome infer(const std::string& node, const Operator& op, const std::vector<Shape>& inputs) {
  const int expected = operator_info(op).inputs;
  if (expected == any_number && inputs.empty()) {
    throw Error(fmt::format("{}: {} takes one input or more, 0 given", node, operator_info(op).name));
  }
  if (expected != any_number && std::ssize(inputs) != expected) {
    throw Error(fmt::format("{}: {} takes {} input{}, {} given", node, operator_info(op).name, expected,
                            expected == 1 ? "" : "s", inputs.size()));
  }
  Outcome outcome = std::visit(Rule{node, inputs}, op);
  try {
    element_count(outcome.output);
    for (const OwnedParameter& parameter : outcome.parameters) element_count(parameter.shape);
  } catch (const Error& error) {
    throw Error(node + ": " + error.what());
  }
  return outcome;
}

}  // namespace fanin::model
