// The rows of the table of schemes by family; scheme_table.cpp joins them.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "fanin/init/schemes.h"

namespace fanin::init::rows {

constexpr double limit = 1e30;  // keeps every value a finite float

constexpr std::string_view gain_summary =
    "factor on the standard deviation: a number above 0 up to 1e30, or auto for the gain of the activation that "
    "follows";
constexpr std::string_view mode_summary =
    "which pass keeps its second moment: fan_in the forward, fan_out the backward, with that pass's gain; fan_avg a "
    "compromise, with the forward gain";

constexpr OptionInfo padding_option = {"padding",
                                       OptionKind::choice,
                                       "ignore",
                                       0,
                                       0,
                                       "ignore|aware",
                                       "aware: make up for what zero padding takes from the signal in each layer"};
constexpr OptionInfo pooling_option = {"pooling",
                                       OptionKind::choice,
                                       "ignore",
                                       0,
                                       0,
                                       "ignore|aware",
                                       "aware: make up for what max-pooling adds behind a layer if pixels are "
                                       "independent, the most it can add (3.09 times "
                                       "the second moment for 2x2 behind ReLU, 5.13 for 3x3)"};

std::span<const SchemeInfo> structured();  // orthogonal, deterministic and filter schemes
std::span<const SchemeInfo> network();     // schemes that look at the graph
std::span<const SchemeInfo> measured();    // schemes that run the network: functions in src/adapt/
std::span<const SchemeInfo> presets();     // defaults of other frameworks
std::span<const SchemeInfo> imported();    // schemes that read a file

/// Whether the scheme of that table name is one of imported().
bool reads_file(std::string_view scheme);
/// Its option `file`. Throws Error where it is not given.
std::string file_option(const Options& options, std::string_view scheme);
std::string file_option(const Spec& scheme);

}  // namespace fanin::init::rows
