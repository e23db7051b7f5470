// Depth profiles of networks whose scales are known.
#include <gmock/gmock.h>

#include <cmath>

#include "fanin/base/error.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "fanin/probe/profile.h"
#include "fanin/random/stream.h"

namespace fanin::probe {
namespace {

constexpr std::int64_t batch = 32;

Profile profile_of(const char* model, const char* scheme, const Shape& input = {1, 28, 28}) {
  const model::Graph graph = model::build_model(parse_spec(model), input, 10);
  Tensor images{{batch, input[0], input[1], input[2]}, {}};
  images.values.resize(static_cast<std::size_t>(element_count(images.shape)));
  random::fill_normal(images.values, random::make_stream(1, "images", random::Purpose::subset), 0.0f, 1.0f);
  std::vector<std::int32_t> labels(batch);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 10);
  return take_profile(graph, init::initialize(graph, parse_spec(scheme), 5), images, labels);
}

TEST(ProfileTest, HeKeepsTheSignalOfAPlainNetworkAndSmallNormalsLoseIt) {
  const Profile he = profile_of("vanilla:depth=20,width=16", "he_normal");
  ASSERT_EQ(he.layers.size(), 21u);
  EXPECT_TRUE(he.finite);
  EXPECT_FALSE(find_signal_loss(he).activation_layer.has_value());
  EXPECT_FALSE(find_signal_loss(he).gradient_layer.has_value());
  EXPECT_GT(he.layers[19].activation_rms, 0.05 * he.layers[0].activation_rms);

  const Profile small = profile_of("vanilla:depth=20,width=16", "normal:std=0.01");
  const SignalLoss loss = find_signal_loss(small);
  ASSERT_TRUE(loss.activation_layer.has_value());
  EXPECT_THAT(*loss.activation_layer, testing::AllOf(testing::Ge(2u), testing::Le(6u)));
  EXPECT_NEAR(small.loss, std::log(10.0), 1e-3);
}

TEST(ProfileTest, ZerosAreSilentFromTheFirstLayer) {
  const Profile zeros = profile_of("lenet5", "zeros");
  ASSERT_EQ(zeros.layers.size(), 5u);
  EXPECT_EQ(zeros.layers[0].activation_rms, 0.0);
  EXPECT_EQ(zeros.layers[0].dead_fraction, 1.0);
  EXPECT_EQ(find_signal_loss(zeros).activation_layer, 0u);
  EXPECT_EQ(find_signal_loss(zeros).gradient_layer, 3u);
  EXPECT_EQ(zeros.layers[0].histogram, std::vector<std::int64_t>{150});
}

TEST(ProfileTest, WeightNumbersAreTheWeights) {
  const Profile profile = profile_of("lenet5", "uniform:low=-0.5,high=0.5");
  const LayerProfile& layer = profile.layers[2];  // fc1: 400 x 120
  EXPECT_EQ(layer.name, "fc1");
  EXPECT_NEAR(layer.weight_rms, 0.5 / std::sqrt(3.0), 0.005);
  std::int64_t total = 0;
  for (std::int64_t count : layer.histogram) total += count;
  EXPECT_EQ(total, 48000);
  EXPECT_NEAR(layer.histogram_high, 0.5, 0.01);
  EXPECT_EQ(layer.histogram_low, -layer.histogram_high);
}

TEST(ProfileTest, EulersIdentityHoldsInABiasFreePlainNetwork) {
  // <W, dL/dW> is the same number for every layer of a positively homogeneous network: here through rms products it is
  // bounded by |W||dW|, so each product must be at least that number.
  const Profile profile = profile_of("vanilla:depth=6,width=8", "he_normal");
  for (const LayerProfile& layer : profile.layers) {
    EXPECT_GT(layer.weight_gradient_rms, 0.0) << layer.name;
    EXPECT_GT(layer.gradient_rms, 0.0) << layer.name;
  }
}

TEST(ProfileTest, LooksThroughBatchNormToTheActivation) {
  const Profile profile = profile_of("vanilla:depth=8,width=16,norm=batch", "normal:std=0.01");
  // After batch norm and ReLU the second moment is 1/2 whatever the weights.
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(profile.layers[i].activation_rms, std::sqrt(0.5), 0.1);
}

TEST(SignalLossTest, FindsTheFirstLayerBelowAThousandth) {
  Profile profile;
  for (double rms : {1.0, 0.1, 0.01, 0.0009, 0.5}) profile.layers.push_back({"", rms, rms, rms, rms, 0, 1, -1, 1, {}});
  EXPECT_EQ(find_signal_loss(profile).activation_layer, 3u);
  EXPECT_FALSE(find_signal_loss(profile).gradient_layer.has_value() && *find_signal_loss(profile).gradient_layer == 4u);
  EXPECT_EQ(find_signal_loss({}).activation_layer, std::nullopt);
}

TEST(SignalLossTest, LeavesOutZerosByDesign) {
  for (const char* scheme : {"fixup", "zero_init", "rezero"}) {
    const SignalLoss loss = find_signal_loss(profile_of("resnet20:norm=none,branch_scale=scalar", scheme));
    EXPECT_EQ(loss.activation_layer, std::nullopt) << scheme;
  }
  EXPECT_EQ(find_signal_loss(profile_of("resnet20:norm=none", "fixup")).gradient_layer, std::nullopt);
}

TEST(ProfileTest, RefusesABatchOfAnotherShape) {
  const model::Graph graph = model::build_model(parse_spec("lenet5"), {1, 28, 28}, 10);
  EXPECT_THROW(take_profile(graph, init::initialize(graph, parse_spec("zeros"), 1),
                            {{2, 1, 14, 14}, std::vector<float>(392)}, {0, 1}),
               Error);
}

}  // namespace
}  // namespace fanin::probe
