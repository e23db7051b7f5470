// Reading policies: one line after the other, each mistake with its place.
#include "init/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/base/hash.h"
#include "fanin/base/nearest.h"
#include "fanin/init/aliases.h"
#include "fanin/init/effects.h"
#include "init/fill.h"
#include "init/held_files.h"
#include "init/rows/rows.h"

namespace fanin::init {
namespace {

constexpr std::uint64_t most_bytes = 1 << 20;
constexpr std::size_t longest_line = 4096;
constexpr std::string_view role_prefix = "role:";
constexpr std::string_view expected_line = "expected '[role:ROLE] [PATTERN] SCHEME', as in 'layer1.* he_normal'";

constexpr auto roles = std::to_array<model::Role>(
    {model::Role::weight, model::Role::bias, model::Role::norm_scale, model::Role::norm_shift,
     model::Role::residual_scale, model::Role::running_mean, model::Role::running_var, model::Role::slope});

[[noreturn]] void refuse(const std::string& path, int line, std::string_view what) {
  throw Error(fmt::format("{}:{}: {}", path, line, what));
}

model::Role parse_role(std::string_view text) {
  std::vector<std::string> known;
  for (const model::Role role : roles) {
    if (model::role_name(role) == text) return role;
    known.emplace_back(model::role_name(role));
  }
  throw Error(unknown_name_message("role", text, known));
}

/// The words between blanks; a word that starts with '#' ends the line.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == line.npos || line[start] == '#') return words;
    line.remove_prefix(start);
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

void check_characters(std::string_view line) {
  if (line.size() > longest_line)
    throw Error(fmt::format("the line has {} bytes; expected at most {}", line.size(), longest_line));
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto code = static_cast<unsigned char>(line[i]);
    if ((code < 0x20 && code != '\t') || code == 0x7f)
      throw Error(fmt::format("byte {:#04x} at column {}; expected text", code, i + 1));
  }
}

void check_scheme(const Spec& scheme) {
  const SchemeInfo& info = find_scheme(scheme.name);
  const Options checked(resolve_alias(scheme), info.options, fmt::format("scheme '{}'", info.name));
  if (changes_network(scheme))
    throw Error(fmt::format("scheme '{}' changes the network, which a line of a policy cannot; expected another scheme",
                            info.name));
  if (info.name == "policy") throw Error("a policy cannot name a policy; expected another scheme");
  if (info.needs != Needs::shape && info.needs != Needs::graph)
    throw Error(
        fmt::format("scheme '{}' needs {}, which a policy does not give it; expected a scheme that looks at one "
                    "tensor or at the network alone",
                    info.name, needs_name(info.needs)));
}

/// A relative `file` of a line's scheme counts from the policy's folder.
void resolve_file(Spec& scheme, const std::filesystem::path& folder) {
  if (!rows::reads_file(find_scheme(scheme.name).name)) return;
  for (auto& [key, value] : scheme.options)
    if (key == "file" && !value.empty()) value = (folder / value).string();
}

PolicyRule parse_rule(const std::vector<std::string_view>& words, int line, const std::filesystem::path& folder) {
  PolicyRule rule{line, {}, {}, {}};
  if (words.size() < 2) throw Error(fmt::format("'{}' alone; {}", words[0], expected_line));
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.starts_with(role_prefix)) {
      if (rule.role) throw Error(fmt::format("a second role, '{}'; {}", word, expected_line));
      rule.role = parse_role(word.substr(role_prefix.size()));
    } else {
      if (!rule.pattern.empty())
        throw Error(fmt::format("'{}' after the pattern '{}'; {}", word, rule.pattern, expected_line));
      rule.pattern = word;
    }
  }
  if (words.back().starts_with(role_prefix))
    throw Error(fmt::format("'{}' where a scheme was expected; {}", words.back(), expected_line));
  rule.scheme = parse_spec(words.back());
  check_scheme(rule.scheme);
  resolve_file(rule.scheme, folder);
  return rule;
}

std::string checksum_of(const Policy& policy) {
  std::string text;
  for (const PolicyRule& rule : policy.rules)
    text += fmt::format("{} {} {} {}\n", rule.role ? model::role_name(*rule.role) : "", rule.pattern,
                        rule.scheme.text(), contents_checksum(rule.scheme));
  return fmt::format("{:016x}", hash_text(text));
}

Policy read_policy(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path, most_bytes);
  return parse_policy({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view name) {
  // The last '*' is the only one to go back to: what it took before was the shortest that works.
  std::size_t p = 0, n = 0, star = pattern.npos, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

bool PolicyRule::matches(std::string_view name, model::Role of) const {
  return (!role || *role == of) && (pattern.empty() || matches_pattern(pattern, name));
}

std::string Policy::place(const PolicyRule& rule) const {
  return fmt::format("{}:{}", path, rule.line);
}

Policy parse_policy(std::string_view text, const std::string& path) {
  Policy policy{path, {}, {}, {}};
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // the mark that some editors put before UTF-8
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.ends_with('\r')) content.remove_suffix(1);
    try {
      check_characters(content);
      const std::vector<std::string_view> words = words_of(content);
      if (words.empty()) continue;
      policy.rules.push_back(parse_rule(words, line, folder));
    } catch (const Error& error) {
      refuse(path, line, error.what());
    }
  }
  if (policy.rules.empty()) throw Error(fmt::format("{}: no line names a scheme; {}", path, expected_line));
  std::vector<Spec> schemes;
  for (const PolicyRule& rule : policy.rules) {
    schemes.push_back(rule.scheme);
    try {
      policy.files = SchemeFiles(schemes);  // of all lines so far: the earlier ones are held already
    } catch (const Error& error) {
      refuse(path, rule.line, error.what());
    }
  }
  policy.checksum = checksum_of(policy);
  return policy;
}

std::shared_ptr<const Policy> policy_of(const Spec& scheme) {
  static HeldFiles<Policy> held;
  return held.get(rows::file_option(scheme), read_policy);
}

std::optional<FillReport> Policy::apply(const WeightContext& context, const Fill& fill) const {
  for (const PolicyRule& rule : rules) {
    if (!rule.matches(context.name, context.role)) continue;
    try {
      std::optional<FillReport> report = fill(rule);
      if (report) {
        report->rule = place(rule);
        return report;
      }
    } catch (const Error& error) {
      refuse(path, rule.line, error.what());
    }
    if (!rule.open()) return std::nullopt;
  }
  if (context.role == model::Role::weight)
    throw Error(
        fmt::format("{}: no line matches the weight '{}'; expected a last line for all others, as in '* he_normal'",
                    path, context.name));
  return std::nullopt;
}

FillReport fill_by_policy(const Policy& policy, const WeightContext& context, std::span<float> out) {
  std::optional<FillReport> report = policy.apply(context, [&](const PolicyRule& rule) {
    return std::optional<FillReport>(init::fill(rule.scheme, context, out));
  });
  if (!report)
    throw Error(
        fmt::format("{}: no line matches the {} '{}'", policy.path, model::role_name(context.role), context.name));
  return *std::move(report);
}

}  // namespace fanin::init
