#include "init/source_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/base/hash.h"
#include "fanin/base/nearest.h"
#include "fanin/formats/safetensors.h"
#include "init/fill.h"
#include "init/held_files.h"
#include "init/rows/rows.h"

namespace fanin::init {
namespace {

SourceWeights read_weights(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  SourceWeights weights{path, fmt::format("{:016x}", hash_bytes(bytes)), {}};
  for (NamedTensor& named : formats::parse_weights(bytes, path))
    weights.tensors.emplace(std::move(named.name), std::move(named.tensor));
  return weights;
}

/// The text that the pattern's one '*' stands for ("" where it has none); nothing where it does not match.
std::optional<std::string_view> star_of(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos) return pattern == name ? std::optional<std::string_view>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (name.size() < before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after))
    return std::nullopt;
  return name.substr(before.size(), name.size() - before.size() - after.size());
}

std::pair<std::string_view, std::string_view> split_name(std::string_view parameter) {
  const std::size_t dot = parameter.rfind('.');
  if (dot == parameter.npos) return {parameter, ""};
  return {parameter.substr(0, dot), parameter.substr(dot)};
}

}  // namespace

std::shared_ptr<const SourceWeights> source_weights(const std::string& path) {
  static HeldFiles<SourceWeights> held;
  return held.get(path, read_weights);
}

std::shared_ptr<const SourceWeights> source_weights(const Spec& scheme) {
  return source_weights(rows::file_option(scheme));
}

LayerMap::LayerMap(std::string_view text, std::string_view scheme) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('+'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = pair.find(':');
    const auto stars = [](std::string_view side) { return std::ranges::count(side, '*'); };
    const std::string_view target = pair.substr(0, colon);
    const std::string_view source = colon == pair.npos ? "" : pair.substr(colon + 1);
    const bool fits = stars(target) <= 1 && (stars(source) == stars(target) || source == "new");
    if (target.empty() || source.empty() || !fits)
      throw Error(
          fmt::format("option 'map' of scheme '{}' has '{}'; expected TARGET:SOURCE, layers of the network and of the "
                      "file with at most one '*' each, or TARGET:new",
                      scheme, pair));
    pairs_.emplace_back(target, source);
  }
}

std::optional<std::string> LayerMap::source_of(std::string_view layer) const {
  for (const auto& [target, source] : pairs_) {
    const std::optional<std::string_view> star = star_of(target, layer);
    if (!star) continue;
    if (source == "new") return std::nullopt;
    const std::size_t at = source.find('*');
    if (at == source.npos) return source;
    return fmt::format("{}{}{}", source.substr(0, at), *star, source.substr(at + 1));
  }
  return std::string(layer);
}

SourceReader::SourceReader(const Options& options, std::string_view scheme)
    : scheme_(scheme),
      weights_(source_weights(rows::file_option(options, scheme))),
      map_(options.text("map"), scheme) {}

void SourceReader::refuse(std::string_view what) const {
  throw Error(fmt::format("scheme '{}': {}: {}", scheme_, weights_->path, what));
}

std::optional<std::string> SourceReader::name_of(std::string_view parameter) const {
  const auto [layer, last] = split_name(parameter);
  const std::optional<std::string> source = map_.source_of(layer);
  if (!source) return std::nullopt;
  return *source + std::string(last);
}

const Tensor* SourceReader::find(std::string_view parameter) const {
  const std::optional<std::string> name = name_of(parameter);
  if (!name) return nullptr;
  const auto found = weights_->tensors.find(*name);
  if (found == weights_->tensors.end()) return nullptr;
  const std::vector<float>& values = found->second.values;
  const auto bad = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad != values.end())
    refuse(fmt::format("'{}' holds {} at element {}; expected finite weights", *name, *bad, bad - values.begin()));
  return &found->second;
}

const Tensor& SourceReader::require(std::string_view parameter) const {
  if (const Tensor* tensor = find(parameter)) return *tensor;
  const std::optional<std::string> name = name_of(parameter);
  if (!name) refuse(fmt::format("option map calls the layer of '{}' new, which this scheme cannot fill", parameter));
  std::vector<std::string> known;
  for (const auto& [key, tensor] : weights_->tensors) known.push_back(key);
  const std::string near = nearest_name(*name, known);
  refuse(
      fmt::format("no tensor '{}'{}; expected one for each parameter of the network (option map: layers of other "
                  "names)",
                  *name, near.empty() ? "" : fmt::format(" (the nearest is '{}')", near)));
}

void SourceReader::require_no_more(const model::Graph& graph) const {
  std::set<std::string> taken;
  for (const model::Parameter& parameter : graph.parameters())
    if (const std::optional<std::string> name = name_of(parameter.name)) taken.insert(*name);
  for (const auto& [name, tensor] : weights_->tensors) {
    if (taken.contains(name) || name.ends_with(".num_batches_tracked")) continue;  // PyTorch's counter is no weight
    refuse(
        fmt::format("'{}' is taken by no layer of the network; expected a network that has all layers of the file "
                    "(option map: layers of other names)",
                    name));
  }
}

std::optional<Applied> fill_by_base(const WeightContext& context, const Options& options, std::span<float> out) {
  const Spec base = parse_spec(options.text("base"));
  const SchemeInfo& info = find_scheme(base.name);
  if (rows::reads_file(info.name) || (info.needs != Needs::shape && info.needs != Needs::graph))
    throw Error(fmt::format("option 'base' is '{}'; expected a scheme that looks at one tensor or at the network alone",
                            base.text()));
  std::optional<FillReport> report;
  if (context.role == model::Role::weight) {
    report = fill(base, context, out);
  } else {
    report = fill_other(base, context, out);
  }
  if (!report) return std::nullopt;
  return Applied{report->target_std, report->gain};
}

}  // namespace fanin::init
