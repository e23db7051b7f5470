// Schemes that decide all parameters of a network together: policies and Net2Net.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "fanin/init/schemes.h"

namespace fanin::init {

class NetworkPlan {
 public:
  NetworkPlan() = default;
  NetworkPlan(const NetworkPlan&) = delete;
  NetworkPlan& operator=(const NetworkPlan&) = delete;
  virtual ~NetworkPlan() = default;
  /// Fills the graph's parameter of that index; nothing where it keeps its usual start.
  virtual std::optional<FillReport> fill(std::size_t parameter, const WeightContext& context, std::span<float> out) = 0;
};

/// nullptr where the scheme fills parameter by parameter. Throws Error where the network does not suit the scheme. The
/// plan refers to the graph.
std::unique_ptr<NetworkPlan> network_plan(const model::Graph& graph, const Spec& scheme, std::uint64_t seed);

}  // namespace fanin::init
