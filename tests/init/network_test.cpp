// Gains, whole networks, and the papers' own property: the signal's scale through fifty layers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/effects.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "init/helpers.h"
#include "init/rows/rows.h"

namespace fanin::init {
namespace {

TEST(ForwardGain, IsExactWhereAClosedFormExists) {
  EXPECT_EQ(forward_gain({model::ActivationKind::identity}), 1.0);
  EXPECT_EQ(forward_gain({model::ActivationKind::relu}), std::sqrt(2.0));
  EXPECT_EQ(forward_gain({model::ActivationKind::leaky_relu, 0.25}), std::sqrt(2.0 / 1.0625));
}

TEST(ForwardGain, IsTheQuadratureElsewhere) {
  EXPECT_NEAR(forward_gain({model::ActivationKind::tanh}), 1.592537, 5e-7);
  EXPECT_NEAR(forward_gain({model::ActivationKind::gelu}), 1.533530, 5e-7);
  EXPECT_NEAR(forward_gain({model::ActivationKind::silu}), 1.676532, 5e-7);
  EXPECT_NEAR(forward_gain({model::ActivationKind::sigmoid}), 1.846229, 5e-7);
  // The constants of selu make 1 of it; Gauss-Legendre with 60 points in each piece gives the others.
  EXPECT_NEAR(forward_gain({model::ActivationKind::selu}), 1, 1e-12);
  EXPECT_NEAR(forward_gain({model::ActivationKind::elu}), 1.2451983007, 1e-9);
  EXPECT_NEAR(forward_gain({model::ActivationKind::hardswish}), 1.7366572128, 1e-9);
  EXPECT_NEAR(forward_gain({model::ActivationKind::softplus}), 1.0418668355, 1e-9);
}

/// ln of the second moment after `depth` layers of the given width, for an input of second moment 1; mean over seeds.
constexpr int seeds = 8;
double log_growth(std::string_view scheme, const model::Activation& activation, int depth, std::int64_t width) {
  double log_sum = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    std::vector<double> signal(static_cast<std::size_t>(width));
    const auto stream = random::make_stream(static_cast<std::uint64_t>(seed), "input", random::Purpose::augment);
    random::fill_normal(std::span<double>(signal), stream, 0.0, 1.0);
    double length = 0;
    for (const double value : signal) length += value * value;
    for (double& value : signal) value *= std::sqrt(static_cast<double>(width) / length);
    for (int layer = 0; layer < depth; ++layer) {
      WeightContext context = linear_context(width, width);
      const std::string name = "fc" + std::to_string(layer) + ".weight";
      context.name = name;
      context.activation = activation;
      context.seed = static_cast<std::uint64_t>(seed);
      const std::vector<float> weights = filled(scheme, context).values;
      std::vector<double> next(signal.size());
      for (std::size_t o = 0; o < next.size(); ++o) {
        double sum = 0;
        for (std::size_t i = 0; i < signal.size(); ++i) sum += weights[o * signal.size() + i] * signal[i];
        next[o] = model::activation_value(activation, sum);
      }
      signal = std::move(next);
    }
    double moment = 0;
    for (const double value : signal) moment += value * value;
    log_sum += std::log(moment / static_cast<double>(width));
  }
  return log_sum / seeds;
}

constexpr int depth = 50;
constexpr std::int64_t width = 256;

/// The scale wanders at random: after L layers of width n, ln of the moment has mean -v L / (2 n) and variance v L / n
/// with v = Var f^2 / (E f^2)^2, which is 5 for ReLU and 2 for the identity.
double drift(double v) {
  return -v * depth / (2.0 * width);
}
double tolerance(double v) {
  return 4.89 * std::sqrt(v * depth / width / seeds);
}

TEST(FiftyLayers, KeepTheSignalUnderTheMatchingScheme) {
  const model::Activation relu{model::ActivationKind::relu}, identity{model::ActivationKind::identity};
  for (const char* scheme : {"he_normal", "he_uniform:mode=fan_out"}) {
    EXPECT_NEAR(log_growth(scheme, relu, depth, width), drift(5), tolerance(5)) << scheme;
    EXPECT_NEAR(log_growth(scheme, identity, depth, width), drift(2), tolerance(2)) << scheme;
  }
  for (const char* scheme : {"xavier_normal", "lecun_uniform"})
    EXPECT_NEAR(log_growth(scheme, identity, depth, width), drift(2), tolerance(2)) << scheme;
}

TEST(FiftyLayers, KeepTheSignalExactlyUnderOrthogonalWeights) {
  EXPECT_NEAR(log_growth("orthogonal", {model::ActivationKind::identity}, depth, 64), 0, 1e-5);
}

TEST(FiftyLayers, LoseTheSignalUnderTheWrongScheme) {
  const model::Activation relu{model::ActivationKind::relu};
  // Xavier halves the second moment in each ReLU layer; 0.01 N(0, 1) multiplies it by n 0.01^2 / 2.
  EXPECT_NEAR(log_growth("xavier_normal", relu, depth, width), drift(5) - depth * std::log(2.0), tolerance(5));
  EXPECT_NEAR(log_growth("textbook_random", relu, depth, width), drift(5) + depth * std::log(width * 0.5e-4),
              tolerance(5));
  EXPECT_EQ(log_growth("zeros", relu, 1, 16), -INFINITY);
}

model::Graph small_network() {
  model::Graph graph("small", {4, 8, 8});
  model::Conv2d grouped;
  grouped.out_channels = 8;
  grouped.kernel_h = grouped.kernel_w = 3;
  grouped.stride_h = grouped.stride_w = 2;
  grouped.pad_top = grouped.pad_left = grouped.pad_bottom = grouped.pad_right = 1;
  grouped.groups = 2;
  model::ValueId value = graph.add("grouped", grouped, {graph.input()});
  value = graph.add("bn", model::BatchNorm{}, {value});
  value = graph.add("tanh", model::Activation{model::ActivationKind::tanh}, {value});
  model::Conv2d depthwise;
  depthwise.out_channels = 16;
  depthwise.kernel_h = depthwise.kernel_w = 3;
  depthwise.dilation_h = depthwise.dilation_w = 2;
  depthwise.pad_top = depthwise.pad_left = depthwise.pad_bottom = depthwise.pad_right = 2;
  depthwise.groups = 8;
  value = graph.add("depthwise", depthwise, {value});
  value = graph.add("scale", model::Scale{0.25}, {value});
  value = graph.add("relu", model::Activation{model::ActivationKind::relu}, {value});
  value = graph.add("pool", model::GlobalAveragePool{}, {value});
  graph.add("fc", model::Linear{10}, {value});
  return graph;
}

TEST(Initialize, GivesEveryParameterItsStart) {
  const model::Graph graph = small_network();
  std::vector<FillReport> reports;
  const std::vector<NamedTensor> state = initialize(graph, parse_spec("he_normal"), 7, &reports);
  ASSERT_EQ(state.size(), graph.parameters().size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    const model::Parameter& parameter = graph.parameters()[i];
    SCOPED_TRACE(parameter.name);
    EXPECT_EQ(state[i].name, parameter.name);
    EXPECT_EQ(state[i].tensor.shape, parameter.shape);
    const std::vector<float>& values = state[i].tensor.values;
    ASSERT_EQ(static_cast<std::int64_t>(values.size()), element_count(parameter.shape));
    switch (parameter.role) {
      case model::Role::weight:
        EXPECT_THAT(values, testing::Not(testing::Each(0.0f)));
        break;
      case model::Role::norm_scale:
      case model::Role::running_var:
        EXPECT_THAT(values, testing::Each(1.0f));
        break;
      case model::Role::residual_scale:
        EXPECT_THAT(values, testing::Each(0.25f));
        break;
      default:
        EXPECT_THAT(values, testing::Each(0.0f));
    }
  }
  ASSERT_EQ(reports.size(), 3u);
}

TEST(Initialize, UsesTrueFansAndTheGainOfTheActivationThatFollows) {
  std::vector<FillReport> reports;
  initialize(small_network(), parse_spec("he_normal"), 7, &reports);
  EXPECT_EQ(reports[0].parameter, "grouped.weight");
  EXPECT_EQ(reports[0].fan_in, 2 * 9);
  EXPECT_EQ(reports[0].fan_out, 4 * 9 / 4.0);  // stride 2 in both directions
  EXPECT_NEAR(reports[0].gain, 1.592537, 5e-7);
  EXPECT_NEAR(reports[0].target_std, 1.592537 / std::sqrt(18.0), 5e-7);
  EXPECT_EQ(reports[1].fan_in, 9);       // depthwise, dilation changes nothing
  EXPECT_EQ(reports[1].fan_out, 2 * 9);  // multiplier 2
  EXPECT_NEAR(reports[1].target_std, std::sqrt(2.0 / 9), 1e-12);
  EXPECT_EQ(reports[2].gain, 1);  // the logits
  EXPECT_EQ(reports[2].fan_in, 16);
}

TEST(Initialize, FillsEveryBuiltInModelWithEverySchemeOrSaysWhyNot) {
  std::set<std::string_view> fitting;
  for (const char* model :
       {"lenet5", "vanilla:depth=5,width=8", "mlp", "resnet20", "resnet20:norm=none,branch_scale=scalar",
        "resnet20:norm=none,branch_scale=channel", "convmixer:width=8,depth=2"}) {
    const model::Graph graph = model::build_model(parse_spec(model), {1, 28, 28}, 10);
    int refused = 0;
    for (const SchemeInfo& row : scheme_table()) {
      if (row.needs == Needs::batch || row.needs == Needs::gradient) continue;  // tests/adapt
      std::vector<NamedTensor> state;
      try {
        const Spec scheme{std::string(row.name), {}};
        state = initialize(prepare(graph, scheme), scheme, 1);
        fitting.insert(row.name);
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("scheme '" + std::string(row.name) + "'")) << model;
        refused += !rows::reads_file(row.name);  // which needs a file, always
      }
      for (const NamedTensor& entry : state)
        EXPECT_TRUE(std::ranges::all_of(entry.tensor.values, [](float value) { return std::isfinite(value); }))
            << model << " " << row.name << " " << entry.name;
    }
    EXPECT_LE(refused, 11) << model;
  }
  for (const SchemeInfo& row : scheme_table()) {
    if (row.needs != Needs::batch && row.needs != Needs::gradient && !rows::reads_file(row.name)) {
      EXPECT_TRUE(fitting.contains(row.name)) << row.name << " fits no network";
    }
  }
}

TEST(Initialize, PassesTheSchemesErrorsOn) {
  EXPECT_THAT([] { initialize(small_network(), parse_spec("normal:std=-1"), 1); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("option 'std' of scheme 'normal' is -1")));
  EXPECT_THAT([] { initialize(small_network(), parse_spec("hee_normal"), 1); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("did you mean 'he_normal'")));
}

}  // namespace
}  // namespace fanin::init
