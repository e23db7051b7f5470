// Weight selection: a smaller network from evenly spaced parts of a larger one (Xu et al. 2024).
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "fanin/base/error.h"
#include "init/schemes/schemes.h"
#include "init/source_weights.h"

namespace fanin::init::schemes {
namespace {

/// The indices taken of `larger` elements: every (larger/smaller)-th where that is whole, else evenly from the first to
/// the last, rounded to nearest with ties to even (as NumPy and PyTorch round their linspace), here in whole numbers.
std::vector<std::int64_t> selected(std::int64_t larger, std::int64_t smaller) {
  std::vector<std::int64_t> indices;
  for (std::int64_t j = 0; j < smaller; ++j) {
    if (larger % smaller == 0) {
      indices.push_back(j * (larger / smaller));
      continue;
    }
    // smaller >= 2: one divides every number
    const std::int64_t numerator = j * (larger - 1), steps = smaller - 1;
    const std::int64_t whole = numerator / steps, twice = 2 * (numerator % steps);
    indices.push_back(whole + (twice > steps || (twice == steps && whole % 2 == 1) ? 1 : 0));
  }
  return indices;
}

void select(const SourceReader& source, const WeightContext& context, std::span<float> out) {
  const Tensor& larger = source.require(context.name);
  const auto refuse = [&] {
    source.refuse(fmt::format("'{}' has shape {}, the network's '{}' {}; expected no smaller extent in the file",
                              *source.name_of(context.name), to_string(larger.shape), context.name,
                              to_string(context.shape)));
  };
  if (larger.shape.size() != context.shape.size()) refuse();
  std::vector<std::vector<std::int64_t>> indices;
  for (std::size_t d = 0; d < context.shape.size(); ++d) {
    if (larger.shape[d] < context.shape[d]) refuse();
    indices.push_back(selected(larger.shape[d], context.shape[d]));
  }
  std::vector<std::size_t> at(context.shape.size(), 0);  // the index of the element that is written
  for (float& value : out) {
    std::int64_t from = 0;
    for (std::size_t d = 0; d < at.size(); ++d) from = from * larger.shape[d] + indices[d][at[d]];
    value = larger.values[static_cast<std::size_t>(from)];
    for (std::size_t d = at.size(); d-- > 0;) {
      if (++at[d] < indices[d].size()) break;
      at[d] = 0;
    }
  }
}

bool is_new_head(const WeightContext& context, const Options& options) {
  return context.place.last && options.text("head") == "base";
}

}  // namespace

Applied weight_selection(const WeightContext& context, const Options& options, std::span<float> out) {
  require_matrix(context, "weight_selection");
  const SourceReader source(options, "weight_selection");
  if (is_new_head(context, options)) return *fill_by_base(context, options, out);
  select(source, context, out);
  return {std::numeric_limits<double>::quiet_NaN()};
}

bool weight_selection_others(const WeightContext& context, const Options& options, std::span<float> out) {
  if (is_new_head(context, options)) return fill_by_base(context, options, out).has_value();
  select(SourceReader(options, "weight_selection"), context, out);
  return true;
}

}  // namespace fanin::init::schemes
