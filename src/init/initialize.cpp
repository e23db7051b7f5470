// The initial state of a whole network: the scheme on the weights, the fixed start on everything else.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "fanin/init/files.h"
#include "fanin/init/schemes.h"
#include "fanin/init/source.h"
#include "init/fill.h"
#include "init/network_plan.h"

namespace fanin::init {

WeightContext parameter_context(const model::Graph& graph, const model::Parameter& parameter, const Place& place,
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

namespace {

/// What a parameter that is no weight starts with.
double fixed_start(const model::Graph& graph, const model::Parameter& parameter) {
  switch (parameter.role) {
    case model::Role::norm_scale:
    case model::Role::running_var:
      return 1.0;
    case model::Role::residual_scale:
      return std::get<model::Scale>(graph.node(parameter.node).op).initial;
    case model::Role::slope:
      return std::get<model::PReLU>(graph.node(parameter.node).op).initial;
    default:
      return 0.0;
  }
}

}  // namespace

std::vector<Source> sources(const model::Graph& graph, const Spec& scheme, std::uint64_t seed) {
  require_prepared(graph, scheme);
  const std::vector<Place> where = places(graph);
  /// A plan refers to its graph: both live as long as a source that asks them.
  struct Whole {
    model::Graph graph;
    SchemeFiles files;
    std::unique_ptr<NetworkPlan> plan;
  };
  const auto whole = std::make_shared<Whole>(Whole{graph, SchemeFiles(scheme), nullptr});
  whole->plan = network_plan(whole->graph, scheme, seed);
  std::vector<Source> result;
  result.reserve(graph.parameters().size());
  for (std::size_t index = 0; index < graph.parameters().size(); ++index) {
    const model::Parameter& parameter = graph.parameters()[index];
    const WeightContext context =
        parameter_context(graph, parameter, where[static_cast<std::size_t>(parameter.node)], seed);
    if (whole->plan != nullptr) {
      result.emplace_back(
          scheme, context,
          [whole, index](const WeightContext& own, std::span<float> out) { return whole->plan->fill(index, own, out); },
          fixed_start(graph, parameter));
    } else if (parameter.role == model::Role::weight) {
      result.emplace_back(scheme, context);
    } else {
      result.emplace_back(scheme, context, fixed_start(graph, parameter));
    }
  }
  return result;
}

void for_each_parameter(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                        const std::function<void(NamedTensor tensor, std::optional<FillReport> report)>& take) {
  const SchemeFiles files(scheme);  // read once for all parameters
  std::vector<Source> all = sources(graph, scheme, seed);
  for (Source& entry : all) {
    const Source source = std::move(entry);  // so that what it keeps goes with it
    NamedTensor tensor{source.name(), {source.shape(), std::vector<float>(static_cast<std::size_t>(source.count()))}};
    source.fill(std::span<float>(tensor.tensor.values), 0);
    std::optional<FillReport> report;
    if (source.by_scheme()) {
      Measured values;
      values.add(std::span<const float>(tensor.tensor.values));
      report = source.report(values);
    }
    take(std::move(tensor), std::move(report));
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
