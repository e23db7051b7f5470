// Gains, critical points and the zero-padding factor against published and independent numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fanin/base/error.h"
#include "fanin/init/gains.h"

namespace fanin::init {
namespace {

using model::Activation;
using model::ActivationKind;

TEST(Gains, AreTheIntegralsOfEachActivation) {
  struct Case {
    Activation activation;
    double mean, second, slope;
  };
  for (const Case& expected :
       {Case{{ActivationKind::relu}, .398942, .5, .5}, Case{{ActivationKind::tanh}, 0, .394294, .464401},
        Case{{ActivationKind::leaky_relu, 0.2}, .319154, .52, .52},
        Case{{ActivationKind::sigmoid}, .5, .293379, .044836}, Case{{ActivationKind::gelu}, .282095, .425225, .455855},
        Case{{ActivationKind::silu}, .206621, .355774, .379483}}) {
    SCOPED_TRACE(model::activation_name(expected.activation.kind));
    const ActivationMoments moments = activation_moments(expected.activation);
    EXPECT_NEAR(moments.mean, expected.mean, 5e-6);
    EXPECT_NEAR(moments.second, expected.second, 5e-5);
    EXPECT_NEAR(moments.derivative_second, expected.slope, 5e-5);
  }
  EXPECT_NEAR(activation_moments({ActivationKind::relu}).second, 0.5, 1e-13);
  EXPECT_NEAR(activation_moments({ActivationKind::relu}).mean, 1 / std::sqrt(2 * std::acos(-1.0)), 1e-13);
}

TEST(Gains, FollowAKinkThatIsOffCentre) {
  // E relu(x), x ~ N(m, s^2), is m Phi(m/s) + s phi(m/s).
  const double m = 0.37, s = 1.9, z = m / s;
  const double expected =
      m * 0.5 * std::erfc(-z / std::sqrt(2.0)) + s * std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
  EXPECT_NEAR(activation_moments({ActivationKind::relu}, m, s * s).mean, expected, 1e-12);
}

TEST(Gains, KeepTheVarianceOrTheGradientWhereAsked) {
  EXPECT_NEAR(forward_gain({ActivationKind::relu}, GainKind::variance), 1.712859, 1e-6);
  EXPECT_NEAR(forward_gain({ActivationKind::sigmoid}, GainKind::variance), 1 / std::sqrt(.293379 - .25), 1e-3);
  EXPECT_NEAR(backward_gain({ActivationKind::tanh}), 1.4674, 5e-5);
  EXPECT_NEAR(backward_gain({ActivationKind::gelu}), 1.4811, 5e-5);
  EXPECT_NEAR(backward_gain({ActivationKind::sigmoid}), 4.7227, 1e-4);
  EXPECT_EQ(backward_gain({ActivationKind::relu}), std::sqrt(2.0));
}

TEST(Gains, RefuseArgumentsThatAreNoMoments) {
  EXPECT_THROW(activation_moments({ActivationKind::tanh}, 0, 0), Error);
  EXPECT_THROW(activation_moments({ActivationKind::tanh}, 0, -1), Error);
  EXPECT_THROW(activation_moments({ActivationKind::tanh}, NAN, 1), Error);
  EXPECT_THROW(critical_point({ActivationKind::tanh}, 0), Error);
}

TEST(CriticalPoint, OfTanhIsTheTenThousandLayerPair) {
  const CriticalPoint point = critical_point({ActivationKind::tanh}, 0.0259209);
  EXPECT_NEAR(point.weight_variance, 1.05, 1e-5);
  EXPECT_NEAR(point.bias_variance, 2.0105e-5, 2e-8);
  const CriticalPoint one = critical_point({ActivationKind::tanh}, 1);
  EXPECT_NEAR(one.weight_variance, 2.1533, 5e-5);
  EXPECT_NEAR(one.bias_variance, 0.1510, 5e-5);
}

TEST(CriticalPoint, OfReluIsHe) {
  const CriticalPoint point = critical_point({ActivationKind::relu}, 0.7);
  EXPECT_NEAR(point.weight_variance, 2, 1e-11);
  EXPECT_EQ(point.bias_variance, 0);
}

TEST(CriticalPoint, IsRefusedWhereThereIsNone) {
  EXPECT_THAT([] { critical_point({ActivationKind::sigmoid}, 0.5); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("sigmoid has no critical point at q = 0.5")));
}

}  // namespace
}  // namespace fanin::init
