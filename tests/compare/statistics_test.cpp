// The statistics against worked numbers (scipy 1.17, rliable, the cited papers) and against their own properties.
#include "fanin/compare/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "compare/distributions.h"

namespace fanin::compare {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

train::TrialResult curve(std::vector<std::int64_t> steps, std::vector<double> losses,
                         std::vector<double> accuracies = {}) {
  train::TrialResult trial;
  accuracies.resize(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) trial.curve.push_back({steps[i], losses[i], losses[i], accuracies[i]});
  trial.step = steps.empty() ? 0 : steps.back();
  return trial;
}

TEST(Distributions, IncompleteBetaHasItsClosedForms) {
  for (const double x : {0.0, 0.1, 0.37, 0.5, 0.9, 1.0}) {
    EXPECT_NEAR(incomplete_beta(1.0, 1.0, x), x, 1e-15);
    EXPECT_NEAR(incomplete_beta(3.0, 1.0, x), x * x * x, 1e-15);
    EXPECT_NEAR(incomplete_beta(1.0, 4.0, x), 1.0 - std::pow(1.0 - x, 4.0), 1e-15);
    EXPECT_NEAR(incomplete_beta(2.5, 0.5, x) + incomplete_beta(0.5, 2.5, 1.0 - x), 1.0, 1e-14);
  }
  EXPECT_TRUE(std::isnan(incomplete_beta(1.0, 1.0, kNaN)));
}

TEST(Distributions, StudentQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(student_t_quantile(0.975, 1.0), 12.7062047362, 1e-9);
  EXPECT_NEAR(student_t_quantile(0.975, 2.0), 4.3026527297, 1e-9);
  EXPECT_NEAR(student_t_quantile(0.975, 4.0), 2.7764451052, 1e-10);
  EXPECT_NEAR(student_t_quantile(0.025, 4.0), -2.7764451052, 1e-10);
  EXPECT_NEAR(student_t_quantile(0.95, 9.0), 1.8331129327, 1e-9);
  EXPECT_NEAR(student_t_quantile(0.975, 1e7), 1.959964, 1e-6);
  EXPECT_EQ(student_t_quantile(0.5, 3.0), 0.0);
  EXPECT_EQ(student_t_quantile(1.0, 3.0), std::numeric_limits<double>::infinity());
}

TEST(Distributions, StudentTailInvertsItsQuantile) {
  for (const double df : {1.0, 2.0, 4.0, 19.0, 300.0}) {
    for (const double p : {0.6, 0.9, 0.999, 0.9999995}) {
      EXPECT_NEAR(student_t_two_sided_p(student_t_quantile(p, df), df), 2.0 * (1.0 - p), 1e-12) << df << " " << p;
    }
  }
  EXPECT_EQ(student_t_two_sided_p(0.0, 4.0), 1.0);
}

TEST(Distributions, PowerWithoutEffectIsTheLevel) {
  for (const double df : {1.0, 2.0, 4.0, 30.0}) EXPECT_NEAR(t_test_power(0.0, df, 0.05), 0.05, 1e-6) << df;
  EXPECT_NEAR(t_test_power(100.0, 4.0, 0.05), 1.0, 1e-6);
}

TEST(Statistics, MeanIntervalIsStudents) {
  const std::vector<double> d{0.011, 0.005, 0.011, 0.004, 0.012};
  const Interval interval = mean_interval(d);
  EXPECT_NEAR(interval.mean, 0.0086, 1e-12);
  EXPECT_NEAR(interval.std, 0.0037815341, 1e-10);
  EXPECT_NEAR(interval.low, 0.0039046053, 1e-10);
  EXPECT_NEAR(interval.high, 0.0132953947, 1e-10);
  EXPECT_EQ(interval.n, 5);
}

TEST(Statistics, OneValueHasAMeanAndNoInterval) {
  const Interval one = mean_interval(std::vector<double>{0.5});
  EXPECT_EQ(one.mean, 0.5);
  EXPECT_TRUE(std::isnan(one.low) && std::isnan(one.high) && std::isnan(one.std));
  const Interval none = mean_interval({});
  EXPECT_TRUE(std::isnan(none.mean));
  EXPECT_EQ(none.n, 0);
}

TEST(Statistics, PairedTestIsTheWorkedExample) {
  const std::vector<double> a{.912, .905, .918, .909, .914}, b{.901, .900, .907, .905, .902};
  double p = 0.0;
  const Interval difference = paired_difference(a, b, p);
  EXPECT_NEAR(p, 0.0070546273, 1e-9);
  EXPECT_NEAR(difference.mean, 0.0086, 1e-12);
  EXPECT_NEAR(difference.low, 0.0039046053, 1e-9);
  std::vector<double> changed = b;
  changed[1] = .907;  // second difference -.002
  paired_difference(a, changed, p);
  EXPECT_NEAR(p, 0.0565335, 1e-7);
}

TEST(Statistics, EqualDifferencesLeaveNoDoubt) {
  double p = 0.5;
  paired_difference(std::vector<double>{1.0, 2.0, 3.0}, std::vector<double>{0.5, 1.5, 2.5}, p);
  EXPECT_EQ(p, 0.0);
  paired_difference(std::vector<double>{1.0, 2.0}, std::vector<double>{1.0, 2.0}, p);
  EXPECT_EQ(p, 1.0);
  paired_difference(std::vector<double>{1.0}, std::vector<double>{0.0}, p);
  EXPECT_EQ(p, 1.0);
}

TEST(Statistics, HolmStepsDown) {
  EXPECT_THAT(
      holm(std::vector<double>{.01, .04, .03, .005}),
      ElementsAre(DoubleNear(.03, 1e-12), DoubleNear(.06, 1e-12), DoubleNear(.06, 1e-12), DoubleNear(.02, 1e-12)));
  EXPECT_THAT(holm(std::vector<double>{.02, .02, .02}),
              ElementsAre(DoubleNear(.06, 1e-12), DoubleNear(.06, 1e-12), DoubleNear(.06, 1e-12)));
  EXPECT_THAT(holm(std::vector<double>{.9, .8}), ElementsAre(1.0, 1.0));
  EXPECT_TRUE(holm({}).empty());
}

TEST(Statistics, ProportionsAreClopperPearsons) {
  EXPECT_NEAR(proportion_interval(5, 5).low, 0.478, 5e-4);
  EXPECT_EQ(proportion_interval(5, 5).high, 1.0);
  EXPECT_NEAR(proportion_interval(4, 5).low, 0.284, 5e-4);
  EXPECT_NEAR(proportion_interval(4, 5).high, 0.995, 5e-4);
  EXPECT_EQ(proportion_interval(0, 5).low, 0.0);
  EXPECT_NEAR(proportion_interval(0, 5).high, 1.0 - proportion_interval(5, 5).low, 1e-12);
  EXPECT_NEAR(proportion_interval(0, 5).high, 1.0 - std::pow(0.025, 0.2), 1e-12);
  EXPECT_TRUE(std::isnan(proportion_interval(0, 0).mean));
}

TEST(Statistics, ProbabilityOfImprovementCountsTiesHalf) {
  EXPECT_NEAR(probability_of_improvement(std::vector<double>{3, 5, 7}, std::vector<double>{1, 5, 6}), 5.5 / 9.0, 1e-12);
  EXPECT_EQ(probability_of_improvement(std::vector<double>{1, 1}, std::vector<double>{1, 1}), 0.5);
}

TEST(Statistics, SmallestDetectableDifferenceHasEightyPerCentPower) {
  // The reference values are rounded up to the next hundredth.
  const auto hundredths = [](std::int64_t n, double alpha) {
    return std::ceil(100.0 * smallest_detectable_difference(1.0, n, alpha));
  };
  EXPECT_EQ(hundredths(3, 0.05), 327);
  EXPECT_EQ(hundredths(5, 0.05), 169);
  EXPECT_EQ(hundredths(10, 0.05), 100);
  EXPECT_EQ(hundredths(5, 0.05 / 5), 263);
  // The numbers of pairs that standardized effects need: 0.5 needs 34, 0.3 needs 90.
  EXPECT_LE(smallest_detectable_difference(1.0, 34), 0.5);
  EXPECT_GT(smallest_detectable_difference(1.0, 33), 0.5);
  EXPECT_LE(smallest_detectable_difference(1.0, 90), 0.3);
  EXPECT_GT(smallest_detectable_difference(1.0, 89), 0.3);
  EXPECT_NEAR(smallest_detectable_difference(0.02, 5), 0.02 * smallest_detectable_difference(1.0, 5), 1e-12);
  EXPECT_EQ(smallest_detectable_difference(0.0, 5), 0.0);
  EXPECT_TRUE(std::isnan(smallest_detectable_difference(1.0, 1)));
}

TEST(Statistics, LossAreaIsTheTrapezoidOverTheSteps) {
  EXPECT_NEAR(loss_area(curve({0, 1, 3}, {2.3, 1.0, 0.5}), 3, 10), 1.05, 1e-12);
}

TEST(Statistics, ADivergedTrialIsCarriedAtItsLastFiniteLossUnderTheCap) {
  train::TrialResult trial = curve({0, 1, 2}, {2.0, 3.0, kNaN});
  trial.diverged_at = 2;
  EXPECT_NEAR(loss_area(trial, 5, 10), (2.5 * 1 + 3.0 * 4) / 5.0, 1e-12);
  const double cap = 2.0 * std::log(10.0);
  trial.curve[1].train_loss = 1e20;
  EXPECT_NEAR(loss_area(trial, 5, 10), (0.5 * (2.0 + cap) * 1 + cap * 4) / 5.0, 1e-12);
  trial.curve[0].train_loss = kNaN;
  EXPECT_EQ(loss_area(trial, 5, 10), cap);
  EXPECT_TRUE(std::isnan(loss_area(curve({}, {}), 5, 10)));
}

TEST(Statistics, TargetNeedsTheMedianOfThreePoints) {
  const std::vector<double> zero(6, 0.0);
  EXPECT_EQ(first_reaching(curve({0, 10, 20, 30, 40, 50}, zero, {.1, .9, .2, .84, .86, .87}), 0.85), 50);
  EXPECT_EQ(first_reaching(curve({0, 10, 20, 30, 40, 50}, zero, {.1, .9, .9, .1, .1, .1}), 0.85), 20);
  EXPECT_EQ(first_reaching(curve({0, 10, 20, 30, 40, 50}, zero, {.1, .2, .3, .4, .5, .99}), 0.85), std::nullopt);
  EXPECT_EQ(first_reaching(curve({0, 10}, {0, 0}, {.99, .99}), 0.85), std::nullopt);
}

TEST(Statistics, TimeToTargetWithCensoredRuns) {
  const std::vector<std::optional<std::int64_t>> times{3, 5, 5, std::nullopt, std::nullopt};
  const TimeToTarget result = time_to_target(times, 10);
  EXPECT_NEAR(result.restricted_mean_steps, 6.6, 1e-12);
  EXPECT_EQ(result.median_steps, 5.0);
  EXPECT_EQ(result.reached, 3);
  EXPECT_EQ(result.censored, 2);
  const std::vector<std::optional<std::int64_t>> half{3, 5, std::nullopt, std::nullopt};
  EXPECT_EQ(time_to_target(half, 10).median_steps, std::nullopt);
  const std::vector<std::optional<std::int64_t>> even{8, 3, 5, std::nullopt};
  EXPECT_EQ(time_to_target(even, 10).median_steps, 6.5);
  EXPECT_TRUE(std::isnan(time_to_target({}, 10).restricted_mean_steps));
}

}  // namespace
}  // namespace fanin::compare
