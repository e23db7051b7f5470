// Every operator against the double reference, on random shapes, in row-major and in blocked layouts, alone and fused.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/compare.h"

namespace fanin::testing {
namespace {

using engine::CompileOptions;
using model::Graph;
using model::ValueId;

/// The operator of a random one-node network behind a stem that makes gradients flow to its input: a scale (which keeps
/// the row-major layout) or a convolution or product (which chooses a layout); a Flatten makes logits of its result.
Graph embed(const Graph& single, bool blocked) {
  const model::Node& node = single.nodes().front();
  Graph graph("embedded", single.input_shape());
  ValueId value = 0;
  const Shape& shape = single.input_shape();
  if (!blocked) {
    value = graph.add("stem", model::Scale{1.0}, {0});
  } else if (shape.size() == 3) {
    value = graph.add("stem", model::Conv2d{.out_channels = shape[0]}, {0});
  } else {
    value = graph.add("stem", model::Linear{.out_features = shape[0]}, {0});
  }
  value = graph.add(node.name, node.op, std::vector<ValueId>(node.inputs.size(), value));
  if (graph.value(value).shape.size() == 3) value = graph.add("flatten", model::Flatten{}, {value});
  return graph;
}

class EveryOperator : public ::testing::TestWithParam<std::size_t> {};

TEST_P(EveryOperator, FollowsTheReference) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    for (const bool blocked : {false, true}) {
      for (const bool fuse : {false, true}) {
        Dice dice(seed * 977 + GetParam());
        const Graph graph = embed(random_operator_graph(GetParam(), dice), blocked);
        SCOPED_TRACE(model::describe(graph.nodes()[1].op) + " on " + to_string(graph.value(1).shape) +
                     (blocked ? ", blocked" : ", row-major") + (fuse ? ", fused" : ", unfused") + ", seed " +
                     std::to_string(seed));
        const CompileOptions options{
            .batch = dice.between(2, 5), .training = true, .fuse = fuse, .label_smoothing = seed % 2 == 0 ? 0.0 : 0.1};
        Pair pair(graph, options, dice);
        reference::TrainingPass pass{seed, 3, options.label_smoothing};
        if (seed % 3 == 1) pass.mixture = {0.3, pair.partners};
        expect_same_training(pair, pass, 2e-4, !fuse);
        expect_same_evaluation(pair, 2e-5);
        if (HasFailure()) return;
      }
    }
  }
}

std::string operator_name(const ::testing::TestParamInfo<std::size_t>& info) {
  return std::string(model::operator_table()[info.param].name);
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOperator, ::testing::Range(std::size_t{0}, std::variant_size_v<model::Operator>),
                         operator_name);

TEST(EveryActivation, FollowsTheReferenceInEveryLayoutAndLetsNanThrough) {
  for (int kind = 0; kind < model::activation_kinds; ++kind) {
    for (const std::int64_t channels : {std::int64_t{3}, std::int64_t{16}, std::int64_t{21}}) {
      for (const bool fuse : {false, true}) {
        const model::Activation activation{static_cast<model::ActivationKind>(kind)};
        SCOPED_TRACE(model::describe(activation) + (fuse ? ", fused, " : ", ") + std::to_string(channels));
        Graph graph("activation", {channels, 5, 3});
        ValueId value = graph.add("conv", model::Conv2d{.out_channels = channels}, {0});
        value = graph.add("act", activation, {value});
        value = graph.add("after", model::Conv2d{.out_channels = 4, .kernel_h = 2, .kernel_w = 2}, {value});
        graph.add("flatten", model::Flatten{}, {value});
        Dice dice(static_cast<std::uint64_t>(kind));
        Pair pair(graph, {.batch = 3, .training = true, .fuse = fuse, .label_smoothing = 0}, dice);
        for (std::size_t i = 0; i < pair.images.size(); ++i)
          pair.program.input()[i] = static_cast<float>(pair.images[i] *= 3);
        expect_same_training(pair, {}, 2e-4, !fuse);
        expect_same_evaluation(pair, 2e-5);
      }
    }
  }
  for (const auto kind : {model::ActivationKind::relu, model::ActivationKind::elu, model::ActivationKind::selu,
                          model::ActivationKind::softplus, model::ActivationKind::hardswish}) {
    Graph graph("nan", {1, 1, 19});
    const ValueId value = graph.add("act", model::Activation{kind}, {0});
    graph.add("flatten", model::Flatten{}, {value});
    engine::Program program(graph, {.batch = 1, .training = false});
    for (int i = 0; i < 19; ++i) program.input()[i] = NAN;
    program.evaluate(1);
    for (const float x : program.logits()) EXPECT_TRUE(std::isnan(x)) << model::activation_name(kind);
  }
}

/// Integers small enough that every sum is exact: linear operators must be right to the last bit.
TEST(Convolution, IsExactOnSmallIntegers) {
  struct Case {
    std::int64_t channels, size;
    model::Conv2d conv;
  };
  const std::vector<Case> cases = {
      {3,
       9,
       {.out_channels = 5, .kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
      {17, 7, {.out_channels = 19, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_top = 1}},
      // oneDNN issue 6035: strided 1x1 over few channels.
      {4, 32, {.out_channels = 8, .kernel_h = 1, .kernel_w = 1, .stride_h = 2, .stride_w = 2}},
      {5, 32, {.out_channels = 16, .kernel_h = 1, .kernel_w = 1, .stride_h = 2, .stride_w = 2}},
      {8, 8, {.out_channels = 8, .kernel_h = 3, .kernel_w = 3, .groups = 8, .bias = false}},
      {6, 8, {.out_channels = 12, .kernel_h = 3, .kernel_w = 2, .dilation_h = 2, .dilation_w = 2, .groups = 2}},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(model::describe(item.conv));
    Graph graph("exact", {item.channels, item.size, item.size});
    ValueId value = graph.add("stem", model::Scale{1.0}, {0});
    value = graph.add("conv", item.conv, {value});
    graph.add("flatten", model::Flatten{}, {value});
    Dice dice(7);
    Pair pair(graph, {.batch = 3, .training = true, .fuse = false, .label_smoothing = 0}, dice);
    for (std::size_t i = 0; i < graph.parameters().size(); ++i) {
      for (double& x : pair.network.parameter(static_cast<model::ParameterId>(i))) {
        x = i == 0 ? 1.0 : static_cast<double>(dice.between(-3, 3));
      }
    }
    pair.program.load(tensors_of(pair.network));
    for (std::size_t i = 0; i < pair.images.size(); ++i) {
      pair.images[i] = static_cast<double>(dice.between(-4, 4));
      pair.program.input()[i] = static_cast<float>(pair.images[i]);
    }
    expect_same_training(pair, {}, 2e-4, true);
    EXPECT_EQ(distance(pair.program.value(2).values, pair.network.value(2)), 0);
  }
}

}  // namespace
}  // namespace fanin::testing
