// From a scheme's name to its function, and what all schemes share: checks before, measurement after.
#include "init/fill.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fanin/base/error.h"
#include "fanin/init/aliases.h"
#include "init/policy.h"
#include "init/schemes/presets.h"
#include "init/schemes/schemes.h"

namespace fanin::init {
namespace {

constexpr auto functions = std::to_array<SchemeEntry>({
    {"zeros", schemes::zeros},
    {"constant", schemes::constant},
    {"normal", schemes::normal},
    {"uniform", schemes::uniform},
    {"truncated_normal", schemes::truncated_normal},
    {"xavier_normal", schemes::xavier_normal},
    {"xavier_uniform", schemes::xavier_uniform},
    {"he_normal", schemes::he_normal},
    {"he_uniform", schemes::he_uniform},
    {"lecun_normal", schemes::lecun_normal},
    {"lecun_uniform", schemes::lecun_uniform},
    {"variance_scaling", schemes::variance_scaling},
    {"orthogonal", schemes::orthogonal},
    {"delta_orthogonal", schemes::delta_orthogonal},
    {"conv_orthogonal", schemes::conv_orthogonal},
    {"dirac", schemes::dirac},
    {"bilinear", schemes::bilinear},
    {"sparse", schemes::sparse},
    {"gabor", schemes::gabor},
    {"conv_aware", schemes::conv_aware},
    {"sinusoidal", schemes::sinusoidal},
    {"tanh_fixed_point", schemes::tanh_fixed_point},
    {"random_walk", schemes::random_walk},
    {"looks_linear", schemes::looks_linear},
    {"edge_of_chaos", schemes::edge_of_chaos, schemes::edge_of_chaos_others},
    {"autoinit", schemes::autoinit},
    {"zero_init", schemes::zero_init},
    {"idinit", schemes::idinit},
    {"zero_gamma", schemes::zero_gamma, schemes::zero_gamma_others},
    {"scaled_residual", schemes::scaled_residual},
    {"fixup", schemes::fixup, schemes::fixup_others},
    {"skipinit", schemes::skipinit, schemes::skipinit_others},
    {"textbook_random", schemes::textbook_random},
    {"textbook_xavier", schemes::textbook_xavier},
    schemes::preset_entry<"pytorch-default">(),
    schemes::preset_entry<"keras-default">(),
    schemes::preset_entry<"flax-default">(),
    schemes::preset_entry<"caffe-xavier">(),
    schemes::preset_entry<"caffe-msra">(),
    schemes::preset_entry<"darknet-default">(),
    schemes::preset_entry<"torchvision-resnet">(),
    schemes::preset_entry<"torchvision-vgg">(),
    schemes::preset_entry<"torchvision-densenet">(),
    schemes::preset_entry<"torchvision-mobilenet">(),
    schemes::preset_entry<"torchvision-efficientnet">(),
    schemes::preset_entry<"torchvision-convnext">(),
    schemes::preset_entry<"timm-resnet">(),
    schemes::preset_entry<"timm-efficientnet">(),
    {"policy", schemes::policy},
    {"weight_selection", schemes::weight_selection, schemes::weight_selection_others},
    {"from_weights", schemes::from_weights, schemes::from_weights_others},
    {"filter_covariance", schemes::filter_covariance},
    {"net2wider", schemes::net2wider},
    {"net2deeper", schemes::net2deeper},
});

void measure(std::span<const float> values, FillReport& report) {
  double sum = 0, low = std::numeric_limits<double>::infinity(), high = -low;
  for (const float value : values) {
    sum += value;
    low = std::min<double>(low, value);
    high = std::max<double>(high, value);
  }
  const double count = static_cast<double>(values.size());
  report.mean = sum / count;
  double squares = 0;  // around the mean in a second pass: no cancellation for a constant
  for (const float value : values) squares += (value - report.mean) * (value - report.mean);
  report.std = std::sqrt(squares / count);
  report.minimum = low;
  report.maximum = high;
}

}  // namespace

std::span<const SchemeEntry> scheme_functions() {
  return functions;
}

MatrixShape require_matrix(const WeightContext& context, std::string_view scheme) {
  if (context.role != model::Role::weight || context.shape.size() < 2)
    throw Error(
        fmt::format("scheme '{}' needs a convolution or linear weight of two or more dimensions; '{}' is a {} of "
                    "shape {}",
                    scheme, context.name, model::role_name(context.role), to_string(context.shape)));
  const std::int64_t rows = context.shape[0];
  if (context.groups < 1 || rows % context.groups != 0)
    throw Error(fmt::format("scheme '{}' needs output channels that the groups divide; '{}' of shape {} has {} groups",
                            scheme, context.name, to_string(context.shape), context.groups));
  return {rows, element_count(context.shape) / rows};
}

double gain_option(const WeightContext& context, const Options& options, std::string_view scheme) {
  const std::string& text = options.text("gain");
  if (text == "auto") return forward_gain(context.activation);
  const std::string what = fmt::format("option 'gain' of scheme '{}'", scheme);
  double gain = 0;
  try {
    gain = parse_number(text, what);
  } catch (const Error&) {
    throw Error(fmt::format("{} is '{}'; expected auto or a number above 0", what, text));
  }
  if (gain <= 0 || gain > 1e30) throw Error(fmt::format("{} is '{}'; expected auto or a number above 0", what, text));
  return gain;
}

namespace {

Options checked_options(const Spec& scheme, const SchemeInfo& info, const WeightContext& context,
                        std::span<const float> out) {
  Options options(scheme, info.options, fmt::format("scheme '{}'", info.name));
  const std::int64_t count = element_count(context.shape);
  if (count == 0)
    throw Error(fmt::format("'{}' of shape {} has no elements to initialize", context.name, to_string(context.shape)));
  if (static_cast<std::uint64_t>(count) != out.size())
    throw Error(fmt::format("'{}' of shape {} has {} elements; the destination has {}", context.name,
                            to_string(context.shape), count, out.size()));
  return options;
}

}  // namespace

FillReport report_of(const Spec& scheme, const WeightContext& context, const Applied& applied,
                     std::span<const float> out) {
  FillReport report;
  report.parameter = context.name;
  report.scheme = scheme.text();
  report.fan_in = context.fans.in;
  report.fan_out = context.fans.out;
  report.gain = applied.gain;
  report.target_std = applied.target_std;
  measure(out, report);
  return report;
}

FillReport fill(const Spec& scheme, const WeightContext& context, std::span<float> out) {
  const SchemeInfo& info = find_scheme(scheme.name);
  const Options options = checked_options(resolve_alias(scheme), info, context, out);
  if (info.needs == Needs::batch || info.needs == Needs::gradient)
    throw Error(fmt::format(
        "scheme '{}' looks at {}, so it cannot fill '{}' by itself; expected a whole network and a batch of "
        "images (--model and --data, or adapt::initialize)",
        info.name, needs_name(info.needs), context.name));
  if (info.name == "policy") return fill_by_policy(*policy_of(scheme), context, out);  // the report is the line's
  const auto entry = std::ranges::find(functions, info.name, &SchemeEntry::name);
  const Applied applied =
      entry != functions.end() ? entry->function(context, options, out) : apply_registered(info, context, options, out);
  return report_of(scheme, context, applied, out);
}

bool has_rule_for_others(const Spec& scheme) {
  const SchemeInfo& info = find_scheme(scheme.name);
  const auto entry = std::ranges::find(functions, info.name, &SchemeEntry::name);
  return entry != functions.end() && entry->others != nullptr;
}

std::optional<FillReport> fill_other(const Spec& scheme, const WeightContext& context, std::span<float> out) {
  const SchemeInfo& info = find_scheme(scheme.name);
  const auto entry = std::ranges::find(functions, info.name, &SchemeEntry::name);
  if (entry == functions.end() || entry->others == nullptr) return std::nullopt;
  if (!entry->others(context, checked_options(resolve_alias(scheme), info, context, out), out)) return std::nullopt;
  return report_of(scheme, context, Applied{}, out);
}

}  // namespace fanin::init
