// What a fill computes once for a call: bounds, thresholds, slopes. docs/random.md, "Truncated normal".
#pragma once
#include "random/transform.h"
#include "random/transform_double.h"

namespace fanin::random {

/// Throws Error unless low <= high. `last` is the largest value below the open upper bound.
UniformPlan plan_uniform(float low, float high, float last);
UniformPlanDouble plan_uniform(double low, double high);
/// Throws Error unless std > 0, low < high and the interval comes within 10 standard deviations of the mean.
TruncatedPlan plan_truncated(float mean, float std, float low, float high);
TruncatedPlanDouble plan_truncated(double mean, double std, double low, double high);

}  // namespace fanin::random
