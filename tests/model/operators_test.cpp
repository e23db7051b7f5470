// Activations, descriptions and the table.
#include "fanin/model/operators.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <set>

#include "model/throws.h"

namespace fanin::model {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

TEST(OperatorTable, DocumentsEveryOperatorAndTheLoss) {
  ASSERT_EQ(operator_table().size(), std::variant_size_v<Operator> + 1);
  std::set<std::string_view> names;
  for (const OperatorInfo& row : operator_table()) {
    EXPECT_FALSE(row.summary.empty()) << row.name;
    EXPECT_FALSE(row.formula.empty()) << row.name;
    EXPECT_TRUE(row.inputs >= 1 || row.inputs == any_number) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
  EXPECT_EQ(operator_info(Conv2d{}).name, "conv2d");
  EXPECT_EQ(operator_info(MaxPool2d{}).name, "max_pool2d");
  EXPECT_EQ(operator_info(Add{}).inputs, 2);
  EXPECT_EQ(operator_info(Scale{}).name, "scale");
  EXPECT_EQ(operator_table().back().name, "softmax_cross_entropy");
}

TEST(Activations, NamesParseToTheirKind) {
  for (int i = 0; i < activation_kinds; ++i) {
    const auto kind = static_cast<ActivationKind>(i);
    EXPECT_EQ(parse_activation(activation_name(kind)), kind);
  }
  const std::string error = error_of([] { parse_activation("rleu"); });
  EXPECT_THAT(error, HasSubstr("unknown activation 'rleu'; did you mean 'relu'?"));
  EXPECT_THAT(error, HasSubstr("silu"));
}

TEST(Activations, HaveKnownValues) {
  // mpmath at 20 digits.
  EXPECT_NEAR(activation_value({ActivationKind::gelu}, 1), 0.84134474606854294859, 1e-15);
  EXPECT_NEAR(activation_value({ActivationKind::gelu}, -10) / -7.6198530241604696e-23, 1, 1e-12);
  EXPECT_NEAR(activation_value({ActivationKind::silu}, 1), 0.73105857863000487926, 1e-15);
  EXPECT_NEAR(activation_value({ActivationKind::sigmoid}, -40) / 4.2483542552915889953e-18, 1, 1e-14);
  EXPECT_NEAR(activation_value({ActivationKind::tanh}, 0.5), 0.46211715726000975850, 1e-15);
  EXPECT_EQ(activation_value({ActivationKind::relu}, -2), 0);
  EXPECT_EQ(activation_value({ActivationKind::leaky_relu, 0.25}, -2), -0.5);
  EXPECT_EQ(activation_derivative({ActivationKind::relu}, 0), 0);
  EXPECT_EQ(activation_derivative({ActivationKind::leaky_relu, 0.25}, 0), 0.25);
  EXPECT_NEAR(activation_derivative({ActivationKind::gelu}, 1), 1.0833154705876862984, 1e-15);
  EXPECT_NEAR(activation_value({ActivationKind::elu}, -1), -0.63212055882855767840, 1e-15);
  EXPECT_EQ(activation_value({ActivationKind::elu, 0.5}, 2), 2);
  EXPECT_NEAR(activation_value({ActivationKind::elu}, -1e-10) / -0.99999999995000000000e-10, 1, 1e-15);
  EXPECT_NEAR(activation_value({ActivationKind::selu}, -1), -1.1113307378125625, 1e-14);
  EXPECT_EQ(activation_value({ActivationKind::selu}, 2), 2 * selu_scale);
  EXPECT_NEAR(activation_value({ActivationKind::softplus}, 1), 1.3132616875182228340, 1e-15);
  EXPECT_NEAR(activation_value({ActivationKind::softplus}, -40) / 4.2483542552915889953e-18, 1, 1e-14);
  EXPECT_NEAR(activation_value({ActivationKind::hardswish}, 1), 2.0 / 3, 1e-15);
  EXPECT_EQ(activation_value({ActivationKind::hardswish}, -3.5), 0);
  EXPECT_EQ(activation_value({ActivationKind::hardswish}, 4), 4);
}

TEST(Activations, DerivativesAreTheSlopesOfTheValues) {
  for (int i = 0; i < activation_kinds; ++i) {
    const Activation activation{static_cast<ActivationKind>(i), 0.2};
    for (double x = -6.05; x < 6; x += 0.1) {
      const double h = 1e-5;
      const double slope = (activation_value(activation, x + h) - activation_value(activation, x - h)) / (2 * h);
      EXPECT_NEAR(activation_derivative(activation, x), slope, 1e-9) << activation_name(activation.kind) << " at " << x;
    }
  }
}

TEST(Activations, StayFiniteFarOut) {
  for (int i = 0; i < activation_kinds; ++i) {
    for (const double x : {-1e4, -800.0, 800.0, 1e4}) {
      const Activation activation{static_cast<ActivationKind>(i)};
      EXPECT_TRUE(std::isfinite(activation_value(activation, x))) << activation_name(activation.kind) << " at " << x;
      EXPECT_TRUE(std::isfinite(activation_derivative(activation, x)))
          << activation_name(activation.kind) << " at " << x;
    }
    // A diverged network must not look sound again.
    EXPECT_TRUE(
        std::isnan(activation_value({static_cast<ActivationKind>(i)}, std::numeric_limits<double>::quiet_NaN())));
  }
}

TEST(Describe, SaysWhatDiffersFromTheUsual) {
  EXPECT_EQ(describe(Conv2d{.out_channels = 32}), "conv2d 1x1, 32 channels");
  EXPECT_EQ(describe(Conv2d{.out_channels = 32,
                            .kernel_h = 3,
                            .kernel_w = 5,
                            .stride_h = 2,
                            .stride_w = 2,
                            .pad_top = 1,
                            .pad_left = 2,
                            .pad_bottom = 1,
                            .pad_right = 2,
                            .dilation_h = 2,
                            .groups = 4,
                            .bias = false}),
            "conv2d 3x5, 32 channels, stride 2, padding 1x2, dilation 2x1, groups 4, no bias");
  EXPECT_EQ(describe(Conv2d{.out_channels = 8, .kernel_h = 2, .kernel_w = 2, .pad_bottom = 1, .pad_right = 1}),
            "conv2d 2x2, 8 channels, padding top 0 left 0 bottom 1 right 1");
  EXPECT_EQ(describe(Linear{10}), "linear, 10 features");
  EXPECT_EQ(describe(Activation{ActivationKind::leaky_relu, 0.1}), "leaky_relu, slope 0.1");
  EXPECT_EQ(describe(MaxPool2d{}), "max_pool2d 2x2, stride 2");
  EXPECT_EQ(describe(AveragePool2d{.kernel_h = 3, .kernel_w = 3, .pad_top = 1, .count_include_pad = false}),
            "average_pool2d 3x3, stride 2, padding top 1 left 0 bottom 0 right 0, padding not counted");
  EXPECT_EQ(describe(Pad{.channels_before = 8, .channels_after = 8}), "pad, channels 8 before 8 after");
  EXPECT_EQ(describe(Dropout{0.3}), "dropout, rate 0.3");
  EXPECT_EQ(describe(Activation{ActivationKind::elu}), "elu, alpha 1");
  EXPECT_EQ(describe(PReLU{}), "prelu, a slope a channel, initially 0.25");
  EXPECT_EQ(describe(PReLU{.shared = true, .initial = 0.5}), "prelu, one slope, initially 0.5");
}

}  // namespace
}  // namespace fanin::model
