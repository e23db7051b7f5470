#include "fanin/init/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "fanin/init/aliases.h"
#include "fanin/init/schemes.h"
#include "init/fill.h"
#include "init/policy.h"
#include "init/rows/rows.h"
#include "init/source_weights.h"

namespace fanin::init {
namespace {

bool is_policy(const Spec& scheme) {
  return find_scheme(scheme.name).name == "policy";
}

bool reads_file(const Spec& scheme) {
  return rows::reads_file(find_scheme(scheme.name).name);
}

/// The scheme that this one starts from ("lsuv:base=policy:file=..."), where it has one.
std::optional<Spec> base_of(const Spec& scheme) {
  const SchemeInfo& info = find_scheme(scheme.name);
  if (std::ranges::find(info.options, "base", &OptionInfo::key) == info.options.end()) return std::nullopt;
  const Options options(resolve_alias(scheme), info.options, fmt::format("scheme '{}'", info.name));
  return parse_spec(options.text("base"));
}

}  // namespace

SchemeFiles::SchemeFiles(const Spec& scheme) : SchemeFiles(std::span(&scheme, 1)) {}

SchemeFiles::SchemeFiles(std::span<const Spec> schemes) {
  for (const Spec& scheme : schemes) {
    if (!reads_file(scheme)) {
      if (const std::optional<Spec> base = base_of(scheme)) {
        const std::vector<std::shared_ptr<const void>> more = SchemeFiles(*base).held_;
        held_.insert(held_.end(), more.begin(), more.end());
      }
      continue;
    }
    if (is_policy(scheme)) {
      held_.push_back(policy_of(scheme));
    } else {
      held_.push_back(source_weights(scheme));
    }
  }
}

std::string contents_checksum(const Spec& scheme) {
  if (!reads_file(scheme)) {
    const std::optional<Spec> base = base_of(scheme);
    return base ? contents_checksum(*base) : "";
  }
  return is_policy(scheme) ? policy_of(scheme)->checksum : source_weights(scheme)->checksum;
}

std::vector<std::string> scheme_warnings(const model::Graph& graph, const Spec& scheme) {
  std::vector<std::string> warnings;
  if (!is_policy(scheme)) {
    const std::optional<Spec> base = base_of(scheme);
    return base ? scheme_warnings(graph, *base) : warnings;
  }
  const std::shared_ptr<const Policy> policy = policy_of(scheme);
  std::vector<bool> matched(policy->rules.size()), reached(policy->rules.size());
  for (const model::Parameter& parameter : graph.parameters()) {
    bool decided = false;
    for (std::size_t i = 0; i < policy->rules.size(); ++i) {
      const PolicyRule& rule = policy->rules[i];
      if (!rule.matches(parameter.name, parameter.role)) continue;
      if (rule.open() && parameter.role != model::Role::weight && !has_rule_for_others(rule.scheme)) continue;
      matched[i] = true;
      if (!decided) reached[i] = true;
      // An open line may leave a parameter that is no weight to the next ones.
      decided = decided || !rule.open() || parameter.role == model::Role::weight;
    }
  }
  for (std::size_t i = 0; i < policy->rules.size(); ++i) {
    if (reached[i]) continue;
    warnings.push_back(fmt::format("{}: {}", policy->place(policy->rules[i]),
                                   matched[i] ? std::string("lines before it decide all that it matches")
                                              : fmt::format("matches no parameter of {}", graph.name())));
  }
  return warnings;
}

}  // namespace fanin::init
