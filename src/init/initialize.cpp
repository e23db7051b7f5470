// The initial state of a whole network: the scheme on the weights, the fixed start on everything else.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "fanin/init/files.h"
#include "fanin/init/schemes.h"
#include "init/fill.h"
#include "init/network_plan.h"

namespace fanin::init {
namespace {

WeightContext context_of(const model::Graph& graph, const model::Parameter& parameter, const Place& place,
                         std::uint64_t seed) {
  const model::Node& node = graph.node(parameter.node);
  WeightContext context;
  context.name = parameter.name;
  context.shape = parameter.shape;
  context.role = parameter.role;
  context.place = place;
  if (std::holds_alternative<model::Conv2d>(node.op) || std::holds_alternative<model::Linear>(node.op)) {
    context.fans = model::fans(graph, node);
    context.layer_shape = graph.parameter(node.parameters.at(0)).shape;
  }
  if (const auto* conv = std::get_if<model::Conv2d>(&node.op)) context.groups = conv->groups;
  context.activation = model::following_activation(graph, node);
  context.seed = seed;
  return context;
}

/// What a parameter that is no weight starts with.
float fixed_start(const model::Graph& graph, const model::Parameter& parameter) {
  switch (parameter.role) {
    case model::Role::norm_scale:
    case model::Role::running_var:
      return 1.0f;
    case model::Role::residual_scale:
      return static_cast<float>(std::get<model::Scale>(graph.node(parameter.node).op).initial);
    case model::Role::slope:
      return static_cast<float>(std::get<model::PReLU>(graph.node(parameter.node).op).initial);
    default:
      return 0.0f;
  }
}

}  // namespace

void for_each_parameter(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                        const std::function<void(NamedTensor tensor, std::optional<FillReport> report)>& take) {
  const SchemeFiles files(scheme);  // read once for all parameters
  const std::unique_ptr<NetworkPlan> plan = network_plan(graph, scheme, seed);
  const std::vector<Place> where = places(graph);
  std::size_t index = 0;
  for (const model::Parameter& parameter : graph.parameters()) {
    const auto count = static_cast<std::size_t>(element_count(parameter.shape));
    NamedTensor entry{parameter.name, {parameter.shape, std::vector<float>(count)}};
    const WeightContext context = context_of(graph, parameter, where[static_cast<std::size_t>(parameter.node)], seed);
    std::optional<FillReport> report;
    if (plan != nullptr) {
      report = plan->fill(index, context, entry.tensor.values);
    } else if (parameter.role == model::Role::weight) {
      report = fill(scheme, context, entry.tensor.values);
    } else {
      report = fill_other(scheme, context, entry.tensor.values);
    }
    if (!report) std::ranges::fill(entry.tensor.values, fixed_start(graph, parameter));
    ++index;
    take(std::move(entry), std::move(report));
  }
}

std::vector<NamedTensor> initialize(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                                    std::vector<FillReport>* reports) {
  std::vector<NamedTensor> state;
  state.reserve(graph.parameters().size());
  for_each_parameter(graph, scheme, seed, [&](NamedTensor tensor, std::optional<FillReport> report) {
    state.push_back(std::move(tensor));
    if (report && reports != nullptr) reports->push_back(std::move(*report));
  });
  return state;
}

}  // namespace fanin::init
