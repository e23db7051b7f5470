// Claims of the theory that schemes rest on, each on the smallest layer or network that shows it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fanin/init/gains.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "init/helpers.h"
#include "reference/network.h"

namespace fanin::init {
namespace {

using model::ActivationKind;

reference::Array normals(std::size_t count, double std, std::uint64_t seed) {
  reference::Array values(count);
  random::fill_normal(std::span<double>(values), random::make_stream(seed, "batch", random::Purpose::augment), 0.0,
                      std);
  return values;
}

double second_moment(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum / static_cast<double>(values.size());
}

const Tensor& tensor_of(const std::vector<NamedTensor>& state, std::string_view name) {
  return std::ranges::find(state, name, &NamedTensor::name)->tensor;
}

// He et al. 2015, section 2.2, for any activation: with z ~ N(0, 1) a layer hands the gradient on as large as it came.
TEST(FanOut, KeepsTheGradientOfAnyActivation) {
  for (const auto kind : {ActivationKind::tanh, ActivationKind::gelu, ActivationKind::relu, ActivationKind::sigmoid})
    for (const char* scheme : {"he_normal:mode=fan_out", "he_uniform:mode=fan_out", "signed_constant:mode=fan_out"}) {
      constexpr std::int64_t width = 384, batch = 48;
      model::Graph graph("layer", {width});
      const model::ValueId z = graph.add("fc", model::Linear{.out_features = width, .bias = false}, {graph.input()});
      graph.add("f", model::Activation{kind}, {z});
      std::vector<FillReport> reports;
      reference::Network network(graph);
      network.load(initialize(graph, parse_spec(scheme), 1, &reports));
      EXPECT_NEAR(reports[0].gain, backward_gain({kind}), 1e-12);
      network.forward(normals(width * batch, 1 / reports[0].gain, 1), true);
      network.backward(normals(width * batch, 1, 2));
      EXPECT_NEAR(second_moment(network.value_gradient(graph.input())), 1, 0.04)
          << scheme << " " << model::activation_name(kind);
    }
}

// The centre tap of a widening layer has every singular value sigma_w sqrt(O / I), so each channel keeps q.
TEST(EdgeOfChaos, KeepsEachChannelsScaleWhereLayersWiden) {
  WeightContext wide = conv_context(64, 32, 3), matrix = linear_context(64, 32), narrow = conv_context(32, 64, 3);
  for (WeightContext* context : {&wide, &matrix, &narrow}) context->activation = {ActivationKind::tanh};
  const auto row_squares = [](const std::string& weights, const WeightContext& context) {
    const Filled filling = filled("edge_of_chaos:q=0.0259209,weights=" + weights, context);
    double sum = 0;
    for (const float value : filling.values) sum += value * value;
    return sum / static_cast<double>(context.shape[0]);
  };
  EXPECT_NEAR(row_squares("delta_orthogonal", wide), 1.05, 1e-5);
  EXPECT_NEAR(row_squares("delta_orthogonal", narrow), 1.05, 1e-5);
  EXPECT_NEAR(row_squares("orthogonal", matrix), 1.05, 1e-5);
  const std::vector<float> values = filled("edge_of_chaos:q=0.0259209,weights=delta_orthogonal", wide).values;
  for (std::size_t a = 0; a < 32; ++a)
    for (std::size_t b = 0; b < 32; ++b) {
      double product = 0;
      for (std::size_t o = 0; o < 64; ++o) product += values[(o * 32 + a) * 9 + 4] * values[(o * 32 + b) * 9 + 4];
      EXPECT_NEAR(product, a == b ? 2 * 1.05 : 0, 1e-5);
    }
}

TEST(EdgeOfChaos, DrawsBiasesBesideOrthogonalWeights) {
  const model::Graph graph = model::build_model(parse_spec("vanilla:depth=20,width=64,activation=tanh"), {3, 8, 8}, 10);
  for (const char* weights : {"orthogonal", "delta_orthogonal"}) {
    const auto state = initialize(graph, {"edge_of_chaos", {{"q", "0.0259209"}, {"weights", weights}}}, 1);
    double squares = 0, count = 0;
    for (int layer = 2; layer < 20; ++layer)
      for (const float value : tensor_of(state, "conv" + std::to_string(layer) + ".bias").values)
        squares += value * value, ++count;
    EXPECT_NEAR(squares / count, 2.0105e-5, 0.1 * 2.0105e-5) << weights;
    squares = 0;
    for (const float value : tensor_of(state, "conv7.weight").values) squares += value * value;
    EXPECT_NEAR(squares / 64, 1.05, 1e-4) << weights;
  }
}

// PyTorch's calculate_gain("tanh") is 5/3: at its fixed point gradients grow by chi a layer, so deep networks explode.
TEST(Gains, FiveThirdsForTanhIsChaotic) {
  const model::Activation tanh{ActivationKind::tanh};
  double q = 1;
  for (int i = 0; i < 200; ++i) q = 25.0 / 9 * activation_moments(tanh, 0, q).second;
  EXPECT_NEAR(25.0 / 9 * activation_moments(tanh, 0, q).derivative_second, 1.2098, 5e-4);
}

// Balduzzi et al. 2017: through looks-linear layers two images keep their correlation; through He's they come together.
TEST(LooksLinear, KeepsCorrelationsThroughFiftyLayers) {
  constexpr std::int64_t width = 32;
  constexpr std::size_t size = 8 * 36;  // no more channels than half the width: then no layer loses a direction
  model::Graph graph("deep", {8, 6, 6});
  model::ValueId x = graph.input();
  for (int i = 0; i < 50; ++i) {
    const std::string number = std::to_string(i);
    x = graph.add("conv" + number, same_convolution(width), {x});
    if (i < 49) x = graph.add("relu" + number, model::Activation{ActivationKind::relu}, {x});
  }
  reference::Array images = normals(2 * size, 1, 3);
  for (std::size_t i = 0; i < size; ++i) images[size + i] = 0.3 * images[i] + 0.95 * images[size + i];
  const auto correlation = [&](std::span<const double> values) {
    double product = 0, first = 0, second = 0;
    for (std::size_t i = 0; i < values.size() / 2; ++i) {
      const double a = values[i], b = values[values.size() / 2 + i];
      product += a * b, first += a * a, second += b * b;
    }
    return product / std::sqrt(first * second);
  };
  const auto behind = [&](const char* scheme) {
    reference::Network network(graph);
    network.load(initialize(graph, parse_spec(scheme), 1));
    return correlation(network.forward(images, false));
  };
  EXPECT_NEAR(behind("looks_linear"), correlation(images), 1e-4);
  EXPECT_GT(behind("he_normal"), 0.9);
}

// Var W = 1 / (K (nu + mu^2)) for a depthwise layer of K taps: its fan_in is the kernel alone.
TEST(AutoInit, CountsTheTapsOfDepthwiseLayersAndWhatDropoutAdds) {
  model::Graph graph("graph", {16, 8, 8});
  model::ValueId x = graph.add("conv", model::Conv2d{.out_channels = 16}, {graph.input()});
  x = graph.add("relu", model::Activation{ActivationKind::relu}, {x});
  x = graph.add("depthwise", model::Conv2d{.out_channels = 16, .kernel_h = 3, .kernel_w = 3, .groups = 16}, {x});
  x = graph.add("relu2", model::Activation{ActivationKind::relu}, {x});
  x = graph.add("dropout", model::Dropout{0.75}, {x});
  graph.add("pointwise", model::Conv2d{.out_channels = 8}, {x});
  std::vector<FillReport> reports;
  initialize(graph, parse_spec("autoinit"), 1, &reports);
  EXPECT_NEAR(reports[1].target_std, std::sqrt(1 / (9 * 0.5)), 1e-9);
  EXPECT_NEAR(reports[2].target_std, std::sqrt(1 / (16 * 0.5 / 0.25)), 1e-9);  // kept values are four times as large
}

// Pan et al. 2025: with fewer outputs than columns every column behind has its -epsilon.
TEST(IdInit, LeavesNoColumnOfABranchsEndEmpty) {
  WeightContext end = linear_context(2, 5);
  end.place = {.blocks = 3, .branch_layers = 2, .branch_position = 2, .branch_end = true};
  const float e = 1e-6F;
  EXPECT_THAT(filled("idinit:noise=0", end).values,
              testing::ElementsAre(e, -e, 0, -e, 0, /* second output */ 0, e, -e, 0, -e));
}

// torchvision's CNBlock multiplies its branch by layer_scale, which starts at 1e-6.
TEST(Presets, ConvNextsResidualScalesStartAlmostAtZero) {
  const model::Graph graph = model::build_model(parse_spec("resnet20:norm=none,branch_scale=channel"), {3, 8, 8}, 10);
  const auto state = initialize(graph, parse_spec("torchvision-convnext"), 1);
  int scales = 0;
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (graph.parameters()[i].role != model::Role::residual_scale) continue;
    ++scales;
    EXPECT_THAT(state[i].tensor.values, testing::Each(1e-6F));
  }
  EXPECT_EQ(scales, 9);
}

}  // namespace
}  // namespace fanin::init
