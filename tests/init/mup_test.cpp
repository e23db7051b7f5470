// muP's starts and learning rates; that they do what they are for is tested by training, in tests/train.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/effects.h"
#include "fanin/model/builders.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::map<std::string, double> rates(const model::Graph& graph, const char* scheme, UpdateRule rule) {
  const std::vector<double> factors = learning_rate_factors(graph, parse_spec(scheme), rule);
  std::map<std::string, double> result;
  for (std::size_t i = 0; i < factors.size(); ++i) result[graph.parameters()[i].name] = factors[i];
  return result;
}

TEST(MuP, HasTheRulesOfItsTable) {
  const model::Graph graph = model::build_model(parse_spec("vanilla:depth=3,width=64,norm=batch"), {3, 8, 8}, 10);
  std::vector<FillReport> reports;
  initialize(graph, parse_spec("mup"), 1, &reports);  // four times the base width of 16
  ASSERT_EQ(reports.size(), 4u);
  EXPECT_NEAR(reports[0].target_std, std::sqrt(2.0 / 27), 1e-12);
  EXPECT_NEAR(reports[1].target_std, std::sqrt(2.0 / 576), 1e-12);
  EXPECT_NEAR(reports[3].target_std, std::sqrt(1.0 / 64 / 4), 1e-12);
  const auto sgd = rates(graph, "mup", UpdateRule::proportional), adam = rates(graph, "mup", UpdateRule::adaptive);
  for (const auto& [name, by_sgd, by_adam] : {std::tuple{"conv1.weight", 4.0, 1.0},
                                              {"conv2.weight", 1.0, 0.25},
                                              {"bn2.weight", 4.0, 1.0},
                                              {"bn2.bias", 4.0, 1.0},
                                              {"bn2.running_mean", 1.0, 1.0},
                                              {"fc.weight", 0.25, 0.25},
                                              {"fc.bias", 1.0, 1.0}}) {
    EXPECT_EQ(sgd.at(name), by_sgd) << name;
    EXPECT_EQ(adam.at(name), by_adam) << name;
  }
  WeightContext last = linear_context(10, 64);
  last.activation = {model::ActivationKind::identity};
  last.place.last = true;
  last.place.network_width = 64;
  EXPECT_NEAR(filled("mup", last).report.target_std, 0.0625, 1e-12);
}

TEST(MuP, TakesDepthwiseKernelsAndScalesAsVectors) {
  const model::Graph mixer = model::build_model(parse_spec("convmixer:width=32,depth=1,kernel=3"), {3, 8, 8}, 10);
  EXPECT_EQ(rates(mixer, "mup", UpdateRule::proportional).at("block0.depthwise.weight"), 2);
  EXPECT_EQ(rates(mixer, "mup", UpdateRule::adaptive).at("block0.depthwise.weight"), 1);
  EXPECT_EQ(rates(mixer, "mup", UpdateRule::adaptive).at("block0.pointwise.weight"), 0.5);
  const model::Graph scalar = model::build_model(parse_spec("resnet20:branch_scale=scalar"), {3, 8, 8}, 10);
  EXPECT_EQ(rates(scalar, "mup:base_width=4", UpdateRule::proportional).at("layer1.0.scale.weight"), 1);
  const model::Graph channel = model::build_model(parse_spec("resnet20:branch_scale=channel"), {3, 8, 8}, 10);
  EXPECT_EQ(rates(channel, "mup:base_width=4", UpdateRule::proportional).at("layer1.0.scale.weight"), 4);
}

TEST(MuP, IsHesRuleAtTheBaseWidth) {
  const model::Graph graph = model::build_model(parse_spec("resnet20"), {3, 8, 8}, 10);
  const auto mup = initialize(graph, parse_spec("mup"), 1), he = initialize(graph, parse_spec("he_normal"), 1);
  for (std::size_t i = 0; i < mup.size(); ++i) EXPECT_EQ(mup[i].tensor.values, he[i].tensor.values) << mup[i].name;
  for (const UpdateRule rule : {UpdateRule::proportional, UpdateRule::adaptive})
    EXPECT_THAT(learning_rate_factors(graph, parse_spec("mup"), rule), testing::Each(1.0));
  const auto zero = initialize(graph, parse_spec("mup:output=zero"), 1);
  EXPECT_THAT(std::ranges::find(zero, "fc.weight", &NamedTensor::name)->tensor.values, testing::Each(0.0f));
  EXPECT_THAT([] { filled("mup", linear_context(4, 4)); },
              ThrowsMessage<Error>(HasSubstr("scheme 'mup' needs a network: 'fc.weight' has to be compared")));
  EXPECT_THAT([] { filled("mup:base_width=0", linear_context(4, 4)); },
              ThrowsMessage<Error>(HasSubstr("option 'base_width' of scheme 'mup' is 0")));
}

}  // namespace
}  // namespace fanin::init
