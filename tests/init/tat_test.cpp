// Tailored rectifiers: the slopes, the change of the network, and that inputs stay apart as the theory says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/effects.h"
#include "fanin/model/builders.h"
#include "init/helpers.h"
#include "reference/network.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

model::Graph build(const char* model) {
  return model::build_model(parse_spec(model), {3, 8, 8}, 10);
}

TEST(Tat, SolvesTheSlopeForTheDepth) {
  EXPECT_EQ(tailored_slope(10, 0.9), 0);  // a ReLU ends at 0.872
  for (const auto& [layers, slope] : {std::pair{16, 0.1045}, {20, 0.1814}, {30, 0.3027}, {50, 0.4305}, {100, 0.5704}}) {
    EXPECT_NEAR(tailored_slope(layers, 0.9), slope, 5e-5) << layers;
    double c = 0;
    for (int i = 0; i < layers; ++i) c = rectifier_correlation(tailored_slope(layers, 0.9), c);
    EXPECT_NEAR(c, 0.9, 1e-9);
  }
  double relu = 0;
  for (int i = 0; i < 30; ++i) relu = rectifier_correlation(0, relu);
  EXPECT_NEAR(relu, 0.972, 5e-4);
  EXPECT_NEAR(rectifier_correlation(0.3, 1), 1, 1e-15);
  EXPECT_THAT([] { tailored_slope(5, 1); }, ThrowsMessage<Error>(HasSubstr("between 0 and 1")));
}

/// The mean cosine, over seeds, of two orthogonal inputs' activations behind the last rectifier.
double final_correlation(const model::Graph& plain, const char* scheme, int seeds) {
  const model::Graph graph = prepare(plain, parse_spec(scheme));
  const auto size = static_cast<std::size_t>(element_count(graph.input_shape()));
  reference::Array inputs(2 * size, 0.0);
  for (std::size_t i = 0; i < size; ++i) inputs[2 * i < size ? i : size + i] = std::numbers::sqrt2;
  const auto rectifier = std::find_if(graph.nodes().rbegin(), graph.nodes().rend(), [](const model::Node& node) {
    return std::holds_alternative<model::Activation>(node.op);
  });
  double mean = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    reference::Network network(graph);
    network.load(initialize(graph, parse_spec(scheme), static_cast<std::uint64_t>(seed)));
    network.forward(inputs, false);
    const reference::Array& values = network.value(rectifier->output);
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0, half = values.size() / 2; i < half; ++i) {
      ab += values[i] * values[half + i];
      aa += values[i] * values[i];
      bb += values[half + i] * values[half + i];
    }
    mean += ab / std::sqrt(aa * bb) / seeds;
  }
  return mean;
}

TEST(Tat, KeepsInputsApartAsFarAsEta) {
  // The theory is of wide layers; a mean over seeds takes out what is left of chance at this width.
  const model::Graph deep = build("mlp:layers=30,hidden=192");
  EXPECT_NEAR(final_correlation(deep, "tat", 8), 0.9, 0.02);
  EXPECT_NEAR(final_correlation(deep, "tat:eta=0.7", 8), 0.7, 0.04);
  EXPECT_NEAR(final_correlation(deep, "delta_orthogonal:keep=scale", 4), 0.972, 0.01);  // plain ReLU
}

TEST(Tat, ChangesTheActivationsAndNothingElse) {
  const Spec tat = parse_spec("tat");
  const model::Graph plain = build("vanilla:depth=50,width=4"), tailored = prepare(plain, tat);
  ASSERT_EQ(tailored.nodes().size(), plain.nodes().size());
  for (std::size_t i = 0; i < plain.nodes().size(); ++i) {
    const model::Node &before = plain.nodes()[i], &after = tailored.nodes()[i];
    EXPECT_EQ(after.name, before.name);
    EXPECT_EQ(after.inputs, before.inputs);
    const auto* function = std::get_if<model::Activation>(&after.op);
    if (function == nullptr) {
      EXPECT_EQ(model::describe(after.op), model::describe(before.op));
      continue;
    }
    EXPECT_EQ(function->kind, model::ActivationKind::leaky_relu);
    EXPECT_NEAR(function->alpha, 0.4305, 5e-5);
  }
  for (std::size_t i = 0; i < plain.parameters().size(); ++i)
    EXPECT_EQ(tailored.parameters()[i].name, plain.parameters()[i].name);
  EXPECT_EQ(model::summary(prepare(tailored, tat)), model::summary(tailored));
  const model::Graph prelu = prepare(build("vanilla:depth=20,width=4,activation=prelu"), tat);
  EXPECT_NEAR(std::get<model::PReLU>(prelu.nodes()[1].op).initial, 0.1814, 5e-5);
  // Short networks keep their ReLU, and every other scheme leaves the network alone.
  const model::Graph brief = build("vanilla:depth=8,width=4");
  EXPECT_EQ(model::summary(prepare(brief, tat)), model::summary(brief));
  EXPECT_EQ(model::summary(prepare(plain, parse_spec("he_normal"))), model::summary(plain));
}

TEST(Tat, ScalesTheWeightsForTheSlope) {
  const model::Graph graph = prepare(build("vanilla:depth=50,width=8"), parse_spec("tat"));
  std::vector<FillReport> reports;
  initialize(graph, parse_spec("tat"), 1, &reports);
  const double slope = tailored_slope(50, 0.9);
  EXPECT_NEAR(reports[10].gain, std::sqrt(2 / (1 + slope * slope)), 1e-12);
  EXPECT_EQ(reports.back().gain, 1);  // the logits
}

TEST(Tat, IsRefusedWhereItsTheoryDoesNotHold) {
  const auto refusal = [](const char* model) {
    try {
      prepare(build(model), parse_spec("tat"));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refusal("resnet20"), HasSubstr("'bn1' of resnet20 is a normalization"));
  EXPECT_THAT(refusal("resnet20:norm=none"), HasSubstr("is where two paths meet"));
  EXPECT_THAT(refusal("vanilla:activation=tanh"), HasSubstr("'act1' of vanilla:activation=tanh is tanh"));
  EXPECT_THAT(refusal("vanilla:activation=identity"), HasSubstr("needs ReLU-like activations to tailor"));
  EXPECT_THAT([] { initialize(build("vanilla:depth=20"), parse_spec("tat"), 1); },
              ThrowsMessage<Error>(HasSubstr("scheme 'tat' changes the network: 'act1' is relu; expected leaky_relu, "
                                             "slope 0.18")));
}

}  // namespace
}  // namespace fanin::init
