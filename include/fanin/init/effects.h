// What some schemes change besides the starting values: the network's activations and the parameters' learning rates.
#pragma once
#include <string>
#include <vector>

#include "fanin/base/spec.h"
#include "fanin/model/graph.h"

namespace fanin::init {

/// Whether prepare() may change a network under this scheme.
bool changes_network(const Spec& scheme);

/// The network that the scheme's weights are for: the same graph, with other activations under schemes that change them
/// (tat). Doing it twice changes nothing more. Parameters keep their names and shapes. Throws Error where the scheme
/// does not apply.
model::Graph prepare(const model::Graph& graph, const Spec& scheme);

/// How an optimizer's step follows the gradient: sgd's is proportional to it, that of adam, adamw and rmsprop is not.
enum class UpdateRule { proportional, adaptive };

/// The factor on the learning rate of each parameter, in the graph's order (1 for what is not trained); all 1 under
/// schemes without learning rates of their own. Throws Error where the scheme does not apply.
std::vector<double> learning_rate_factors(const model::Graph& graph, const Spec& scheme, UpdateRule rule);

/// The factors in words, one line a factor and rule with the parameters that have it; empty where all are 1.
std::string describe_learning_rates(const model::Graph& graph, const Spec& scheme);

}  // namespace fanin::init
