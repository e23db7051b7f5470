// LSUV's claim, and the two mistakes of a published port of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapt/helpers.h"
#include "fanin/base/error.h"
#include "fanin/model/graph.h"

namespace fanin::adapt {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::string> weight_layers(const model::Graph& graph) {
  std::vector<std::string> names;
  for (const model::Node& node : graph.nodes())
    if (!node.parameters.empty() && graph.parameter(node.parameters[0]).role == model::Role::weight)
      names.push_back(node.name);
  return names;
}

TEST(Lsuv, GivesEveryLayerUnitVariance) {
  for (const char* model :
       {"lenet5", "lenet5:activation=tanh", "vanilla:depth=30,width=8", "vanilla:depth=12,width=8,activation=tanh",
        "vanilla:depth=12,width=8,activation=gelu", "mlp:layers=5,hidden=32", "alexnet"}) {
    const bool colour = std::string_view(model) == "alexnet";
    const Shape image = colour ? Shape{3, 32, 32} : Shape{1, 28, 28};
    const model::Graph graph = build(model, image);
    const Batch batch = field(colour ? 8 : 32, image, 10);
    for (const char* scheme : {"lsuv", "lsuv:base=he_normal"}) {
      const std::vector<NamedTensor> state = initialize(graph, parse_spec(scheme), 1, Samples(batch));
      const Shown shown(graph, state, batch);
      for (const std::string& name : weight_layers(graph))
        EXPECT_NEAR(shown.variance(name), 1, 1e-3) << model << " " << scheme << " " << name;
    }
  }
}

TEST(Lsuv, ScalesTheFirstLayerToo) {
  const model::Graph graph = build("lenet5");
  const Batch batch = field(32, {1, 28, 28}, 10);
  const auto before = initialize(graph, parse_spec("orthogonal"), 1);
  const auto after = initialize(graph, parse_spec("lsuv"), 1, Samples(batch));
  EXPECT_EQ(after[0].name, "conv1.weight");
  EXPECT_GT(std::abs(after[0].tensor.values[0] / before[0].tensor.values[0] - 1), 0.01);
  EXPECT_NEAR(Shown(graph, after, batch).variance("conv1"), 1, 1e-3);
}

TEST(Lsuv, MeasuresBeforeTheActivation) {
  // Where the activation were measured, relu(z) would have the variance 1, so z a variance of 2 pi / (pi - 1) = 2.9.
  const model::Graph graph = build("vanilla:depth=6,width=16", {1, 14, 14});
  const Batch batch = field(32, {1, 14, 14}, 10);
  const auto state = initialize(graph, parse_spec("lsuv"), 1, Samples(batch));
  const Shown shown(graph, state, batch);
  for (const model::Node& node : graph.nodes()) {
    if (!std::holds_alternative<model::Activation>(node.op)) continue;
    EXPECT_LT(shown.variance(node.name), 0.8) << node.name;
  }
}

TEST(Lsuv, IsExactAfterOneRescaleWithBiasesToo) {
  const model::Graph graph = build("lenet5");
  const Batch batch = field(32, {1, 28, 28}, 10);
  const auto state = initialize(graph, parse_spec("lsuv:base=pytorch-default,iterations=1"), 1, Samples(batch));
  const Shown shown(graph, state, batch);
  for (const std::string& name : weight_layers(graph)) EXPECT_NEAR(shown.variance(name), 1, 1e-4) << name;
}

TEST(Lsuv, ByChannelGivesEachChannelTheTarget) {
  const model::Graph graph = build("lenet5");
  const Batch batch = field(64, {1, 28, 28}, 10);
  const auto state = initialize(graph, parse_spec("lsuv:scope=channel,target=2.5,batch=64"), 1, Samples(batch));
  const Shown shown(graph, state, batch);
  for (const std::string& name : weight_layers(graph)) {
    const Tensor output = shown.output(name);
    for (std::int64_t c = 0; c < output.shape[1]; ++c)
      EXPECT_NEAR(Shown::moments(channel(output, c)).second, 2.5, 5e-3) << name << " " << c;
  }
}

TEST(Lsuv, SharesTheVarianceAmongResidualBranches) {
  const model::Graph graph = build("resnet20:norm=none", {3, 16, 16});
  const Batch batch = field(16, {3, 16, 16}, 10);
  const std::vector<init::Place> places = init::places(graph);
  for (const bool shared : {true, false}) {
    const Spec spec = parse_spec(shared ? "lsuv" : "lsuv:branches=each");
    const auto state = initialize(graph, spec, 1, Samples(batch));
    const Shown shown(graph, state, batch);
    int ends = 0;
    for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
      const model::Node& node = graph.nodes()[i];
      if (node.parameters.empty()) continue;
      const bool end = places[i].branch_end && places[i].branch_layers > 0;
      ends += end;
      const double wanted = end && shared ? 1.0 / places[i].blocks : 1.0;
      EXPECT_NEAR(shown.variance(node.name) / wanted, 1, 1e-3) << node.name;
    }
    EXPECT_EQ(ends, 9);
  }
}

TEST(Lsuv, LeavesLayersThatFeedANormalizationAndSaysSo) {
  const model::Graph graph = build("resnet20", {3, 16, 16});
  const Batch batch = field(16, {3, 16, 16}, 10);
  Report report;
  const auto before = initialize(graph, parse_spec("orthogonal"), 1);
  const auto state = initialize(graph, parse_spec("lsuv"), 1, Samples(batch), {}, &report);
  const Shown shown(graph, state, batch, true);
  EXPECT_NEAR(shown.variance("fc"), 1, 1e-3);
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (state[i].name.starts_with("fc")) continue;
    EXPECT_EQ(state[i].tensor.values, before[i].tensor.values) << state[i].name;
  }
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_THAT(report.notes[0], HasSubstr("as the base made them: a normalization follows, which undoes any scale"));
  EXPECT_EQ(report.fills.size(), weight_layers(graph).size());
}

TEST(Lsuv, RefusesADeadLayerByName) {
  const model::Graph graph = build("lenet5");
  const Samples samples(field(8, {1, 28, 28}, 10));
  EXPECT_THAT([&] { initialize(graph, parse_spec("lsuv:base=zeros"), 1, samples); },
              ThrowsMessage<Error>(HasSubstr("scheme 'lsuv' cannot scale 'conv1': the variance of its output on the "
                                             "batch is 0, so the layer or one before it is dead")));
}

TEST(Lsuv, ByChannelSaysWhichChannelsAreSilent) {
  // dirac: channels beyond the input's start at 0.
  const model::Graph graph = build("vanilla:depth=3,width=4", {1, 14, 14});
  Report report;
  initialize(graph, parse_spec("lsuv:base=dirac,scope=channel"), 1, Samples(field(8, {1, 14, 14}, 10)), {}, &report);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_THAT(report.notes[0], HasSubstr("left channels whose output is constant on the batch: conv1 (3 of 4)"));
}

}  // namespace
}  // namespace fanin::adapt
