// Policies: a text file whose lines say which scheme a parameter gets. docs/policies.md has the syntax.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/init/files.h"
#include "fanin/init/schemes.h"

namespace fanin::init {

struct PolicyRule {
  int line;  // from 1
  std::optional<model::Role> role;
  std::string pattern;  // of the parameter's name; "" matches any
  Spec scheme;

  bool matches(std::string_view name, model::Role of) const;
  /// Whether it speaks of weights, and of other parameters only as far as its scheme has a rule for them: a pattern
  /// that ends in '*' and no role. Other lines fill whatever they match.
  bool open() const { return !role && pattern.ends_with('*'); }
};

struct Policy {
  std::string path;  // as given: the start of its errors
  std::vector<PolicyRule> rules;
  SchemeFiles files;     // of its lines' schemes
  std::string checksum;  // see contents_checksum

  std::string place(const PolicyRule& rule) const;  // "my.policy:3"

  /// How a line's scheme fills one parameter; nothing where an open line has no rule for it.
  using Fill = std::function<std::optional<FillReport>(const PolicyRule& rule)>;
  /// The first line that matches and fills. Nothing where the parameter keeps its usual start. Throws Error naming the
  /// line where its scheme does not apply, and where no line matches a weight.
  std::optional<FillReport> apply(const WeightContext& context, const Fill& fill) const;
};

/// Whether `name` is matched by `pattern`, in which '*' stands for any characters and '?' for one.
bool matches_pattern(std::string_view pattern, std::string_view name);

/// Parses a policy. Relative paths in its schemes' options `file` count from the policy's own folder. Throws Error
/// naming path, line and what was expected.
Policy parse_policy(std::string_view text, const std::string& path);

/// The policy of a spec `policy:file=...`, read once for all that hold it.
std::shared_ptr<const Policy> policy_of(const Spec& scheme);

/// Fills one tensor as the policy's lines say, the report with its line.
FillReport fill_by_policy(const Policy& policy, const WeightContext& context, std::span<float> out);

}  // namespace fanin::init
