// The statistics of a comparison. Formulas, reasons and the numbers that the tests check: docs/statistics.md.
#include "fanin/compare/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "compare/distributions.h"

namespace fanin::compare {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Interval mean_interval(std::span<const double> values) {
  Interval result;
  result.n = static_cast<std::int64_t>(values.size());
  result.mean = result.low = result.high = result.std = kNaN;
  if (values.empty()) return result;
  const double n = static_cast<double>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return result;
  double squares = 0.0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.std = std::sqrt(squares / (n - 1.0));
  const double half_width = student_t_quantile(0.975, n - 1.0) * result.std / std::sqrt(n);
  result.low = result.mean - half_width;
  result.high = result.mean + half_width;
  return result;
}

Interval proportion_interval(std::int64_t successes, std::int64_t n) {
  Interval result;
  result.n = n;
  result.mean = result.low = result.high = result.std = kNaN;
  if (n < 1) return result;
  const double k = static_cast<double>(successes), size = static_cast<double>(n);
  result.mean = k / size;
  result.std = std::sqrt(result.mean * (1.0 - result.mean));
  result.low = successes == 0 ? 0.0 : inverse_incomplete_beta(k, size - k + 1.0, 0.025);
  result.high = successes == n ? 1.0 : inverse_incomplete_beta(k + 1.0, size - k, 0.975);
  return result;
}

Interval paired_difference(std::span<const double> a, std::span<const double> b, double& p_value) {
  std::vector<double> differences(std::min(a.size(), b.size()));
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] = a[i] - b[i];
  Interval result = mean_interval(differences);
  if (differences.size() < 2) {
    p_value = 1.0;
  } else if (std::all_of(differences.begin(), differences.end(), [&](double d) { return d == differences.front(); })) {
    p_value = differences.front() == 0.0 ? 1.0 : 0.0;
  } else {
    const double n = static_cast<double>(differences.size());
    p_value = student_t_two_sided_p(result.mean / (result.std / std::sqrt(n)), n - 1.0);
  }
  return result;
}

std::vector<double> holm(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p_values[i] < p_values[j]; });
  std::vector<double> adjusted(p_values.size());
  double running = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    running = std::max(running, std::min(1.0, static_cast<double>(order.size() - rank) * p_values[order[rank]]));
    adjusted[order[rank]] = running;
  }
  return adjusted;
}

double probability_of_improvement(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return kNaN;
  double wins = 0.0;
  for (const double x : a) {
    for (const double y : b) wins += x > y ? 1.0 : x == y ? 0.5 : 0.0;
  }
  return wins / (static_cast<double>(a.size()) * static_cast<double>(b.size()));
}

double smallest_detectable_difference(double std_of_differences, std::int64_t n, double alpha) {
  if (n < 2 || std::isnan(std_of_differences)) return kNaN;
  if (std_of_differences == 0.0) return 0.0;
  const double df = static_cast<double>(n - 1), root_n = std::sqrt(static_cast<double>(n));
  double low = 0.0, high = 1.0;
  while (t_test_power(high * root_n, df, alpha) < 0.8 && high < 1e9) high *= 2.0;
  for (int i = 0; i < 50; ++i) {  // to 1e-15 of the bracket: far below the quadrature's own error
    const double middle = 0.5 * (low + high);
    (t_test_power(middle * root_n, df, alpha) >= 0.8 ? high : low) = middle;
  }
  return high * std_of_differences;
}

double loss_area(const train::TrialResult& trial, std::int64_t budget, std::int64_t classes) {
  const double cap = 2.0 * std::log(static_cast<double>(classes));
  double area = 0.0, previous_loss = kNaN;
  std::int64_t first_step = 0, previous_step = 0;
  for (const train::CurvePoint& point : trial.curve) {
    if (!std::isfinite(point.train_loss)) break;
    const double loss = std::min(point.train_loss, cap);
    if (std::isnan(previous_loss)) {
      first_step = point.step;
    } else {
      area += 0.5 * (previous_loss + loss) * static_cast<double>(point.step - previous_step);
    }
    previous_loss = loss;
    previous_step = point.step;
  }
  if (trial.diverged_at && std::isnan(previous_loss)) return cap;
  if ((trial.diverged_at || trial.stopped_at) && previous_step < budget) {
    area += previous_loss * static_cast<double>(budget - previous_step);
    previous_step = budget;
  }
  return previous_step > first_step ? area / static_cast<double>(previous_step - first_step) : previous_loss;
}

std::optional<std::int64_t> first_reaching(const train::TrialResult& trial, double target) {
  for (std::size_t i = 2; i < trial.curve.size(); ++i) {
    const double a = trial.curve[i - 2].validation_accuracy, b = trial.curve[i - 1].validation_accuracy;
    const double c = trial.curve[i].validation_accuracy;
    const double median = std::max(std::min(a, b), std::min(std::max(a, b), c));
    if (median >= target) return trial.curve[i].step;
  }
  return std::nullopt;
}

TimeToTarget time_to_target(std::span<const std::optional<std::int64_t>> times, std::int64_t budget) {
  TimeToTarget result;
  std::vector<double> reached;
  double sum = 0.0;
  for (const auto& time : times) {
    if (time && *time <= budget) {
      reached.push_back(static_cast<double>(*time));
      sum += reached.back();
    } else {
      ++result.censored;
      sum += static_cast<double>(budget);
    }
  }
  result.reached = static_cast<std::int64_t>(reached.size());
  const std::size_t n = times.size();
  result.restricted_mean_steps = n == 0 ? kNaN : sum / static_cast<double>(n);
  // With fewer than half censored both middle values lie among those that reached the target.
  if (2 * reached.size() > n) {
    std::sort(reached.begin(), reached.end());
    result.median_steps = 0.5 * (reached[(n - 1) / 2] + reached[n / 2]);
  }
  return result;
}

}  // namespace fanin::compare
