// Trainable scales at the ends of residual branches: ReZero, LayerScale, and Fixup's slow scalars.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/effects.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "init/helpers.h"
#include "reference/network.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

model::Graph build(const char* model) {
  return model::build_model(parse_spec(model), {3, 8, 8}, 10);
}

/// A network after one training pass over two images of noise.
reference::Network trained_once(const model::Graph& graph, const char* scheme) {
  reference::Network network(graph);
  network.load(initialize(graph, parse_spec(scheme), 1));
  reference::Array images(2 * 3 * 8 * 8);
  random::fill_normal(std::span<double>(images), random::make_stream(3, "images", random::Purpose::augment), 0.0, 1.0);
  const std::vector<std::int32_t> labels = {1, 7};
  network.forward_backward(images, labels);
  return network;
}

double largest(const reference::Array& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

TEST(ReZero, StartsAsTheIdentityAndMovesItsScalesFirst) {
  const model::Graph graph = build("resnet20:norm=none,branch_scale=scalar");
  const reference::Network network = trained_once(graph, "rezero");
  int blocks = 0, scales = 0;
  for (const model::Node& node : graph.nodes()) {
    if (!std::holds_alternative<model::Add>(node.op)) continue;
    ++blocks;
    EXPECT_EQ(network.value(node.output), network.value(node.inputs[1])) << node.name;
  }
  EXPECT_EQ(blocks, 9);
  for (std::size_t i = 0; i < graph.parameters().size(); ++i) {
    const model::Parameter& parameter = graph.parameters()[i];
    const double gradient = largest(network.parameter_gradient(static_cast<model::ParameterId>(i)));
    if (parameter.role == model::Role::residual_scale) {
      ++scales;
      EXPECT_GT(gradient, 0) << parameter.name;
    } else if (parameter.name.starts_with("layer")) {
      EXPECT_EQ(gradient, 0) << parameter.name;
    }
  }
  EXPECT_EQ(scales, 9);
  const auto state = initialize(graph, parse_spec("rezero:alpha=0.25"), 1);
  EXPECT_EQ(std::ranges::find(state, "layer1.0.scale.weight", &NamedTensor::name)->tensor.values[0], 0.25f);
  EXPECT_THAT([] { initialize(build("resnet20"), parse_spec("rezero"), 1); },
              ThrowsMessage<Error>(HasSubstr("scheme 'rezero' needs residual branches that end in a trainable scale")));
}

TEST(LayerScale, LetsEachBranchInByItsScale) {
  const model::Graph graph = build("resnet20:norm=none,branch_scale=channel");
  const reference::Network network = trained_once(graph, "layerscale");
  for (const model::Node& node : graph.nodes()) {
    if (!std::holds_alternative<model::Add>(node.op)) continue;
    const reference::Array &sum = network.value(node.output), &shortcut = network.value(node.inputs[1]);
    const model::Node& scale = graph.node(graph.value(node.inputs[0]).producer);
    const reference::Array& branch = network.value(scale.inputs[0]);
    for (std::size_t i = 0; i < sum.size(); ++i) EXPECT_NEAR(sum[i], shortcut[i] + 0.1 * branch[i], 1e-6);
    EXPECT_EQ(graph.parameter(scale.parameters[0]).shape, (Shape{graph.value(node.output).shape[0]}));
  }
  EXPECT_GT(largest(network.parameter_gradient(graph.find_parameter("layer1.0.conv1.weight"))), 0);
}

TEST(LayerScale, TakesLambdaFromTheNumberOfBranches) {
  for (const auto& [model, lambda] : {std::pair{"resnet32", 0.1f}, {"resnet44", 1e-5f}, {"resnet56", 1e-6f}}) {
    const model::Graph graph = build((std::string(model) + ":branch_scale=channel").c_str());
    const auto state = initialize(graph, parse_spec("layerscale"), 1);
    const auto& scale = std::ranges::find(state, "layer2.1.scale.weight", &NamedTensor::name)->tensor;
    EXPECT_THAT(scale.values, testing::AllOf(testing::SizeIs(32), testing::Each(lambda))) << model;
  }
  EXPECT_THAT(
      [] { initialize(build("resnet20:branch_scale=scalar"), parse_spec("layerscale"), 1); },
      ThrowsMessage<Error>(HasSubstr("scheme 'layerscale' needs residual branches that end in one trainable scale a "
                                     "channel (for resnet models: branch_scale=channel)")));
  EXPECT_THAT([] { initialize(build("resnet20:branch_scale=channel"), parse_spec("layerscale:lambda=big"), 1); },
              ThrowsMessage<Error>(HasSubstr("option 'lambda' of scheme 'layerscale'")));
}

TEST(Fixup, TrainsItsScalarsAtATenthOfTheRate) {
  const model::Graph graph = build("resnet20:norm=none,branch_scale=scalar");
  for (const UpdateRule rule : {UpdateRule::proportional, UpdateRule::adaptive}) {
    const std::vector<double> factors = learning_rate_factors(graph, parse_spec("fixup"), rule);
    ASSERT_EQ(factors.size(), graph.parameters().size());
    for (std::size_t i = 0; i < factors.size(); ++i)
      EXPECT_EQ(factors[i], graph.parameters()[i].role == model::Role::weight ? 1.0 : 0.1)
          << graph.parameters()[i].name;
    EXPECT_THAT(learning_rate_factors(graph, parse_spec("fixup:scalar_rate=1"), rule), testing::Each(1.0));
    EXPECT_THAT(learning_rate_factors(graph, parse_spec("he_normal"), rule), testing::Each(1.0));
  }
  EXPECT_THAT(describe_learning_rates(graph, parse_spec("fixup")),
              testing::StartsWith("learning rate x 0.1 under sgd: conv1.bias, layer1.0.conv1.bias, "));
  EXPECT_EQ(describe_learning_rates(graph, parse_spec("he_normal")), "");
}

}  // namespace
}  // namespace fanin::init
