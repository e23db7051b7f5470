// Initialization schemes: what a scheme is, the one table of them, and how a network is filled.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/base/spec.h"
#include "fanin/init/gains.h"
#include "fanin/model/graph.h"

namespace fanin::random::compat {
class ForeignStream;
}

namespace fanin::init {

/// Where a parameter's layer stands in its network. The defaults are those of a single tensor without a network.
struct Place {
  bool first = false;       // no weight layer before it: it reads the image
  bool last = false;        // no weight layer after it: it gives the logits
  int depth = 1;            // weight layers on the longest way through the network
  int blocks = 0;           // residual branches of the network
  int branch_layers = 0;    // weight layers of the residual branch that the layer is in; 0: it is in none
  int branch_position = 0;  // 1 for the branch's first weight layer
  bool branch_end = false;  // the branch's last weight layer, or a norm or scale behind that layer
  bool branch_norms = false, branch_scales = false;  // whether some branch of the network ends in a norm, has a scale
  bool channel_scales = false;                       // whether some branch has one scale a channel
  std::int64_t network_width = 0;                    // outputs of the network's first weight layer; 0: no network
  int depthwise_layers = 0;    // convolutions of the network with one input channel a group, and more groups than 1
  int depthwise_position = 0;  // 1 for the first of them; 0 for other layers
  double input_mean = 0,
         input_variance = 1;  // of what the layer reads, when every weight layer gives mean 0, variance 1
  double border = 1;   // the factor on the mean second moment by zero padding, of this layer and of Pad nodes before it
  double padded = 1;   // the part of it that the Pad nodes have
  double pooling = 1;  // the factor on it by max-pooling before the next weight layer, see pooling_factor()
};
/// One for each node of the graph. A branch is the side of an Add with more weight layers; the other is its shortcut.
std::vector<Place> places(const model::Graph& graph);

/// All that a scheme may look at when it fills one parameter.
struct WeightContext {
  std::string_view name;   // of the parameter: the random stream's name
  Shape shape;             // (O, I/groups, kH, kW) or (out, in); transposed: (I, O/groups, ...); else its own
  Shape layer_shape = {};  // of the layer's weight; empty for a norm or scale
  model::Role role;
  model::Fans fans;
  std::int64_t groups = 1;
  bool transposed = false;       // a transposed convolution's weight
  model::Activation activation;  // that follows the weight
  std::uint64_t seed = 0;
  Place place;
  /// Another framework's stream in place of Fanin's own; nullptr: Fanin's. Only schemes that say so look at it.
  random::compat::ForeignStream* stream = nullptr;
};

/// What a scheme looks at: one tensor and its layer, the network around it too, the network as it runs on a batch of
/// images, or the gradients of its loss. The last two are for adapt::initialize (fanin/adapt/initialize.h).
enum class Needs { shape, graph, batch, gradient };
std::string_view needs_name(Needs needs);

/// A row of the table: data and documentation only; src/init/fill.cpp, or src/adapt/initialize.cpp for schemes that run
/// the network, maps the name to its function.
struct SchemeInfo {
  std::string_view name;
  std::string_view aliases;  // "kaiming_normal"; space-separated
  std::string_view summary;  // one sentence
  std::string_view formula;
  std::string_view paper;
  std::string_view when;      // when to use it
  std::string_view when_not;  // when not
  std::span<const OptionInfo> options;
  Needs needs = Needs::shape;
  std::string_view proof = {};  // the test that shows its claim: "Suite.Name" in tests/
  std::string_view also = {};   // what it changes besides starting values (fanin/init/effects.h); one sentence
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
  std::string rule;                                    // the policy's line that decided, "my.policy:3"; else empty
  std::string law;                                     // "normal(0, 0.0589256)"; empty for a scheme that has none
  // Of the law; NaN without one, and the bounds infinite for a normal.
  double target_mean = std::numeric_limits<double>::quiet_NaN(),
         target_minimum = std::numeric_limits<double>::quiet_NaN(),
         target_maximum = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t count = 0;  // values measured
  std::uint64_t key = 0;    // of the parameter's random stream (docs/random.md)
};

/// Fills one tensor. Throws Error where the scheme does not apply ("orthogonal needs ..."), with the reason: also a
/// scheme that runs the network (Needs::batch, Needs::gradient).
FillReport fill(const Spec& scheme, const WeightContext& context, std::span<float> out);

/// The initial state of all parameters of a graph, in the graph's parameter order: `scheme` on convolution and linear
/// weights, biases 0, norm scale 1 and shift 0, running mean 0 and variance 1, Scale's own initial value, where the
/// scheme has no rule of its own for them. One report for each parameter that the scheme fills.
std::vector<NamedTensor> initialize(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                                    std::vector<FillReport>* reports = nullptr);

/// The same, one parameter after the other, so that no more than one is in memory: for files and shards. The report is
/// there where the scheme fills the parameter.
void for_each_parameter(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                        const std::function<void(NamedTensor tensor, std::optional<FillReport> report)>& take);

}  // namespace fanin::init
