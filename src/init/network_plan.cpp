#include "init/network_plan.h"

#include <map>
#include <string>
#include <utility>

#include "init/fill.h"
#include "init/net2net.h"
#include "init/policy.h"

namespace fanin::init {
namespace {

class PolicyPlan final : public NetworkPlan {
 public:
  PolicyPlan(const model::Graph& graph, const Spec& scheme, std::uint64_t seed)
      : graph_(graph), seed_(seed), policy_(policy_of(scheme)) {}

  std::optional<FillReport> fill(std::size_t parameter, const WeightContext& context, std::span<float> out) override {
    return policy_->apply(context, [&](const PolicyRule& rule) -> std::optional<FillReport> {
      if (NetworkPlan* plan = plan_of(rule)) return plan->fill(parameter, context, out);
      if (context.role == model::Role::weight) return init::fill(rule.scheme, context, out);
      if (rule.open() || has_rule_for_others(rule.scheme)) return fill_other(rule.scheme, context, out);
      return init::fill(rule.scheme, context, out);
    });
  }

 private:
  /// The plan of a line whose scheme is one for whole networks, made when it is first met.
  NetworkPlan* plan_of(const PolicyRule& rule) {
    const auto found = plans_.find(rule.line);
    if (found != plans_.end()) return found->second.get();
    return plans_.emplace(rule.line, network_plan(graph_, rule.scheme, seed_)).first->second.get();
  }

  const model::Graph& graph_;
  std::uint64_t seed_;
  std::shared_ptr<const Policy> policy_;
  std::map<int, std::unique_ptr<NetworkPlan>> plans_;
};

}  // namespace

std::unique_ptr<NetworkPlan> network_plan(const model::Graph& graph, const Spec& scheme, std::uint64_t seed) {
  const SchemeInfo& info = find_scheme(scheme.name);
  if (info.name == "policy") return std::make_unique<PolicyPlan>(graph, scheme, seed);
  if (info.name == "net2wider") return net2wider_plan(graph, scheme, seed);
  if (info.name == "net2deeper") return net2deeper_plan(graph, scheme, seed);
  return nullptr;
}

}  // namespace fanin::init
