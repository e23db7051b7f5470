// The distribution functions behind the intervals and tests, beyond those that statistics.h shows.
#pragma once
#include <cstdint>

namespace fanin::compare {

/// x in [0, 1] with I_x(a, b) = probability, to double precision.
double inverse_incomplete_beta(double a, double b, double probability);

/// Power of the two-sided t-test at level `alpha` with `df` degrees of freedom when the statistic is noncentral t with
/// noncentrality `delta` >= 0.
double t_test_power(double delta, double df, double alpha);

}  // namespace fanin::compare
