// What the tests of the schemes share: a context, a filled tensor, moments.
#pragma once
#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

#include "fanin/base/spec.h"
#include "fanin/init/schemes.h"

namespace fanin::init {

/// A convolution weight (O, I/groups, k, k) of stride 1, ReLU after it.
inline WeightContext conv_context(std::int64_t outputs, std::int64_t inputs, std::int64_t kernel,
                                  std::int64_t groups = 1) {
  WeightContext context;
  context.name = "conv.weight";
  context.shape = {outputs, inputs / groups, kernel, kernel};
  context.role = model::Role::weight;
  const double area = static_cast<double>(kernel * kernel), count = static_cast<double>(groups);
  context.fans = {static_cast<double>(inputs) / count * area, static_cast<double>(outputs) / count * area};
  context.groups = groups;
  context.activation = {model::ActivationKind::relu};
  context.seed = 1;
  return context;
}

/// A convolution of stride 1 that keeps the image's size: zeros around it.
inline model::Conv2d same_convolution(std::int64_t channels, std::int64_t kernel = 3) {
  const std::int64_t side = kernel / 2;
  return {.out_channels = channels,
          .kernel_h = kernel,
          .kernel_w = kernel,
          .pad_top = side,
          .pad_left = side,
          .pad_bottom = side,
          .pad_right = side};
}

inline WeightContext linear_context(std::int64_t outputs, std::int64_t inputs) {
  WeightContext context;
  context.name = "fc.weight";
  context.shape = {outputs, inputs};
  context.role = model::Role::weight;
  context.fans = {static_cast<double>(inputs), static_cast<double>(outputs)};
  context.activation = {model::ActivationKind::relu};
  context.seed = 1;
  return context;
}

struct Filled {
  std::vector<float> values;
  FillReport report;
};

inline Filled filled(std::string_view scheme, const WeightContext& context) {
  Filled result;
  result.values.resize(static_cast<std::size_t>(element_count(context.shape)));
  result.report = fill(parse_spec(scheme), context, result.values);
  return result;
}

}  // namespace fanin::init
