// The standard deviation that is left of a normal after truncation.
#pragma once

namespace fanin::init {

/// The standard deviation of N(0, 1) given a <= Z <= b, a < b; 0.87962566... at +-2.
double truncated_std(double a, double b);
/// Its mean: (phi(a) - phi(b)) / P(a < Z < b).
double truncated_mean(double a, double b);

}  // namespace fanin::init
