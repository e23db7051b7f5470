// The general rule behind Xavier, He and LeCun: a zero-mean distribution with standard deviation gain / sqrt(n).
#pragma once
#include <span>
#include <string_view>

#include "fanin/init/schemes.h"

namespace fanin::init {

enum class FanMode { in, out, average };  // n = fan_in, fan_out, (fan_in + fan_out) / 2
enum class Distribution { normal, uniform };

/// "fan_in", "fan_out" or "fan_avg" (an option's choice, so already checked).
FanMode parse_fan_mode(std::string_view text);

/// Fills with N(0, s^2) or U[-s sqrt 3, s sqrt 3), s = gain / sqrt(n), and returns s. Throws Error when n is not
/// positive or the parameter is no weight with fans; `scheme` is named in the message.
double variance_scaling(const WeightContext& context, std::string_view scheme, double gain, FanMode mode,
                        Distribution distribution, std::span<float> out);

}  // namespace fanin::init
