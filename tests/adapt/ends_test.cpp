// Patch whitening and class prior: what the first layer gives, and where the loss starts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapt/helpers.h"
#include "fanin/base/error.h"

namespace fanin::adapt {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

model::Graph stem(std::int64_t channels, std::int64_t outputs, std::int64_t kernel) {
  model::Graph graph("stem", {channels, 16, 16});
  model::Conv2d conv;
  conv.out_channels = outputs;
  conv.kernel_h = conv.kernel_w = kernel;
  const model::ValueId value = graph.add("conv", conv, {graph.input()});
  const model::ValueId flat = graph.add("flat", model::Flatten{}, {value});
  graph.add("fc", model::Linear{10}, {flat});
  return graph;
}

double product(const Tensor& output, std::int64_t a, std::int64_t b) {
  const std::vector<float> x = channel(output, a), y = channel(output, b);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(x[i]) * y[i];
  return sum / static_cast<double>(x.size());
}

TEST(PatchWhitening, MakesTheFirstLayersOutputsWhite) {
  // Over the same images, E (u_a x)(u_b x) = lambda_a / (lambda_a + epsilon) where a = b, else 0: so eigenvectors are
  // those of one matrix. Averaged over parts of the images, which have arbitrary signs, they would not be.
  const model::Graph graph = stem(1, 18, 3);
  const Batch batch = field(200, {1, 16, 16}, 10);
  const auto state = initialize(graph, parse_spec("patch_whitening:epsilon=1e-9,images=200"), 1, Samples(batch));
  const Tensor output = Shown(graph, state, batch).output("conv");
  for (std::int64_t a = 0; a < 9; ++a)
    for (std::int64_t b = 0; b <= a; ++b) EXPECT_NEAR(product(output, a, b), a == b ? 1 : 0, 2e-3) << a << " " << b;
  for (std::size_t i = 0; i < 81; ++i)  // the other half is the negative
    EXPECT_EQ(state[0].tensor.values[81 + i], -state[0].tensor.values[i]);
}

TEST(PatchWhitening, IsBoundedByEpsilon) {
  const model::Graph graph = stem(1, 18, 3);
  Batch flat = field(20, {1, 16, 16}, 10);
  std::ranges::fill(flat.images.values, 1.0F);  // one direction of nine
  const auto state = initialize(graph, parse_spec("patch_whitening"), 1, Samples(flat));
  double largest = 0;
  for (const float value : state[0].tensor.values) largest = std::max(largest, std::abs(static_cast<double>(value)));
  EXPECT_LE(largest, 1 / std::sqrt(5e-4) * 1.001);
  EXPECT_NEAR(state[0].tensor.values[0], 1.0 / 3 / std::sqrt(9 + 5e-4), 1e-6);
}

TEST(PatchWhitening, KeepsTheStrongestWhereNarrowAndFillsUpWhereWide) {
  const Batch batch = field(100, {3, 16, 16}, 10);
  const Spec spec = parse_spec("patch_whitening");
  const auto full = initialize(stem(3, 24, 2), spec, 1, Samples(batch));
  Report narrow_report, wide_report;
  const auto narrow = initialize(stem(3, 7, 2), spec, 1, Samples(batch), {}, &narrow_report);
  const auto wide = initialize(stem(3, 40, 2), spec, 1, Samples(batch), {}, &wide_report);
  const auto base = initialize(stem(3, 40, 2), parse_spec("he_normal"), 1);
  for (std::size_t i = 0; i < 36; ++i) {
    EXPECT_EQ(narrow[0].tensor.values[i], full[0].tensor.values[i]);
    EXPECT_EQ(narrow[0].tensor.values[36 + i], -full[0].tensor.values[i]);
  }
  for (std::size_t i = 0; i < 288; ++i) EXPECT_EQ(wide[0].tensor.values[i], full[0].tensor.values[i]);
  for (std::size_t i = 288; i < 480; ++i) EXPECT_EQ(wide[0].tensor.values[i], base[0].tensor.values[i]);
  ASSERT_EQ(wide_report.notes.size(), 1u);
  EXPECT_THAT(wide_report.notes[0], HasSubstr("left 16 of 40 filters of conv as the base made them"));
  EXPECT_THAT(narrow_report.notes[0], HasSubstr("left 1 of 7 filters"));
}

TEST(PatchWhitening, LeavesAllOtherLayersToTheBase) {
  const model::Graph graph = build("lenet5");
  const auto base = initialize(graph, parse_spec("xavier_normal"), 1);
  const auto state =
      initialize(graph, parse_spec("patch_whitening:base=xavier_normal"), 1, Samples(field(20, {1, 28, 28}, 10)));
  EXPECT_NE(state[0].tensor.values, base[0].tensor.values);
  for (std::size_t i = 1; i < state.size(); ++i) EXPECT_EQ(state[i].tensor.values, base[i].tensor.values);
}

TEST(PatchWhitening, RefusesWhatItCannotWhiten) {
  const Samples samples(field(8, {3, 32, 32}, 10));
  EXPECT_THAT(
      [&] {
        check(build("mlp", {3, 32, 32}), parse_spec("patch_whitening"), 1, samples);
      },
      ThrowsMessage<Error>(HasSubstr("needs a first layer of at most 1024 inputs a filter; ")));
}

TEST(ClassPrior, StartsAtTheEntropyOfTheLabels) {
  const model::Graph graph = build("lenet5", {1, 28, 28}, 3);
  Batch batch = field(100, {1, 28, 28}, 3);
  for (std::size_t i = 0; i < 100; ++i) batch.labels[i] = i < 70 ? 2 : i < 90 ? 0 : 1;
  const auto state = initialize(graph, parse_spec("class_prior:base=zeros"), 1, Samples(batch));
  const Shown shown(graph, state, batch);
  EXPECT_NEAR(shown.loss, -0.7 * std::log(0.7) - 0.2 * std::log(0.2) - 0.1 * std::log(0.1), 1e-5);
  const std::vector<float>& bias = state.back().tensor.values;
  EXPECT_FLOAT_EQ(bias[0], static_cast<float>(std::log(0.2)));
  EXPECT_FLOAT_EQ(bias[2], static_cast<float>(std::log(0.7)));
  const auto smooth = initialize(graph, parse_spec("class_prior:smoothing=10"), 1, Samples(batch));
  EXPECT_FLOAT_EQ(smooth.back().tensor.values[1], static_cast<float>(std::log(20 / 130.0)));
}

TEST(ClassPrior, RefusesAClassWithoutImagesAndALayerWithoutBias) {
  const model::Graph graph = build("lenet5", {1, 28, 28}, 3);
  Batch batch = field(10, {1, 28, 28}, 2);
  EXPECT_THAT([&] { check(graph, parse_spec("class_prior"), 1, Samples(batch)); },
              ThrowsMessage<Error>("scheme 'class_prior' finds no image of class 2, whose share 0 has no logarithm; "
                                   "expected smoothing above 0"));
  EXPECT_NO_THROW(check(graph, parse_spec("class_prior:smoothing=1"), 1, Samples(batch)));
  model::Graph bare("bare", {4});
  bare.add("fc", model::Linear{2, false}, {bare.input()});
  EXPECT_THAT([&] { check(bare, parse_spec("class_prior"), 1, Samples(field(4, {4}, 2))); },
              ThrowsMessage<Error>(HasSubstr("needs a last layer whose bias reaches the logits; bare has none")));
}

}  // namespace
}  // namespace fanin::adapt
