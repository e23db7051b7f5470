// The general rule behind Xavier, He and LeCun: a zero-mean distribution with standard deviation gain / sqrt(n).
#pragma once
#include <limits>
#include <span>
#include <string_view>

#include "fanin/init/law.h"
#include "fanin/init/schemes.h"
#include "fanin/init/tensors.h"
#include "init/fill.h"

namespace fanin::init {

/// "fan_in", "fan_out", "fan_avg" or "fan_geo_avg" (an option's choice, so already checked).
FanMode parse_fan_mode(std::string_view text);
/// "normal", "uniform", "truncated_normal" or "sign".
Distribution parse_distribution(std::string_view text);

/// The law of mean 0 and the given standard deviation. Where a fan gave it, `variance` is the square as the rule has
/// it.
Law centred_law(double std, Distribution distribution, double variance = std::numeric_limits<double>::quiet_NaN());

/// The law of standard deviation s = gain / sqrt(n). Throws Error when n is not positive or the parameter is no weight
/// with fans; `scheme` is named in the message.
Planned scaled_law(const WeightContext& context, std::string_view scheme, double gain, FanMode mode,
                   Distribution distribution);

/// The same, drawn from the parameter's own stream: for schemes that do so for some tensors and compute others. Return
/// the standard deviation. T is float or double.
template <class T>
double variance_scaling(const WeightContext& context, std::string_view scheme, double gain, FanMode mode,
                        Distribution distribution, std::span<T> out);

}  // namespace fanin::init
