// Forward passes against their formulas written out, and against numbers that PyTorch 1.13 gives in float64.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "reference/random_cases.h"

namespace fanin::reference {
namespace {

using testing::Dice;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

Network network_of(const model::Operator& op, const Shape& input) {
  model::Graph graph("test", input);
  graph.add("node", op, {0});
  return Network(std::move(graph));
}

// x 0 1 2 3 / 4 0 1 2 / 3 4 0 1
const Array image = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1};

TEST(Conv2d, IsTheFormula) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Dice dice(seed);
    Network network(testing::random_operator_graph(0, dice));
    testing::randomize_parameters(network, dice);
    const auto& op = std::get<model::Conv2d>(network.graph().node(0).op);
    const Shape in = network.graph().input_shape(), out = network.graph().value(1).shape;
    const Array x = testing::random_array(static_cast<std::size_t>(2 * element_count(in)), dice);
    const Array& y = network.forward(x, true);
    const std::int64_t terms = in[0] / op.groups;
    for (std::int64_t e = 0; e < std::ssize(y); ++e) {
      const std::int64_t j = e % out[2], i = e / out[2] % out[1], o = e / (out[2] * out[1]) % out[0];
      const std::int64_t n = e / element_count(out), group = o / (out[0] / op.groups);
      double sum = op.bias ? network.parameter(1)[o] : 0;
      for (std::int64_t c = 0; c < terms; ++c) {
        for (std::int64_t u = 0; u < op.kernel_h; ++u) {
          for (std::int64_t v = 0; v < op.kernel_w; ++v) {
            const std::int64_t row = i * op.stride_h - op.pad_top + u * op.dilation_h;
            const std::int64_t column = j * op.stride_w - op.pad_left + v * op.dilation_w;
            if (row < 0 || row >= in[1] || column < 0 || column >= in[2]) continue;
            sum += network.parameter(0)[((o * terms + c) * op.kernel_h + u) * op.kernel_w + v] *
                   x[((n * in[0] + group * terms + c) * in[1] + row) * in[2] + column];
          }
        }
      }
      ASSERT_NEAR(y[e], sum, 1e-13) << describe(op) << " on " << to_string(in) << ", seed " << seed;
    }
  }
}

TEST(Linear, IsTheFormula) {
  Network network = network_of(model::Linear{2}, {3});
  network.parameter(0) = {1, 2, 3, 4, 5, 6};
  network.parameter(1) = {10, 20};
  EXPECT_THAT(network.forward({1, 0, -1, 2, 1, 0}, true), ElementsAre(8, 18, 14, 33));
}

TEST(Pooling, AgreesWithPyTorch) {
  model::AveragePool2d mean{2, 3, 2, 2, 1, 1, 1, 1};
  EXPECT_THAT(network_of(mean, {1, 3, 4}).forward(image, true),
              Pointwise(DoubleNear(1e-15), Array{1 / 6.0, 1, 11 / 6.0, 4 / 3.0}));
  mean.count_include_pad = false;
  EXPECT_THAT(network_of(mean, {1, 3, 4}).forward(image, true),
              Pointwise(DoubleNear(1e-15), Array{0.5, 2, 2.75, 4 / 3.0}));
  Array negative = image;
  for (double& x : negative) x = -x;
  // Padding is minus infinity, not zero: the maximum of the second window is -1.
  EXPECT_THAT(network_of(model::MaxPool2d{2, 3, 2, 2, 1, 1, 1, 1}, {1, 3, 4}).forward(negative, true),
              ElementsAre(0, -1, 0, 0));
  EXPECT_THAT(network_of(model::GlobalAveragePool{}, {2, 2, 3}).forward(image, true),
              Pointwise(DoubleNear(1e-15), Array{10 / 6.0, 11 / 6.0}));
}

TEST(MaxPool2d, GivesTheGradientToTheFirstOfEqualsAndPassesNan) {
  Network network = network_of(model::MaxPool2d{}, {1, 2, 4});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Array& y = network.forward({0, 0, 1, 5, 0, 0, nan, 7}, true);
  EXPECT_EQ(y[0], 0);
  EXPECT_TRUE(std::isnan(y[1]));
  network.backward({3, 4});
  EXPECT_THAT(network.value_gradient(0), ElementsAre(3, 0, 0, 0, 0, 0, 4, 0));
}

TEST(BatchNorm, AgreesWithPyTorchInTrainingAndEvaluation) {
  Network network = network_of(model::BatchNorm{1e-5, 0.3}, {2, 1, 2});
  network.parameter(0) = {2, -1};
  network.parameter(1) = {0.5, 0.25};
  const Array x = {1, 2, 4, 8, 3, 6, 0, -4};
  EXPECT_THAT(network.forward(x, true),
              Pointwise(DoubleNear(1e-14),
                        Array{-1.6380868808917473, -0.5690434404458737, -0.19721348369660097, -1.091640451089803,
                              0.4999999999999998, 3.7071303213376203, 0.6972134836966011, 1.5916404510898032}));
  EXPECT_THAT(network.parameter(2), Pointwise(DoubleNear(1e-15), Array{0.9, 0.6}));
  EXPECT_THAT(network.parameter(3), Pointwise(DoubleNear(1e-14), Array{2.1, 8.7}));
  network.backward({1, 0, 0, 2, 0, -1, 1, 0});
  EXPECT_THAT(network.value_gradient(0),
              Pointwise(DoubleNear(1e-14),
                        Array{0.3054431646996088, -0.3818001378731324, 0.22360671389747175, -0.1118034547766365, 0.0,
                              0.07635697317352358, -0.11180334297332149, 8.385248625622306e-08}));
  EXPECT_THAT(network.parameter_gradient(0),
              Pointwise(DoubleNear(1e-14), Array{-2.6726086011146837, 2.236067418483005}));
  EXPECT_THAT(network.parameter_gradient(1), ElementsAre(0, 3));
  EXPECT_THAT(network.parameter_gradient(3), ElementsAre(0, 0));
  EXPECT_THAT(network.forward(x, false),
              Pointwise(DoubleNear(1e-14),
                        Array{0.6380127832669973, 2.0181406159369684, -0.9027072936801119, -2.258833521539067,
                              3.3982684486069394, 7.538651946616852, 0.45341893417884327, 1.8095451620377985}));
  EXPECT_THAT(network.parameter(2), Pointwise(DoubleNear(1e-15), Array{0.9, 0.6})) << "evaluation must not move them";
}

TEST(BatchNorm, RefusesToTrainOnOneValue) {
  Network network = network_of(model::BatchNorm{}, {3});
  EXPECT_NO_THROW(network.forward({1, 2, 3}, false));
  try {
    network.forward({1, 2, 3}, true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "node: batch_norm needs more than one value a channel to train; the batch has 1");
  }
}

TEST(Dropout, DrawsTheStreamOfSeedNameAndStep) {
  const std::int64_t features = 5000;
  Network network = network_of(model::Dropout{0.3}, {features});
  const Array x(2 * features, 1.0);
  const Array first = network.forward(x, true, 7, 2);
  std::vector<float> uniform(x.size());
  random::fill_uniform(uniform, random::make_stream(7, "node", random::Purpose::dropout, 2), 0, 1);
  double kept = 0;
  for (std::size_t e = 0; e < x.size(); ++e) {
    ASSERT_EQ(first[e], uniform[e] >= 0.3F ? 1 / 0.7 : 0) << e;
    kept += first[e] != 0;
  }
  EXPECT_NEAR(kept / static_cast<double>(x.size()), 0.7, 5 * std::sqrt(0.21 / static_cast<double>(x.size())));
  EXPECT_EQ(network.forward(x, true, 7, 2), first);
  EXPECT_NE(network.forward(x, true, 7, 3), first);
  EXPECT_NE(network.forward(x, true, 8, 2), first);
  EXPECT_EQ(network.forward(x, false, 7, 2), x);
}

TEST(MovingOperators, PutElementsWhereTheySay) {
  EXPECT_THAT(network_of(model::Pad{1, 0, 0, 1, 1, 0}, {1, 1, 2}).forward({5, 6}, true),
              ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 0));
  EXPECT_EQ(network_of(model::Flatten{}, {2, 2, 3}).forward(image, true), image);
  Network scale = network_of(model::Scale{0.5}, {2});
  EXPECT_THAT(scale.forward({4, -2}, true), ElementsAre(2, -1)) << "a scale starts at its initial value";
}

TEST(CrossEntropy, AgreesWithPyTorch) {
  const Array logits = {1, 2, 3, 0.5, -1, 0};
  const std::vector<std::int32_t> labels = {1, 0};
  // torch.nn.functional.cross_entropy, the second with label_smoothing=0.1.
  EXPECT_NEAR(cross_entropy(logits, 3, labels, 0, nullptr).loss, 1.0058682848905542, 1e-15);
  EXPECT_NEAR(cross_entropy(logits, 3, labels, 0.1, nullptr).loss, 1.0392016182238877, 1e-15);
  EXPECT_EQ(cross_entropy(logits, 3, labels, 0, nullptr).correct, 1);
}

TEST(CrossEntropy, OfMixedLabelsIsTheMixtureOfTheLosses) {
  const Array logits = {1, 2, 3, 0.5, -1, 0};
  const std::vector<std::int32_t> labels = {1, 0}, partners = {2, 0};  // the second image is its own partner
  for (const double smoothing : {0.0, 0.1}) {
    for (const double share : {0.0, 0.3, 0.5, 1.0}) {
      Array own, other, mixed;
      const double a = cross_entropy(logits, 3, labels, smoothing, &own).loss;
      const double b = cross_entropy(logits, 3, partners, smoothing, &other).loss;
      const LossResult result = cross_entropy(logits, 3, labels, smoothing, &mixed, {share, partners});
      EXPECT_NEAR(result.loss, share * a + (1 - share) * b, 1e-15);
      EXPECT_EQ(result.correct, 1);
      for (std::size_t i = 0; i < mixed.size(); ++i) {
        EXPECT_NEAR(mixed[i], share * own[i] + (1 - share) * other[i], 1e-16);
      }
    }
  }
  // PyTorch 2.15: 0.3 * cross_entropy(x, labels, label_smoothing=0.1) + 0.7 * the same of the labels 2 and 2.
  const std::vector<std::int32_t> twos = {2, 2};
  Array gradient;
  EXPECT_NEAR(cross_entropy(logits, 3, labels, 0.1, &gradient, {0.3, twos}).loss, 0.8817016182238876, 1e-15);
  const double expected[] = {0.02834861991852355, -0.029302431139267865, 0.0009538112207442273,
                             0.12160802696642314, 0.04430915948819776,   -0.16591718645462092};
  for (std::size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(gradient[i], expected[i], 1e-16);
  const std::vector<std::int32_t> wrong = {2, 3};
  EXPECT_THROW(cross_entropy(logits, 3, labels, 0, nullptr, {0.5, wrong}), Error);
}

TEST(CrossEntropy, SurvivesLargeLogitsAndShowsDivergence) {
  EXPECT_EQ(cross_entropy({1000, 0}, 2, std::vector<std::int32_t>{0}, 0, nullptr).loss, 0);
  EXPECT_EQ(cross_entropy({1000, 0}, 2, std::vector<std::int32_t>{1}, 0, nullptr).loss, 1000);
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(cross_entropy({0, nan}, 2, std::vector<std::int32_t>{0}, 0, nullptr).loss));
  EXPECT_TRUE(std::isnan(cross_entropy({0, infinity}, 2, std::vector<std::int32_t>{1}, 0, nullptr).loss));
  // Among equal logits the first counts as the prediction.
  EXPECT_EQ(cross_entropy({2, 2}, 2, std::vector<std::int32_t>{0}, 0, nullptr).correct, 1);
  EXPECT_EQ(cross_entropy({2, 2}, 2, std::vector<std::int32_t>{1}, 0, nullptr).correct, 0);
}

}  // namespace
}  // namespace fanin::reference
