// What a scheme's function gets and gives back, and the map from the table's names to the functions.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "fanin/base/spec.h"
#include "fanin/init/schemes.h"

namespace fanin::init {

/// Fills out (element_count(context.shape) values, logical order). Throws Error where the scheme does not apply.
using SchemeFunction = Applied (*)(const WeightContext& context, const Options& options, std::span<float> out);

/// The rule for a bias, a norm's scale and shift or a residual scale: fills it and gives true, or gives false for the
/// start that it has under every scheme.
using OtherFunction = bool (*)(const WeightContext& context, const Options& options, std::span<float> out);

struct SchemeEntry {
  std::string_view name;  // as in scheme_table()
  SchemeFunction function;
  OtherFunction others = nullptr;
};
std::span<const SchemeEntry> scheme_functions();

/// The scheme's rule for a parameter that is no weight; nothing where it has none. The report has no target.
std::optional<FillReport> fill_other(const Spec& scheme, const WeightContext& context, std::span<float> out);

/// Whether the scheme has such a rule for some parameters.
bool has_rule_for_others(const Spec& scheme);

/// The report on a parameter that `scheme` has filled.
FillReport report_of(const Spec& scheme, const WeightContext& context, const Applied& applied,
                     std::span<const float> out);

/// A scheme that the program registered: nullptr where the name is none of its own.
const SchemeInfo* find_registered(std::string_view name);
/// Runs a registered scheme's function; throws Error where it leaves a value that is not finite.
Applied apply_registered(const SchemeInfo& info, const WeightContext& context, const Options& options,
                         std::span<float> out);

/// The weight seen as a matrix of O rows (outputs) and I/groups * kH * kW columns.
struct MatrixShape {
  std::int64_t rows, columns;
};
/// Throws Error unless the context is a weight of two or more dimensions: "scheme 'orthogonal' needs ...".
MatrixShape require_matrix(const WeightContext& context, std::string_view scheme);

/// The option `gain`: "auto" is forward_gain of the activation that follows; else a number above 0.
double gain_option(const WeightContext& context, const Options& options, std::string_view scheme);

}  // namespace fanin::init
