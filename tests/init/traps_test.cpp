// Mistakes that published code and articles make, or invite: each has a test that we do not, or that we say so. (Those
// of data-dependent schemes are tested with them.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fanin/init/effects.h"
#include "fanin/model/builders.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;

double target(const char* scheme, const WeightContext& context) {
  return filled(scheme, context).report.target_std;
}

double square_sum(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

TEST(Traps, PyTorchsLayerDefaultIsNotHes) {
  const WeightContext context = conv_context(64, 32, 3);
  const double he = target("he_normal", context), torch = target("pytorch-default", context);
  EXPECT_NEAR(torch * torch, 1 / (3 * 288.0), 1e-12);
  EXPECT_NEAR(torch * torch / (he * he), 1.0 / 6, 1e-12);
}

TEST(Traps, FanOutCountsTheGroups) {
  const model::Graph graph = model::build_model(parse_spec("convmixer:width=32,depth=1,kernel=3"), {3, 8, 8}, 10);
  const auto node = std::ranges::find(graph.nodes(), "block0.depthwise", &model::Node::name);
  EXPECT_EQ(model::fans(graph, *node).out, 9);  // PyTorch says 288
  EXPECT_EQ(model::fans(graph, *node).in, 9);
  EXPECT_NEAR(target("he_normal:mode=fan_out", conv_context(32, 32, 3, 32)), std::sqrt(2 / 9.0), 1e-12);
  EXPECT_NEAR(target("torchvision-mobilenet", conv_context(32, 32, 3, 32)), std::sqrt(2 / 288.0), 1e-12);
}

TEST(Traps, CaffesXavierIsLeCunsUniform) {
  const WeightContext context = linear_context(10, 40);
  EXPECT_EQ(target("caffe-xavier", context), target("lecun_uniform", context));
  EXPECT_GT(target("xavier_uniform", context), target("caffe-xavier", context));
}

TEST(Traps, DeltaOrthogonalMultipliesByTheGainNotItsRoot) {
  // Each of 8 columns has the norm of the gain; a port that takes the root would give 8 * 2.
  EXPECT_NEAR(square_sum(filled("delta_orthogonal:gain=2", conv_context(8, 8, 3)).values), 8 * 4, 1e-4);
}

TEST(Traps, EvenKernelsHaveTwoMiddles) {
  const auto place = [](const char* scheme) {
    const std::vector<float> values = filled(scheme, conv_context(1, 1, 4)).values;
    return std::find_if(values.begin(), values.end(), [](float value) { return value != 0; }) - values.begin();
  };
  EXPECT_EQ(place("dirac"), 2 * 4 + 2);             // k / 2, as PyTorch's dirac_
  EXPECT_EQ(place("delta_orthogonal"), 1 * 4 + 1);  // (k - 1) / 2, as JAX's delta_orthogonal
}

TEST(Traps, FixupHasItsCodesFanAndItsScalarsRate) {
  // The published code takes He's fan_out; here the fan is an option. A strided layer tells the two apart.
  const model::Graph graph = model::build_model(parse_spec("resnet20:norm=none"), {3, 8, 8}, 10);
  std::vector<FillReport> reports;
  initialize(graph, parse_spec("fixup:mode=fan_out"), 1, &reports);
  const auto strided = std::ranges::find(reports, "layer2.0.conv1.weight", &FillReport::parameter);
  EXPECT_NEAR(strided->target_std, std::sqrt(2.0 / (32 * 9 / 4)) / 3, 1e-9);
  // A tenth of the rate, whatever the batch is: the rule knows no batch.
  const std::vector<double> factors = learning_rate_factors(graph, parse_spec("fixup"), UpdateRule::proportional);
  EXPECT_EQ(factors[static_cast<std::size_t>(graph.find_parameter("conv1.bias"))], 0.1);
}

TEST(Traps, ConstantsThatCouldNotBeVerifiedAreOptionsAndSaidSo) {
  const double code = filled("zero_init", linear_context(16, 5)).values[0],
               paper = filled("zero_init:constant=paper", linear_context(16, 5)).values[0];
  EXPECT_NEAR(paper / code, std::sqrt(2.0), 1e-6);
  EXPECT_NE(filled("idinit:noise=0", conv_context(6, 2, 3)).values,
            filled("idinit:noise=0,order=channels_first", conv_context(6, 2, 3)).values);
  for (const char* scheme : {"zero_init", "idinit", "mimetic"})
    EXPECT_THAT(std::string(find_scheme(scheme).paper), HasSubstr("could not be verified")) << scheme;
}

TEST(Traps, TanhFixedPointDividesByFanIn) {
  const Filled filling = filled("tanh_fixed_point:alpha=1", linear_context(40, 1000));
  double sum = 0;
  int count = 0;
  for (std::size_t o = 0; o < 40; ++o)
    for (std::size_t i = 0; i < 1000; ++i)
      if (i % 40 != o) {
        sum += std::pow(static_cast<double>(filling.values[o * 1000 + i]), 2);
        ++count;
      }
  EXPECT_NEAR(sum / count, 1.0 / 1000, 0.05 / 1000);  // fan_out would give 1/40
}

TEST(Traps, QrBecomesHaarByTheSigns) {
  // The trace of a Haar matrix has mean 0 and variance 1; QR without the signs has a mean far below 0.
  double mean = 0;
  constexpr int draws = 2000;
  for (int seed = 0; seed < draws; ++seed) {
    WeightContext context = linear_context(2, 2);
    context.seed = static_cast<std::uint64_t>(seed);
    const std::vector<float> q = filled("orthogonal:gain=1", context).values;
    mean += static_cast<double>(q[0] + q[3]) / draws;
  }
  EXPECT_NEAR(mean, 0, 4.89 / std::sqrt(draws));
}

TEST(Traps, ZerosShareInTheSquaredMean) {
  model::Graph graph("padded", {2, 4, 4});
  model::ValueId x = graph.add("relu", model::Activation{model::ActivationKind::relu}, {graph.input()});
  x = graph.add("pad", model::Pad{.channels_before = 1, .channels_after = 1}, {x});
  graph.add("conv", model::Conv2d{.out_channels = 4}, {x});
  const Place place = places(graph).back();
  const double relu = 1 / std::sqrt(2 * std::acos(-1.0));             // E relu(z)
  EXPECT_NEAR(place.input_variance, 0.25 - relu * relu / 4, 1e-9);    // nu (1 - p) would be
  EXPECT_GT(place.input_variance, 0.5 * (0.5 - relu * relu) + 0.03);  // p (1 - p) mu^2 less
}

TEST(Traps, AddedBranchesAreTakenAsIndependentAndThatIsSaid) {
  model::Graph graph("doubled", {8});
  const model::ValueId x = graph.add("fc1", model::Linear{8}, {graph.input()});
  graph.add("fc2", model::Linear{8}, {graph.add("add", model::Add{}, {x, x})});
  EXPECT_EQ(places(graph).back().input_variance, 2);  // of x + x it is 4
  EXPECT_THAT(std::string(find_scheme("autoinit").when_not), HasSubstr("independent"));
}

TEST(Traps, TruncationIsMadeUpFor) {
  const WeightContext context = conv_context(128, 64, 3);
  const double wanted = std::sqrt(1 / 576.0);
  const Filled corrected = filled("variance_scaling", context);
  EXPECT_NEAR(corrected.report.std, wanted, 0.01 * wanted);
  EXPECT_NEAR(corrected.report.maximum, 2 * wanted / 0.87962566103423978, 1e-3 * wanted);
  const Filled plain = filled("truncated_normal:std=0.1", context);
  EXPECT_NEAR(plain.report.target_std, 0.087962566, 1e-8);  // 23 % of the variance are gone
}

}  // namespace
}  // namespace fanin::init
