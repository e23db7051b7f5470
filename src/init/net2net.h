// Net2Net (Chen, Goodfellow & Shlens, ICLR 2016): a larger network that computes what a smaller one does.
#pragma once
#include <memory>

#include "init/network_plan.h"

namespace fanin::init {

std::unique_ptr<NetworkPlan> net2wider_plan(const model::Graph& graph, const Spec& scheme, std::uint64_t seed);
std::unique_ptr<NetworkPlan> net2deeper_plan(const model::Graph& graph, const Spec& scheme, std::uint64_t seed);

}  // namespace fanin::init
