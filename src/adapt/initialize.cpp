// From a scheme's name to its function: those of init/ fill parameter by parameter, those here run the network.
#include "fanin/adapt/initialize.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <variant>

#include "adapt/scheme.h"
#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/init/aliases.h"

namespace fanin::adapt {
namespace {

constexpr auto functions = std::to_array<SchemeEntry>({
    {"lsuv", true, schemes::lsuv},
    {"data_normal", true, schemes::data_normal, schemes::check_within_layer},
    {"pca", true, schemes::pca, schemes::check_within_layer},
    {"kmeans", true, schemes::kmeans, schemes::check_within_layer},
    {"patch_whitening", true, schemes::patch_whitening, schemes::check_patch_whitening},
    {"class_prior", true, schemes::class_prior, schemes::check_class_prior},
    {"metainit", false, schemes::metainit},
    {"gradinit", true, schemes::gradinit},
});

const SchemeEntry* find_function(std::string_view name) {
  const auto entry = std::ranges::find(functions, name, &SchemeEntry::name);
  return entry == functions.end() ? nullptr : &*entry;
}

init::FillReport report_of(const model::Graph& graph, const model::Parameter& parameter, const Spec& scheme,
                           const std::vector<float>& values) {
  init::FillReport report;
  report.parameter = parameter.name;
  report.scheme = scheme.text();
  report.target_std = std::numeric_limits<double>::quiet_NaN();
  double sum = 0, squares = 0, all = 0;
  for (const float value : values) sum += value;
  report.mean = sum / static_cast<double>(values.size());
  for (const float value : values) {
    squares += (value - report.mean) * (value - report.mean);
    all += static_cast<double>(value) * value;
  }
  report.std = std::sqrt(squares / static_cast<double>(values.size()));
  const auto [low, high] = std::ranges::minmax(values);
  report.minimum = low;
  report.maximum = high;
  const model::Node& node = graph.node(parameter.node);
  if (parameter.role == model::Role::weight && has_weight(node)) {
    const model::Fans fans = model::fans(graph, node);
    report.fan_in = fans.in;
    report.fan_out = fans.out;
    report.gain = std::sqrt(all / static_cast<double>(values.size()) * fans.in);
  }
  return report;
}

/// Weights, and all else that does not start as it does under every scheme.
std::vector<init::FillReport> reports_of(const model::Graph& graph, const Spec& scheme,
                                         const std::vector<NamedTensor>& state) {
  std::vector<init::FillReport> reports;
  for (std::size_t i = 0; i < state.size(); ++i) {
    const model::Parameter& parameter = graph.parameters()[i];
    const std::vector<float>& values = state[i].tensor.values;
    const bool zero = std::ranges::all_of(values, [](float value) { return value == 0; });
    if (parameter.role == model::Role::weight || (parameter.role == model::Role::bias && !zero))
      reports.push_back(report_of(graph, parameter, scheme, values));
  }
  return reports;
}

void require_images(const model::Graph& graph, const SchemeEntry& entry, const Samples& samples) {
  if (!entry.images) return;
  if (samples.size() == 0)
    throw Error(fmt::format(
        "scheme '{}' looks at images, but there are none; expected a data set (--data) or a batch of images",
        entry.name));
  Shape wanted = samples.take(0, 1).images.shape;
  wanted.erase(wanted.begin());
  if (wanted != graph.input_shape())
    throw Error(fmt::format("scheme '{}' is given images of {}; the network takes {}", entry.name, to_string(wanted),
                            to_string(graph.input_shape())));
}

/// The scheme's entry where it is one that runs the network; options and images are then known to be right.
const SchemeEntry* find_checked(const model::Graph& graph, const Spec& scheme, const Samples& samples) {
  const SchemeEntry* entry = find_function(init::find_scheme(scheme.name).name);
  if (entry != nullptr) require_images(graph, *entry, samples);
  return entry;
}

Options options_of(const Spec& scheme) {
  const init::SchemeInfo& info = init::find_scheme(scheme.name);
  return Options(init::resolve_alias(scheme), info.options, fmt::format("scheme '{}'", info.name));
}

Spec base_spec(const Task& task) {
  try {
    return parse_spec(task.options.text("base"));
  } catch (const Error& error) {
    throw Error(fmt::format("option 'base' of scheme '{}': {}", task.name, error.what()));
  }
}

}  // namespace

std::span<const SchemeEntry> scheme_functions() {
  return functions;
}

bool has_weight(const model::Node& node) {
  return std::holds_alternative<model::Conv2d>(node.op) || std::holds_alternative<model::Linear>(node.op);
}

std::vector<NamedTensor> base_state(const Task& task) {
  Report inner;
  std::vector<NamedTensor> state = initialize(task.graph, base_spec(task), task.seed, task.samples, task.stop, &inner);
  task.notes.insert(task.notes.end(), inner.notes.begin(), inner.notes.end());
  return state;
}

Batch first_images(const Task& task, std::int64_t count) {
  return task.samples.take(0, std::min(count, task.samples.size()));
}

std::vector<NamedTensor> initialize(const model::Graph& graph, const Spec& scheme, std::uint64_t seed,
                                    const Samples& samples, const std::stop_token& stop, Report* report) {
  const SchemeEntry* entry = find_checked(graph, scheme, samples);
  if (entry == nullptr) return init::initialize(graph, scheme, seed, report == nullptr ? nullptr : &report->fills);
  const DenormalGuard flush;  // as in training
  const Options options = options_of(scheme);
  std::vector<std::string> notes;
  const Task task{graph, entry->name, options, seed, samples, stop, notes};
  if (entry->check != nullptr) entry->check(task);
  std::vector<NamedTensor> state = entry->function(task);
  for (const NamedTensor& tensor : state) {
    if (!std::ranges::all_of(tensor.tensor.values, [](float value) { return std::isfinite(value); }))
      throw Error(fmt::format("scheme '{}' ends in weights of '{}' that are not finite; expected another base or data",
                              entry->name, tensor.name));
  }
  if (report != nullptr) {
    report->fills = reports_of(graph, scheme, state);
    report->notes = std::move(notes);
  }
  return state;
}

void check(const model::Graph& graph, const Spec& scheme, std::uint64_t seed, const Samples& samples) {
  const SchemeEntry* entry = find_checked(graph, scheme, samples);
  if (entry == nullptr) {
    init::initialize(graph, scheme, seed);
    return;
  }
  const Options options = options_of(scheme);
  std::vector<std::string> notes;
  const std::stop_token never;
  const Task task{graph, entry->name, options, seed, samples, never, notes};
  if (entry->check != nullptr) entry->check(task);
  const auto rows = init::find_scheme(scheme.name).options;
  if (std::ranges::find(rows, "base", &OptionInfo::key) != rows.end()) check(graph, base_spec(task), seed, samples);
}

}  // namespace fanin::adapt
