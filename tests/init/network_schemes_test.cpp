// Schemes that look at the network: where layers stand, and each scheme's claim on a network run in double.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "init/helpers.h"
#include "reference/network.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

model::Graph build(const char* model, const Shape& input = {3, 8, 8}) {
  return model::build_model(parse_spec(model), input, 10);
}

reference::Array noise(const Shape& image, std::int64_t batch, std::uint64_t seed = 3) {
  reference::Array values(static_cast<std::size_t>(element_count(image) * batch));
  random::fill_normal(std::span<double>(values), random::make_stream(seed, "batch", random::Purpose::augment), 0.0,
                      1.0);
  return values;
}

double second_moment(const reference::Array& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum / static_cast<double>(values.size());
}

model::ValueId output_of(const model::Graph& graph, std::string_view node) {
  return std::ranges::find(graph.nodes(), node, &model::Node::name)->output;
}

const Tensor& tensor_of(const std::vector<NamedTensor>& state, std::string_view name) {
  return std::ranges::find(state, name, &NamedTensor::name)->tensor;
}

/// Every block gives relu of its shortcut: the branch contributes nothing.
void expect_identity_blocks(const model::Graph& graph, std::string_view scheme) {
  reference::Network network(graph);
  network.load(initialize(graph, parse_spec(scheme), 1));
  network.forward(noise(graph.input_shape(), 2), true);
  int blocks = 0;
  for (const model::Node& node : graph.nodes()) {
    if (!std::holds_alternative<model::Add>(node.op)) continue;
    ++blocks;
    EXPECT_EQ(network.value(node.output), network.value(node.inputs[1])) << node.name;
  }
  EXPECT_EQ(blocks, 9);
}

TEST(Places, SayWhereALayerStands) {
  const model::Graph graph = build("resnet20:norm=none,branch_scale=scalar");
  const std::vector<Place> where = places(graph);
  const auto at = [&](std::string_view name) {
    return where[static_cast<std::size_t>(std::ranges::find(graph.nodes(), name, &model::Node::name) -
                                          graph.nodes().begin())];
  };
  EXPECT_TRUE(at("conv1").first);
  EXPECT_FALSE(at("conv1").last);
  EXPECT_EQ(at("conv1").branch_layers, 0);
  EXPECT_EQ(at("conv1").depth, 20);
  EXPECT_EQ(at("conv1").blocks, 9);
  EXPECT_TRUE(at("fc").last);
  EXPECT_FALSE(at("fc").branch_end);
  const Place first = at("layer2.0.conv1"), second = at("layer2.0.conv2");
  EXPECT_EQ(first.branch_layers, 2);
  EXPECT_EQ(first.branch_position, 1);
  EXPECT_FALSE(first.branch_end);
  EXPECT_EQ(second.branch_position, 2);
  EXPECT_TRUE(second.branch_end);
  EXPECT_TRUE(at("layer2.0.scale").branch_end);
  EXPECT_TRUE(second.branch_scales);
  EXPECT_FALSE(second.branch_norms);
  EXPECT_TRUE(places(build("resnet20"))[0].branch_norms);
  EXPECT_EQ(places(build("vanilla:depth=3,width=4"))[0].blocks, 0);
}

TEST(LooksLinear, MakesAReluNetworkLinear) {
  const model::Graph graph = build("vanilla:depth=30,width=8");
  reference::Network network(graph);
  network.load(initialize(graph, parse_spec("looks_linear"), 1));
  const reference::Array plus = noise(graph.input_shape(), 1);
  reference::Array minus = plus;
  for (double& value : minus) value = -value;
  const reference::Array out = network.forward(plus, false);
  const reference::Array mirrored = network.forward(minus, false);
  EXPECT_GT(second_moment(out), 0);
  for (std::size_t i = 0; i < out.size(); ++i)
    EXPECT_NEAR(out[i] + mirrored[i], 0, 1e-4 * std::sqrt(second_moment(out)));
  EXPECT_THAT([] { initialize(build("vanilla:depth=3,width=5"), parse_spec("looks_linear"), 1); },
              ThrowsMessage<Error>(HasSubstr("scheme 'looks_linear' needs an even number of channels")));
}

TEST(AutoInit, GivesEveryLayerUnitVariance) {
  // Wide enough that a layer's own fluctuation is small; no zero padding takes from the signal in a matrix product.
  const model::Graph graph = [] {
    model::Graph result("dense", {400});
    model::ValueId x = result.input();
    for (const auto kind : {model::ActivationKind::gelu, model::ActivationKind::sigmoid, model::ActivationKind::silu}) {
      const std::string name = std::string(model::activation_name(kind));
      x = result.add("fc_" + name, model::Linear{400}, {x});
      x = result.add(name, model::Activation{kind}, {x});
    }
    result.add("fc", model::Linear{400}, {x});
    return result;
  }();
  constexpr int seeds = 6;
  std::vector<double> moments(4, 0.0);
  const std::vector<std::string> nodes = {"fc_gelu", "fc_sigmoid", "fc_silu", "fc"};
  for (int seed = 0; seed < seeds; ++seed) {
    reference::Network network(graph);
    network.load(initialize(graph, parse_spec("autoinit"), static_cast<std::uint64_t>(seed)));
    network.forward(noise({400}, 8), false);
    for (std::size_t i = 0; i < nodes.size(); ++i)
      moments[i] += second_moment(network.value(output_of(graph, nodes[i]))) / seeds;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) EXPECT_NEAR(moments[i], 1, 0.15) << nodes[i];
}

TEST(AutoInit, CountsZerosAndPoolsInBothMoments) {
  model::Graph graph("padded", {2, 4, 4});
  model::ValueId x = graph.add("relu", model::Activation{model::ActivationKind::relu}, {graph.input()});
  x = graph.add("pad", model::Pad{.channels_before = 1, .channels_after = 1}, {x});
  x = graph.add("fc0", model::Flatten{}, {x});
  graph.add("fc", model::Linear{4}, {x});
  const Place place = places(graph).back();
  // Half of the values are zeros: E x and E x^2 halve, so the variance keeps a share of the squared mean.
  EXPECT_NEAR(place.input_mean, 0.3989423 / 2, 1e-6);
  EXPECT_NEAR(place.input_variance + place.input_mean * place.input_mean, 0.25, 1e-9);

  model::Graph pooled("pooled", {2, 4, 4});
  x = pooled.add("pool", model::MaxPool2d{}, {pooled.input()});
  pooled.add("conv", model::Conv2d{.out_channels = 2}, {x});
  EXPECT_NEAR(places(pooled).back().input_mean, 1.02938, 1e-4);  // the largest of four standard normals
  EXPECT_NEAR(places(pooled).back().input_variance, 0.49172, 1e-4);
}

TEST(EdgeOfChaos, SetsWeightsAndBiasesOfEachHiddenLayer) {
  const model::Graph graph = build("vanilla:depth=20,width=64,activation=tanh");
  std::vector<FillReport> reports;
  initialize(graph, parse_spec("edge_of_chaos:q=0.0259209"), 1, &reports);
  const auto conv = std::ranges::find(reports, "conv7.weight", &FillReport::parameter);
  EXPECT_NEAR(conv->target_std, std::sqrt(1.05 / 576), 1e-6);
  const auto bias = std::ranges::find(reports, "conv7.bias", &FillReport::parameter);
  EXPECT_NEAR(bias->std, 0.00448, 0.0015);
  EXPECT_NEAR(std::ranges::find(reports, "fc.weight", &FillReport::parameter)->target_std, 0.125, 1e-12);
  EXPECT_EQ(std::ranges::find(reports, "fc.bias", &FillReport::parameter), reports.end());
  const auto delta = initialize(graph, parse_spec("edge_of_chaos:weights=delta_orthogonal"), 1);
  EXPECT_GT(std::ranges::count(tensor_of(delta, "conv7.weight").values, 0.0f), 64 * 64 * 8 - 1);
  EXPECT_THAT(
      [] { initialize(build("vanilla:depth=4,width=4,activation=sigmoid"), parse_spec("edge_of_chaos:q=0.5"), 1); },
      ThrowsMessage<Error>(HasSubstr("sigmoid has no critical point")));
}

TEST(PaddingAware, KeepsTheSignalOfSmallImages) {
  // Sixteen layers on 8x8: of the second moment zero padding leaves 0.84 in the first and 0.921 in deep ones; the
  // corrected gains give it back.
  model::Graph graph("deep", {32, 8, 8});
  model::ValueId x = graph.input();
  for (int i = 0; i < 16; ++i) x = graph.add("conv" + std::to_string(i), same_convolution(32), {x});
  double plain = 0, aware = 0;
  constexpr int seeds = 6;
  for (int seed = 0; seed < seeds; ++seed)
    for (auto [scheme, sum] : {std::pair{"he_normal", &plain}, std::pair{"he_normal:padding=aware", &aware}}) {
      reference::Network network(graph);
      network.load(initialize(graph, parse_spec(scheme), static_cast<std::uint64_t>(seed)));
      *sum += std::log(second_moment(network.forward(noise({32, 8, 8}, 1), false))) / seeds;
    }
  double left = 1;
  for (const Place& place : places(graph)) left *= place.border;
  EXPECT_NEAR(aware - plain, -std::log(left), 1e-3);  // the same weights times constants
  EXPECT_LT(plain, -0.9);
  EXPECT_GT(aware, -0.8);
  EXPECT_LT(aware, 0.5);
}

TEST(Fixup, MakesTheResidualStackTheIdentity) {
  const model::Graph graph = build("resnet20:norm=none");
  expect_identity_blocks(graph, "fixup");
  std::vector<FillReport> reports;
  const auto state = initialize(graph, parse_spec("fixup"), 1, &reports);
  const auto target = [&](std::string_view name) {
    return std::ranges::find(reports, name, &FillReport::parameter)->target_std;
  };
  EXPECT_NEAR(target("layer1.0.conv1.weight"), std::sqrt(2.0 / 144) / 3, 1e-9);  // nine branches of two: 9^(-1/2)
  EXPECT_NEAR(target("conv1.weight"), std::sqrt(2.0 / 27), 1e-9);
  EXPECT_THAT(tensor_of(state, "fc.weight").values, testing::Each(0.0f));
}

TEST(SkipInit, MakesEveryBlockTheIdentity) {
  const model::Graph graph = build("resnet20:norm=none,branch_scale=scalar");
  expect_identity_blocks(graph, "skipinit");
  const auto state = initialize(graph, parse_spec("skipinit:alpha=auto"), 1);
  EXPECT_FLOAT_EQ(tensor_of(state, "layer1.0.scale.weight").values[0], 1.0f / 3);
}

TEST(ZeroGamma, MakesEveryBlockTheIdentity) {
  const model::Graph graph = build("resnet20");
  expect_identity_blocks(graph, "zero_gamma");
  const auto state = initialize(graph, parse_spec("zero_gamma"), 1);
  EXPECT_THAT(tensor_of(state, "layer3.2.bn2.weight").values, testing::Each(0.0f));
  EXPECT_THAT(tensor_of(state, "layer3.2.bn1.weight").values, testing::Each(1.0f));
  EXPECT_THAT(tensor_of(state, "bn1.weight").values, testing::Each(1.0f));
}

TEST(ScaledResidual, BoundsTheGrowthWithDepth) {
  const model::Graph graph = build("resnet56:norm=none");
  const auto growth = [&](const char* scheme) {
    reference::Network network(graph);
    network.load(initialize(graph, parse_spec(scheme), 1));
    network.forward(noise(graph.input_shape(), 1), false);
    return second_moment(network.value(output_of(graph, "avgpool")));
  };
  EXPECT_GT(growth("he_normal"), 100 * growth("scaled_residual"));
  EXPECT_LT(growth("scaled_residual"), 50);
}

TEST(Presets, HaveTheFrameworksOwnScale) {
  // 32 channels in 4 groups to 64, kernel 3; a depthwise layer of 32 channels; a linear layer 40 -> 10.
  const WeightContext grouped = conv_context(64, 32, 3, 4), depthwise = conv_context(32, 32, 3, 32),
                      linear = linear_context(10, 40);
  const auto target = [](const char* preset, const WeightContext& context) {
    return filled(preset, context).report.target_std;
  };
  EXPECT_NEAR(target("pytorch-default", grouped), 1 / std::sqrt(3 * 72.0), 1e-12);
  EXPECT_NEAR(target("pytorch-default", linear), 1 / std::sqrt(120.0), 1e-12);
  EXPECT_NEAR(target("torchvision-resnet", grouped), std::sqrt(2 / 576.0), 1e-12);  // (72, 576) as PyTorch sees it
  EXPECT_NEAR(target("torchvision-mobilenet", depthwise), std::sqrt(2 / 288.0), 1e-12);
  EXPECT_NEAR(target("timm-efficientnet", depthwise), std::sqrt(2 / 9.0), 1e-12);
  EXPECT_NEAR(target("keras-default", depthwise), std::sqrt(2 / 297.0), 1e-12);  // (288, 9)
  EXPECT_NEAR(target("keras-default", grouped), std::sqrt(2 / 648.0), 1e-12);
  EXPECT_NEAR(target("flax-default", linear), std::sqrt(1 / 40.0), 1e-12);
  EXPECT_NEAR(target("caffe-xavier", linear), std::sqrt(1 / 40.0), 1e-12);
  EXPECT_NEAR(target("caffe-msra", grouped), std::sqrt(2 / 72.0), 1e-12);
  EXPECT_NEAR(target("darknet-default", linear), std::sqrt(2 / 120.0), 1e-12);
  EXPECT_EQ(target("torchvision-vgg", linear), 0.01);
  EXPECT_NEAR(target("torchvision-efficientnet", linear), 1 / std::sqrt(30.0), 1e-12);
  EXPECT_EQ(target("torchvision-convnext", grouped), 0.02);
  EXPECT_NEAR(target("torchvision-densenet", grouped), std::sqrt(2 / 72.0), 1e-12);
}

TEST(Presets, CountTheKernelOfEveryDimension) {
  WeightContext line = conv_context(64, 32, 1), volume = line;
  line.shape = {64, 32, 5};
  volume.shape = {64, 32, 3, 3, 3};
  const auto target = [](const char* preset, const WeightContext& context) {
    return filled(preset, context).report.target_std;
  };
  EXPECT_NEAR(target("pytorch-default", line), 1 / std::sqrt(3.0 * 160), 1e-9);
  EXPECT_NEAR(target("caffe-msra", volume), std::sqrt(2.0 / 864), 1e-9);
}

TEST(Presets, FillBiasesAndNormsAsTheFrameworkDoes) {
  const auto torch = initialize(build("lenet5", {1, 28, 28}), parse_spec("pytorch-default"), 1);
  for (const NamedTensor& entry : torch) {
    if (!entry.name.ends_with(".bias")) continue;
    const Tensor& weight = tensor_of(torch, entry.name.substr(0, entry.name.size() - 4) + "weight");
    const double bound = 1 / std::sqrt(static_cast<double>(element_count(weight.shape) / weight.shape[0]));
    double largest = 0;
    for (const float value : entry.tensor.values) largest = std::max<double>(largest, std::abs(value));
    EXPECT_LE(largest, bound * (1 + 1e-6)) << entry.name;
    EXPECT_GT(largest, 0.5 * bound) << entry.name;
  }
  const auto keras = initialize(build("lenet5", {1, 28, 28}), parse_spec("keras-default"), 1);
  for (const NamedTensor& entry : keras)
    if (entry.name.ends_with(".bias")) {
      EXPECT_THAT(entry.tensor.values, testing::Each(0.0f)) << entry.name;
    }
  const auto timm = initialize(build("resnet20"), parse_spec("timm-resnet"), 1);
  EXPECT_THAT(tensor_of(timm, "layer1.0.bn2.weight").values, testing::Each(0.0f));
  EXPECT_THAT(tensor_of(timm, "layer1.0.bn1.weight").values, testing::Each(1.0f));
}

}  // namespace
}  // namespace fanin::init
