// Initialization schemes: what a scheme is, the one table of them, and how a network is filled.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/base/spec.h"
#include "fanin/model/graph.h"

namespace fanin::init {

/// All that a scheme may look at when it fills one weight.
struct WeightContext {
  std::string_view name;  // of the parameter: the random stream's name
  Shape shape;            // (O, I/groups, kH, kW) or (out, in)
  model::Role role;
  model::Fans fans;
  std::int64_t groups = 1;
  model::Activation activation;  // that follows the weight
  std::uint64_t seed = 0;
};

/// A row of the table: data and documentation only; src/init/fill.cpp maps the name to its function.
struct SchemeInfo {
  std::string_view name;
  std::string_view aliases;  // "kaiming_normal"; space-separated
  std::string_view summary;  // one sentence
  std::string_view formula;
  std::string_view paper;
  std::string_view when;      // when to use it
  std::string_view when_not;  // when not
  std::span<const OptionInfo> options;
};
std::span<const SchemeInfo> scheme_table();
/// By name or alias, the program's own schemes too; throws Error with the nearest name.
const SchemeInfo& find_scheme(std::string_view name);

/// What a scheme's function used; fill() adds the measured numbers.
struct Applied {
  double target_std = std::numeric_limits<double>::quiet_NaN();  // NaN where the scheme has none
  double gain = 1;
};

/// A scheme of one's own: its row and its function. All texts are copied.
///
/// The function writes every value of `out` (element_count(context.shape) floats, logical order, finite), as a function
/// of its arguments alone: then trials stay reproducible. Random numbers come from
/// random::make_stream(context.seed, context.name, random::Purpose::initialize). It throws Error where the scheme does
/// not apply, and is called from several threads at once.
struct CustomScheme {
  std::string name;  // as in a spec: a lower-case letter, then lower-case letters, digits and '_'
  std::string summary, formula, paper, when, when_not;  // may be empty
  std::vector<OptionInfo> options;
  std::function<Applied(const WeightContext& context, const Options& options, std::span<float> out)> function;
};

/// From here on the name is a scheme like any other: for fill(), initialize(), train::Trial and
/// compare::run_comparison(). Safe beside all of them on other threads; a scheme stays until the process ends. Throws
/// Error on a name that is none or is taken, an option whose default its own row refuses, and an empty function.
/// A stored run knows a scheme by its name and options: give a changed function another name.
void register_scheme(CustomScheme scheme);
/// The schemes registered so far, in that order; the rows stay until the process ends.
std::vector<const SchemeInfo*> registered_schemes();

/// What a fill did: target and numbers used, for reports and `fanin explain`.
struct FillReport {
  std::string parameter, scheme;
  double fan_in = 0, fan_out = 0, gain = 1;
  double target_std = 0;                               // NaN where the scheme has none
  double mean = 0, std = 0, minimum = 0, maximum = 0;  // achieved
};

/// Fills one tensor. Throws Error where the scheme does not apply ("orthogonal needs ..."), with the reason.
FillReport fill(const Spec& scheme, const WeightContext& context, std::span<float> out);

/// The initial state of all parameters of a graph, in the graph's parameter order: `scheme` on convolution and linear
/// weights, biases 0, norm scale 1 and shift 0, running mean 0 and variance 1, Scale's own initial value.
std::vector<NamedTensor> initialize(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                                    std::vector<FillReport>* reports = nullptr);

/// The gain that keeps the forward second moment: 1 / sqrt(E f(z)^2), z ~ N(0, 1), by quadrature (relu: sqrt 2).
double forward_gain(const model::Activation& activation);

}  // namespace fanin::init
