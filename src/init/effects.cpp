// What schemes change besides starting values, and gains corrected for padding and pooling.
#include "fanin/init/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <optional>

#include "fanin/base/error.h"
#include "init/fill.h"
#include "init/policy.h"
#include "init/schemes/effects.h"

namespace fanin::init {
namespace {

/// The factor on a trainable parameter's learning rate, above 0 and finite.
using RateFunction = double (*)(const WeightContext& context, const Options& options, UpdateRule rule);

/// The network with what the scheme changes in it; the same again for what it gave.
using PrepareFunction = model::Graph (*)(const model::Graph& graph, const Options& options);

struct Effects {
  std::string_view name;  // as in scheme_table(), whose row says it in words (`also`)
  RateFunction rates = nullptr;
  PrepareFunction prepare = nullptr;
};

constexpr auto table = std::to_array<Effects>({
    {"fixup", schemes::fixup_rates},
    {"mup", schemes::mup_rates},
    {"tat", nullptr, schemes::tat_prepare},
});

struct Found {
  Effects effects;  // all nullptr for a scheme without
  std::optional<Options> options;
};

Found find(const Spec& scheme) {
  const SchemeInfo& info = find_scheme(scheme.name);
  const auto options = [&] { return Options(scheme, info.options, fmt::format("scheme '{}'", info.name)); };
  // A scheme that starts from another one has what that one changes.
  if (std::ranges::find(info.options, "base", &OptionInfo::key) != info.options.end())
    return find(parse_spec(options().text("base")));
  const auto row = std::ranges::find(table, info.name, &Effects::name);
  if (row == table.end()) return {};
  return {*row, options()};
}

/// What decides the rate of one parameter: under a policy the first line that matches it and either has rates or fills
/// it, in which case it has what that line's scheme has.
Found find_for(const Policy& policy, const model::Parameter& parameter) {
  for (const PolicyRule& rule : policy.rules) {
    if (!rule.matches(parameter.name, parameter.role)) continue;
    Found found = find(rule.scheme);
    if (found.effects.rates != nullptr) return found;
    if (!rule.open() || parameter.role == model::Role::weight) break;
  }
  return {};
}

/// "conv1.weight, conv1.bias and 12 more".
std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t told = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(told, names.size()); ++i) text += (i > 0 ? ", " : "") + names[i];
  return names.size() > told ? fmt::format("{} and {} more", text, names.size() - told) : text;
}

}  // namespace

bool changes_network(const Spec& scheme) {
  return find(scheme).effects.prepare != nullptr;
}

model::Graph prepare(const model::Graph& graph, const Spec& scheme) {
  const Found found = find(scheme);
  return found.effects.prepare != nullptr ? found.effects.prepare(graph, *found.options) : graph;
}

void require_prepared(const model::Graph& graph, const Spec& scheme) {
  const Found found = find(scheme);
  if (found.effects.prepare == nullptr) return;
  const model::Graph wanted = found.effects.prepare(graph, *found.options);
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const std::string has = model::describe(graph.nodes()[i].op), needs = model::describe(wanted.nodes()[i].op);
    if (has != needs)
      throw Error(fmt::format("scheme '{}' changes the network: '{}' is {}; expected {} (prepare() makes it so)",
                              scheme.name, graph.nodes()[i].name, has, needs));
  }
}

std::vector<double> learning_rate_factors(const model::Graph& graph, const Spec& scheme, UpdateRule rule) {
  std::vector<double> factors(graph.parameters().size(), 1.0);
  const std::shared_ptr<const Policy> policy = scheme.name == "policy" ? policy_of(scheme) : nullptr;
  const Found whole = policy != nullptr ? Found{} : find(scheme);
  if (policy == nullptr && whole.effects.rates == nullptr) return factors;
  const std::vector<Place> where = places(graph);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const model::Parameter& parameter = graph.parameters()[i];
    if (!model::is_trainable(parameter.role)) continue;
    const Found found = policy != nullptr ? find_for(*policy, parameter) : whole;
    if (found.effects.rates == nullptr) continue;
    factors[i] = found.effects.rates(
        parameter_context(graph, parameter, where[static_cast<std::size_t>(parameter.node)], 0), *found.options, rule);
  }
  return factors;
}

std::string describe_learning_rates(const model::Graph& graph, const Spec& scheme) {
  std::string text;
  for (const auto& [rule, optimizers] :
       {std::pair{UpdateRule::proportional, "sgd"}, std::pair{UpdateRule::adaptive, "adam, adamw and rmsprop"}}) {
    std::map<double, std::vector<std::string>> by_factor;
    const std::vector<double> factors = learning_rate_factors(graph, scheme, rule);
    for (std::size_t i = 0; i < factors.size(); ++i)
      if (factors[i] != 1) by_factor[factors[i]].push_back(graph.parameters()[i].name);
    for (const auto& [factor, names] : by_factor)
      text += fmt::format("learning rate x {:.6g} under {}: {}\n", factor, optimizers, list_of(names));
  }
  return text;
}

double corrected_gain(const WeightContext& context, const Options& options, std::string_view scheme, FanMode mode) {
  double gain = gain_option(context, options, scheme, mode);
  if (options.text("padding") == "aware") gain /= std::sqrt(context.place.border);
  if (options.text("pooling") == "aware") gain /= std::sqrt(context.place.pooling);
  return gain;
}

}  // namespace fanin::init
