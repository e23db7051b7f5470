// What a scheme's function gets and gives back, and the map from the table's names to the functions.
#pragma once
#include <span>
#include <string_view>

#include "fanin/base/spec.h"
#include "fanin/init/schemes.h"

namespace fanin::init {

/// What a function used; fill() adds the measured numbers.
struct Applied {
  double target_std;  // NaN where the scheme has none
  double gain = 1;
};

/// Fills out (element_count(context.shape) values, logical order). Throws Error where the scheme does not apply.
using SchemeFunction = Applied (*)(const WeightContext& context, const Options& options, std::span<float> out);

struct SchemeEntry {
  std::string_view name;  // as in scheme_table()
  SchemeFunction function;
};
std::span<const SchemeEntry> scheme_functions();

/// The weight seen as a matrix of O rows (outputs) and I/groups * kH * kW columns.
struct MatrixShape {
  std::int64_t rows, columns;
};
/// Throws Error unless the context is a weight of two or more dimensions: "scheme 'orthogonal' needs ...".
MatrixShape require_matrix(const WeightContext& context, std::string_view scheme);

/// The option `gain`: "auto" is forward_gain of the activation that follows; else a number above 0.
double gain_option(const WeightContext& context, const Options& options, std::string_view scheme);

}  // namespace fanin::init
