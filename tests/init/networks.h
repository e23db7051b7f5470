// What the tests of schemes from other networks share: networks, states as after training, and what they compute.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "reference/network.h"

namespace fanin::init {

inline model::Graph build(const char* model, const Shape& input = {1, 8, 8}, std::int64_t classes = 10) {
  return model::build_model(parse_spec(model), input, classes);
}

inline std::vector<NamedTensor> start(const model::Graph& graph, const std::string& scheme, std::uint64_t seed = 1) {
  return initialize(graph, parse_spec(scheme), seed);
}

inline const Tensor& tensor_of(const std::vector<NamedTensor>& state, std::string_view name) {
  return std::ranges::find(state, name, &NamedTensor::name)->tensor;
}

inline bool same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  return std::ranges::equal(a, b, [](const NamedTensor& x, const NamedTensor& y) {
    return x.name == y.name && x.tensor.shape == y.tensor.shape && x.tensor.values == y.tensor.values;
  });
}

/// Values 0, 1, 2, ...
inline Tensor counted(const Shape& shape) {
  Tensor tensor{shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)))};
  std::iota(tensor.values.begin(), tensor.values.end(), 0.0f);
  return tensor;
}

inline Tensor noise(const Shape& shape, const char* name, float mean = 0, float std = 1) {
  Tensor tensor{shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)))};
  random::fill_normal(std::span<float>(tensor.values), random::make_stream(3, name, random::Purpose::augment), mean,
                      std);
  return tensor;
}

/// As after training: He weights, random biases, norms and statistics.
inline std::vector<NamedTensor> trained(const model::Graph& graph) {
  std::vector<NamedTensor> state = start(graph, "he_normal", 5);
  for (std::size_t p = 0; p < state.size(); ++p) {
    const model::Role role = graph.parameters()[p].role;
    if (role == model::Role::weight) continue;
    Tensor& tensor = state[p].tensor;
    tensor = noise(tensor.shape, state[p].name.c_str(), 0, 0.3f);
    if (role == model::Role::norm_scale || role == model::Role::running_var)
      for (float& value : tensor.values) value = 0.5f + std::abs(value);
  }
  return state;
}

inline reference::Array outputs(const model::Graph& graph, const std::vector<NamedTensor>& state) {
  reference::Network network(graph);
  network.load(state);
  Shape flat(1);
  flat[0] = 4 * element_count(graph.input_shape());
  const Tensor images = noise(flat, "images");
  return network.forward(reference::Array(images.values.begin(), images.values.end()), false);
}

inline double largest(const reference::Array& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

inline double difference(const reference::Array& a, const reference::Array& b) {
  EXPECT_EQ(a.size(), b.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most / largest(a);
}

/// A network with every way that channels take: flattening, a depthwise layer, additions, zero channels, concatenation.
inline model::Graph branched(std::int64_t w) {
  using namespace model;
  Graph graph("branched", {2, 8, 8});
  const auto conv = [](std::int64_t channels, std::int64_t stride = 1, std::int64_t groups = 1) {
    return Conv2d{.out_channels = channels,
                  .kernel_h = 3,
                  .kernel_w = 3,
                  .stride_h = stride,
                  .stride_w = stride,
                  .pad_top = 1,
                  .pad_left = 1,
                  .pad_bottom = 1,
                  .pad_right = 1,
                  .groups = groups};
  };
  const Activation relu{};
  ValueId x = graph.add("conv1", conv(w), {graph.input()});
  x = graph.add("bn1", BatchNorm{}, {x});
  const ValueId trunk = graph.add("relu1", relu, {x});
  ValueId y = graph.add("depthwise", conv(w, 1, w), {trunk});
  y = graph.add("prelu", PReLU{}, {y});
  y = graph.add("conv2", conv(w), {y});
  y = graph.add("scale", Scale{.initial = 0.5}, {y});
  x = graph.add("add1", Add{}, {y, trunk});
  const ValueId wide = graph.add("relu2", relu, {x});
  y = graph.add("conv3", conv(2 * w, 2), {wide});
  x = graph.add("pool", AveragePool2d{}, {wide});
  x = graph.add("pad", Pad{.channels_before = w / 2, .channels_after = w - w / 2}, {x});
  x = graph.add("add2", Add{}, {y, x});
  const ValueId sum = graph.add("relu3", relu, {x});
  y = graph.add("conv4", conv(w), {sum});
  x = graph.add("cat", Concat{}, {sum, y});
  x = graph.add("maxpool", MaxPool2d{}, {x});
  x = graph.add("flatten", Flatten{}, {x});
  x = graph.add("fc1", Linear{3 * w}, {x});
  x = graph.add("act", Activation{ActivationKind::tanh}, {x});
  graph.add("fc2", Linear{5}, {x});
  return graph;
}

}  // namespace fanin::init
