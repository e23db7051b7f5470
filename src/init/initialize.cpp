// The initial state of a whole network: the scheme on the weights, the fixed start on everything else.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "fanin/base/error.h"
#include "fanin/init/files.h"
#include "fanin/init/schemes.h"
#include "fanin/init/source.h"
#include "init/fill.h"
#include "init/network_plan.h"
#include "random/threads.h"

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

namespace {

/// Calls work(i) for every source, on the threads that a FillThreads allows. Small tensors with a law go side by side,
/// the large ones first. A tensor that is a good part of its thread's share would make the others wait, and one without
/// a law may share its plan with others: these come one after the other, and fill on several threads themselves.
void in_turns(std::span<const Source> all, const std::function<void(std::size_t)>& work) {
  std::uint64_t total = 0;
  for (const Source& source : all)
    if (source.law()) total += source.count();
  const auto threads = static_cast<std::size_t>(
      std::min<std::uint64_t>(static_cast<std::uint64_t>(random::fill_threads()), total / random::least_piece));
  std::vector<std::size_t> side_by_side;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (threads > 1 && all[i].law() && all[i].count() < total / threads / 4)
      side_by_side.push_back(i);
    else
      work(i);
  std::ranges::stable_sort(side_by_side, std::greater(), [&](std::size_t i) { return all[i].count(); });
  std::vector<std::exception_ptr> errors(side_by_side.size());
  random::in_turns(side_by_side.size(), threads, [&](std::size_t turn, std::size_t) {
    try {
      work(side_by_side[turn]);
    } catch (...) {
      errors[turn] = std::current_exception();
    }
  });
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

/// The whole tensor. Where one thread draws it block by block, what the new memory costs (its pages, and that a vector
/// begins as zeros), the draw and the measurement meet in the cache.
std::vector<float> drawn(const Source& source, Measured* measured) {
  const auto count = static_cast<std::size_t>(source.count());
  const std::size_t block = source.law() && random::fill_threads() == 1 ? std::size_t{1} << 14 : count;
  std::vector<float> values;
  values.reserve(count);
  while (values.size() < count) {
    const std::size_t first = values.size();
    values.resize(std::min(first + block, count));
    const std::span<float> added = std::span(values).subspan(first);
    source.fill(added, first);
    if (measured != nullptr) measured->add(std::span<const float>(added));
  }
  return values;
}

}  // namespace

template <class T>
void fill_all(std::span<const Source> sources, std::span<const std::span<T>> outs) {
  if (outs.size() != sources.size())
    throw Error(fmt::format("{} parameters have {} destinations; expected one for each", sources.size(), outs.size()));
  for (std::size_t i = 0; i < outs.size(); ++i)
    if (outs[i].size() != sources[i].count())
      throw Error(fmt::format("'{}' of shape {} has {} elements; the destination has {}", sources[i].name(),
                              to_string(sources[i].shape()), sources[i].count(), outs[i].size()));
  in_turns(sources, [&](std::size_t i) {
    sources[i].fill(outs[i], 0);
    sources[i].release();
  });
}
template void fill_all(std::span<const Source>, std::span<const std::span<float>>);
template void fill_all(std::span<const Source>, std::span<const std::span<double>>);
template void fill_all(std::span<const Source>, std::span<const std::span<bfloat16>>);
template void fill_all(std::span<const Source>, std::span<const std::span<half>>);

void for_each_parameter(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                        const std::function<void(NamedTensor tensor, std::optional<FillReport> report)>& take) {
  const SchemeFiles files(scheme);  // read once for all parameters
  std::vector<Source> all = sources(graph, scheme, seed);
  for (Source& entry : all) {
    const Source source = std::move(entry);  // so that what it keeps goes with it
    Measured measured;
    NamedTensor tensor{source.name(), {source.shape(), drawn(source, &measured)}};
    std::optional<FillReport> report;
    if (source.by_scheme()) report = source.report(measured);
    take(std::move(tensor), std::move(report));
  }
}

std::vector<NamedTensor> initialize(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                                    std::vector<FillReport>* reports) {
  const SchemeFiles files(scheme);  // read once for all parameters
  const std::vector<Source> all = sources(graph, scheme, seed);
  std::vector<NamedTensor> state(all.size());
  std::vector<std::optional<FillReport>> own(all.size());
  in_turns(all, [&](std::size_t i) {
    Measured measured;
    state[i] = {all[i].name(), {all[i].shape(), drawn(all[i], reports == nullptr ? nullptr : &measured)}};
    if (reports != nullptr && all[i].by_scheme()) own[i] = all[i].report(measured);
    all[i].release();
  });
  if (reports == nullptr) return state;
  for (std::optional<FillReport>& report : own)
    if (report) reports->push_back(std::move(*report));
  return state;
}

}  // namespace fanin::init
