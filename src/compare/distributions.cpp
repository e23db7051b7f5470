// Incomplete beta, Student's t and its noncentral form, by elementary means: a continued fraction, bisection, Simpson.
// They are called a few hundred times a report, so the plain and sure method is taken everywhere.
#include "compare/distributions.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "fanin/compare/statistics.h"

namespace fanin::compare {
namespace {

// The continued fraction of the incomplete beta function (DLMF 8.17.22) by the modified Lentz method; converges fast
// for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  double c = 1.0;
  double d = 1.0 - (a + b) * x / (a + 1.0);
  d = 1.0 / (std::abs(d) < tiny ? tiny : d);
  double fraction = d;
  for (int m = 1; m <= 500; ++m) {
    const double m2 = 2.0 * m;
    const double even = m * (b - m) * x / ((a + m2 - 1.0) * (a + m2));
    const double odd = -(a + m) * (a + b + m) * x / ((a + m2) * (a + m2 + 1.0));
    for (const double term : {even, odd}) {
      d = 1.0 + term * d;
      d = 1.0 / (std::abs(d) < tiny ? tiny : d);
      c = 1.0 + term / c;
      if (std::abs(c) < tiny) c = tiny;
      fraction *= c * d;
    }
    if (std::abs(c * d - 1.0) < 1e-16) break;
  }
  return fraction;
}

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

// Bisection of a monotone condition: the border between false (at low) and true (at high), to the last bit that
// differs.
template <typename Condition>
double bisect(double low, double high, Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    const double middle = low + 0.5 * (high - low);
    if (middle <= low || middle >= high) break;
    (condition(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
  if (!(x > 0.0)) return x <= 0.0 ? 0.0 : std::numeric_limits<double>::quiet_NaN();
  if (x >= 1.0) return 1.0;
  const double log_front = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  const double front = std::exp(log_front);
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
  return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

double inverse_incomplete_beta(double a, double b, double probability) {
  return bisect(0.0, 1.0, [&](double x) { return incomplete_beta(a, b, x) >= probability; });
}

double student_t_two_sided_p(double t, double df) {
  if (std::isnan(t)) return t;
  if (std::isinf(t)) return 0.0;
  return incomplete_beta(0.5 * df, 0.5, df / (df + t * t));
}

double student_t_quantile(double probability, double df) {
  if (probability == 0.5) return 0.0;
  const double tail = 2.0 * std::min(probability, 1.0 - probability);
  if (!(tail > 0.0)) return std::copysign(std::numeric_limits<double>::infinity(), probability - 0.5);
  double high = 1.0;
  while (student_t_two_sided_p(high, df) > tail && high < 1e300) high *= 2.0;
  const double t = bisect(0.0, high, [&](double value) { return student_t_two_sided_p(value, df) <= tail; });
  return probability < 0.5 ? -t : t;
}

double t_test_power(double delta, double df, double alpha) {
  const double critical = student_t_quantile(1.0 - 0.5 * alpha, df);
  // T = (Z + delta) / S with S^2 = chi^2_df / df: P(|T| > c) = E over S of Phi(delta - c S) + Phi(-delta - c S),
  // by Simpson over ten standard deviations of S around its mean near 1.
  const double spread = 10.0 / std::sqrt(2.0 * df);
  const double low = std::max(0.0, 1.0 - spread), high = 1.0 + spread;
  const double log_scale = std::log(2.0) + 0.5 * df * std::log(0.5 * df) - std::lgamma(0.5 * df);
  const auto integrand = [&](double s) {
    if (s <= 0.0 && df > 1.0) return 0.0;
    const double log_density = log_scale + (df > 1.0 ? (df - 1.0) * std::log(s) : 0.0) - 0.5 * df * s * s;
    return std::exp(log_density) * (normal_cdf(delta - critical * s) + normal_cdf(-delta - critical * s));
  };
  constexpr int intervals = 800;
  const double width = (high - low) / intervals;
  double sum = integrand(low) + integrand(high);
  for (int i = 1; i < intervals; ++i) sum += (i % 2 == 1 ? 4.0 : 2.0) * integrand(low + i * width);
  return sum * width / 3.0;
}

}  // namespace fanin::compare
