// Krähenbühl's and Salimans' claims: standardized channels, uncorrelated filters, centres of patches, equal gradients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "adapt/helpers.h"
#include "adapt/patches.h"
#include "fanin/base/error.h"

namespace fanin::adapt {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(DataNormal, StandardizesEveryChannel) {
  for (const char* model : {"lenet5", "vanilla:depth=10,width=6,activation=tanh", "mlp:layers=3,hidden=16"}) {
    const model::Graph graph = build(model);
    const Batch batch = field(64, {1, 28, 28}, 10);
    const auto state = initialize(graph, parse_spec("data_normal:bias=0.25"), 1, Samples(batch));
    const Shown shown(graph, state, batch);
    for (const model::Node& node : graph.nodes()) {
      if (node.parameters.size() < 2) continue;
      const Tensor output = shown.output(node.name);
      for (std::int64_t c = 0; c < output.shape[1]; ++c) {
        const auto [mean, variance] = Shown::moments(channel(output, c));
        EXPECT_NEAR(mean, 0.25, 1e-3) << model << " " << node.name << " " << c;
        EXPECT_NEAR(variance, 1, 2e-3) << model << " " << node.name << " " << c;
      }
    }
  }
}

TEST(DataNormal, KeepsTheDirectionsOfTheBase) {
  const model::Graph graph = build("lenet5");
  const auto base = initialize(graph, parse_spec("normal:std=0.05"), 1);
  const auto state = initialize(graph, parse_spec("data_normal"), 1, Samples(field(32, {1, 28, 28}, 10)));
  const std::vector<float>&before = base[0].tensor.values, &after = state[0].tensor.values;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::size_t first = i / 25 * 25;
    EXPECT_NEAR(after[i] / after[first], before[i] / before[first], 1e-3 * std::abs(before[i] / before[first]));
  }
}

TEST(DataNormal, RefusesADeadLayerByName) {
  const model::Graph graph = build("lenet5");
  EXPECT_THAT(
      [&] {
        initialize(graph, parse_spec("data_normal:base=zeros"), 1, Samples(field(8, {1, 28, 28}, 10)));
      },
      ThrowsMessage<Error>(HasSubstr("scheme 'data_normal' cannot normalize 'conv1': its output on the batch is "
                                     "constant")));
}

TEST(Pca, FiltersAreUncorrelated) {
  const model::Graph graph = build("lenet5");
  const Batch batch = field(64, {1, 28, 28}, 10);
  const auto state = initialize(graph, parse_spec("pca:patches=20000"), 1, Samples(batch));
  const Shown shown(graph, state, batch);
  for (const char* name : {"conv1", "fc3"}) {
    const Tensor output = shown.output(name);
    for (std::int64_t a = 0; a < output.shape[1]; ++a)
      for (std::int64_t b = 0; b < a; ++b) {
        const std::vector<float> x = channel(output, a), y = channel(output, b);
        double product = 0;
        for (std::size_t i = 0; i < x.size(); ++i)
          product += (x[i] - 0.1) * (y[i] - 0.1) / static_cast<double>(x.size());
        EXPECT_LT(std::abs(product), 0.15) << name << " " << a << " " << b;
      }
  }
}

TEST(Pca, LeavesWideLayersToTheBaseAndSaysSo) {
  const model::Graph graph = build("mlp:layers=1,hidden=8", {3, 24, 24});
  Report report;
  initialize(graph, parse_spec("pca"), 1, Samples(field(32, {3, 24, 24}, 10)), {}, &report);
  ASSERT_FALSE(report.notes.empty());
  EXPECT_THAT(report.notes[0], HasSubstr("as the base made them: more than 1024 inputs"));
}

TEST(Kmeans, FindsTheKindsOfPatches) {
  // Images of four kinds, a linear layer of four units: each unit answers to one kind.
  model::Graph graph("kinds", {12});
  graph.add("fc", model::Linear{4}, {graph.input()});
  Batch batch;
  batch.images = {{80, 12}, std::vector<float>(80 * 12)};
  random::fill_normal(std::span<float>(batch.images.values), random::make_stream(5, "n", random::Purpose::subset), 0,
                      0.05F);
  for (std::size_t i = 0; i < 80; ++i) {
    const std::size_t kind = i % 4;
    for (std::size_t j = 0; j < 3; ++j) batch.images.values[i * 12 + kind * 3 + j] += 2;
    batch.labels.push_back(static_cast<std::int32_t>(kind));
  }
  int separated = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto state = initialize(graph, parse_spec("kmeans:batch=80,iterations=30"), seed, Samples(batch));
    const Tensor output = Shown(graph, state, batch).output("fc");
    std::set<std::int64_t> answers;
    for (std::int64_t i = 0; i < 4; ++i) {
      const float* row = output.values.data() + i * 4;
      answers.insert(std::max_element(row, row + 4) - row);
    }
    separated += answers.size() == 4;
  }
  EXPECT_GE(separated, 12);  // k-means may end with two centres in one kind; random filters would do it in 2 of 20
}

TEST(Cluster, ConvergesToTheMeansOfItsMembers) {
  Patches rows{4, 2, {0, 0, 0, 2, 10, 0, 10, 4}};
  EXPECT_EQ(cluster(rows, {0, 2}, 5, {}), (std::vector<float>{0, 1, 10, 2}));
}

TEST(Patches, AreWhatTheConvolutionSees) {
  model::Graph graph("one", {2, 5, 4});
  model::Conv2d conv;
  conv.out_channels = 2;
  conv.kernel_h = 3;
  conv.kernel_w = 2;
  conv.stride_h = 2;
  conv.pad_top = conv.pad_left = 1;
  conv.groups = 2;
  conv.bias = false;
  const model::ValueId value = graph.add("conv", conv, {graph.input()});
  graph.add("flat", model::Flatten{}, {value});
  const Batch batch = field(3, {2, 5, 4}, 4);
  std::vector<NamedTensor> state = init::initialize(graph, parse_spec("normal:std=1"), 1);
  const Tensor output = Shown(graph, state, batch).output("conv");
  const std::int64_t positions = output.shape[2] * output.shape[3];
  const random::Stream stream = random::make_stream(1, "p", random::Purpose::initialize);
  for (std::int64_t group = 0; group < 2; ++group) {
    const Patches patches = sample_patches(graph.nodes()[0], batch.images, group, 50, stream);
    for (std::int64_t i = 0; i < 50; ++i) {
      const auto at = static_cast<std::int64_t>(
          random::uniform_index(stream, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(3 * positions)));
      double response = 0;
      for (std::int64_t j = 0; j < 6; ++j)
        response += static_cast<double>(patches.row(i)[j]) *
                    static_cast<double>(state[0].tensor.values[static_cast<std::size_t>(group * 6 + j)]);
      const float expected =
          output.values[static_cast<std::size_t>((at / positions * 2 + group) * positions + at % positions)];
      EXPECT_NEAR(response, expected, 1e-5);
    }
  }
}

/// Largest over smallest rms(dL/dW) / rms(W) over the weight layers, on the loss of training.
double spread(const model::Graph& graph, const std::vector<NamedTensor>& state, const Batch& batch) {
  engine::CompileOptions options;
  options.batch = static_cast<std::int64_t>(batch.labels.size());
  engine::Program program(graph, options);
  program.load(state);
  std::ranges::copy(batch.images.values, program.input());
  std::ranges::copy(batch.labels, program.labels());
  program.forward_backward(0, 0);
  const std::vector<NamedTensor> gradients = program.to_logical(program.gradients());
  double low = 1e300, high = 0;
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (graph.parameters()[i].role != model::Role::weight) continue;
    double up = 0, down = 0;
    for (const float value : gradients[i].tensor.values) up += static_cast<double>(value) * value;
    for (const float value : state[i].tensor.values) down += static_cast<double>(value) * value;
    low = std::min(low, std::sqrt(up / down));
    high = std::max(high, std::sqrt(up / down));
  }
  return high / low;
}

TEST(Equalize, MakesTheRelativeGradientsOfAllLayersAlike) {
  for (const char* model : {"lenet5", "vanilla:depth=8,width=8", "vanilla:depth=6,width=8,activation=tanh"}) {
    const model::Graph graph = build(model);
    const Batch batch = field(64, {1, 28, 28}, 10);
    const auto before = initialize(graph, parse_spec("data_normal:bias=0.1"), 1, Samples(batch));
    const auto after = initialize(graph, parse_spec("data_normal:bias=0.1,equalize=true"), 1, Samples(batch));
    // 1 for a loss that is linear in the output; the cross entropy is near it.
    EXPECT_LT(spread(graph, after, batch), 5) << model;
    EXPECT_LT(spread(graph, after, batch), 0.25 * spread(graph, before, batch)) << model;
    const Shown shown(graph, after, batch);
    EXPECT_NEAR(std::sqrt(shown.variance(graph.nodes().back().name)), 1, 0.1) << model;
  }
}

TEST(Equalize, IsRefusedWhereScalesDoNotPassThrough) {
  const Samples samples(field(8, {3, 16, 16}, 10));
  const model::Graph joined = build("resnet20:norm=none", {3, 16, 16});
  EXPECT_THAT([&] { initialize(joined, parse_spec("kmeans:equalize=true"), 1, samples); },
              ThrowsMessage<Error>(HasSubstr("needs a chain of layers without normalization; ")));
  EXPECT_THAT([&] { check(joined, parse_spec("pca:equalize=true"), 1, samples); },
              ThrowsMessage<Error>(HasSubstr("joins two branches")));
}

}  // namespace
}  // namespace fanin::adapt
