// The general rule behind Xavier, He and LeCun: a zero-mean distribution with standard deviation gain / sqrt(n).
#pragma once
#include <span>
#include <string_view>

#include "fanin/init/schemes.h"

namespace fanin::init {

// n = fan_in, fan_out, (fan_in + fan_out) / 2, sqrt(fan_in fan_out)
enum class FanMode { in, out, average, geometric };
// All of mean 0 and standard deviation s: N(0, s^2); U[-s sqrt 3, s sqrt 3); a normal cut at two of its own standard
// deviations, which is s / 0.8796 before the cut; -s or s.
enum class Distribution { normal, uniform, truncated_normal, sign };

/// "fan_in", "fan_out", "fan_avg" or "fan_geo_avg" (an option's choice, so already checked).
FanMode parse_fan_mode(std::string_view text);
/// "normal", "uniform", "truncated_normal" or "sign".
Distribution parse_distribution(std::string_view text);

/// Fills with mean 0 and the given standard deviation from the parameter's own stream.
void fill_centred(const WeightContext& context, double std, Distribution distribution, std::span<float> out);

/// Fills with standard deviation s = gain / sqrt(n) and returns s. Throws Error when n is not
/// positive or the parameter is no weight with fans; `scheme` is named in the message.
double variance_scaling(const WeightContext& context, std::string_view scheme, double gain, FanMode mode,
                        Distribution distribution, std::span<float> out);

}  // namespace fanin::init
