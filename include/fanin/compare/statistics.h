// The statistics of a comparison with few seeds. Which, why and worked numbers: docs/statistics.md.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::compare {

/// Quantile and two-sided tail of Student's t with `df` degrees of freedom (df > 0).
double student_t_quantile(double probability, double df);
double student_t_two_sided_p(double t, double df);
/// Regularized incomplete beta function I_x(a, b).
double incomplete_beta(double a, double b, double x);

/// Mean with its 95 % Student interval.
Interval mean_interval(std::span<const double> values);
/// Clopper-Pearson 95 % interval of a proportion.
Interval proportion_interval(std::int64_t successes, std::int64_t n);

/// Paired t-test of a - b (equal lengths >= 2): mean and 95 % interval; p (two-sided) by reference. Differences that
/// are all equal give p = 0, or 1 when they are zero.
Interval paired_difference(std::span<const double> a, std::span<const double> b, double& p_value);
/// Holm's step-down adjusted p values, in the order given.
std::vector<double> holm(std::span<const double> p_values);
/// (#{a > b} + ties / 2) / (n_a n_b).
double probability_of_improvement(std::span<const double> a, std::span<const double> b);
/// The difference that a paired t-test of n pairs with this standard deviation of differences sees with 80 % power at
/// two-sided level alpha (noncentral t).
double smallest_detectable_difference(double std_of_differences, std::int64_t n, double alpha = 0.05);

/// Area under the training-loss curve: trapezoid over steps / steps of the curve. Every loss counts as at most
/// 2 ln(classes), so that one exploding batch does not outweigh a whole curve; a diverged trial is carried to the
/// budget at its last finite loss (at the cap where it had none). NaN when the curve is empty.
double loss_area(const train::TrialResult& trial, std::int64_t budget, std::int64_t classes);

/// First step whose running median of 3 validation accuracies reaches `target`; none: censored at the budget.
std::optional<std::int64_t> first_reaching(const train::TrialResult& trial, double target);
TimeToTarget time_to_target(std::span<const std::optional<std::int64_t>> times, std::int64_t budget);

}  // namespace fanin::compare
