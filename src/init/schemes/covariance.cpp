// Filters drawn with the covariance of trained ones (Trockman, Willmott & Kolter 2023, with measured covariances).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/gains.h"
#include "fanin/random/stream.h"
#include "init/resample.h"
#include "init/schemes/schemes.h"
#include "init/source_weights.h"

namespace fanin::init::schemes {
namespace {

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

bool has_space(const Shape& shape) {
  return shape.size() == 4 && shape[2] * shape[3] > 1;
}

/// The spatial filters of a weight (O, I/groups, kH, kW), resampled to h x w where theirs differ; row by row.
void append_filters(const Tensor& weight, std::int64_t h, std::int64_t w, std::vector<double>& filters) {
  std::vector<double> values(weight.values.begin(), weight.values.end());
  const Shape& shape = weight.shape;
  if (shape[2] != h || shape[3] != w)
    values = resample_kernels(values, shape[0] * shape[1], shape[2], shape[3], h, w, "area");
  filters.insert(filters.end(), values.begin(), values.end());
}

/// Of rows of `taps` values about their mean, divided by their number less 1; taps x taps.
std::vector<double> covariance_of(std::span<double> filters, std::int64_t taps) {
  const std::int64_t count = static_cast<std::int64_t>(filters.size()) / taps;
  for (std::int64_t t = 0; t < taps; ++t) {
    double mean = 0;
    for (std::int64_t f = 0; f < count; ++f) mean += filters[index(f * taps + t)];
    mean /= static_cast<double>(count);
    for (std::int64_t f = 0; f < count; ++f) filters[index(f * taps + t)] -= mean;
  }
  std::vector<double> covariance(index(taps * taps), 0.0);
  for (std::int64_t f = 0; f < count; ++f)
    for (std::int64_t a = 0; a < taps; ++a)
      for (std::int64_t b = 0; b < taps; ++b)
        covariance[index(a * taps + b)] += filters[index(f * taps + a)] * filters[index(f * taps + b)];
  for (double& value : covariance) value /= static_cast<double>(count - 1);
  return covariance;
}

/// L with L L^T = C by Cholesky's loops in a fixed order, so that every machine finds the same bits. C may lack rank:
/// a pivot that is 0 to rounding gives a column of zeros.
std::vector<double> lower_factor(const std::vector<double>& c, std::int64_t n) {
  std::vector<double> l(c.size(), 0.0);
  double largest = 0;
  for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, c[index(i * n + i)]);
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = j; i < n; ++i) {
      double rest = c[index(i * n + j)];
      for (std::int64_t k = 0; k < j; ++k) rest -= l[index(i * n + k)] * l[index(j * n + k)];
      if (i == j) {
        if (rest <= 1e-10 * largest) break;
        l[index(i * n + j)] = std::sqrt(rest);
      } else {
        l[index(i * n + j)] = rest / l[index(j * n + j)];
      }
    }
  return l;
}

std::vector<double> measured(const SourceReader& source, const Options& options, const WeightContext& context) {
  const std::int64_t h = context.shape[2], w = context.shape[3];
  std::vector<double> filters;
  if (options.text("filters") == "all") {
    for (const auto& [name, tensor] : source.weights().tensors) {
      if (!has_space(tensor.shape)) continue;
      if (!std::ranges::all_of(tensor.values, [](float value) { return std::isfinite(value); }))
        source.refuse(fmt::format("'{}' holds a value that is not finite", name));
      append_filters(tensor, h, w, filters);
    }
  } else {
    const Tensor& there = source.require(context.name);
    if (!has_space(there.shape))
      source.refuse(
          fmt::format("'{}' of shape {} has no spatial filters to measure; expected a convolution of more "
                      "than one tap, or filters=all",
                      *source.name_of(context.name), to_string(there.shape)));
    append_filters(there, h, w, filters);
  }
  if (filters.size() < 2 * index(h * w))
    source.refuse(fmt::format("{} spatial filters for '{}'; expected at least two to measure a covariance",
                              filters.size() / index(h * w), context.name));
  return covariance_of(filters, h * w);
}

}  // namespace

Applied filter_covariance(const WeightContext& context, const Options& options, std::span<float> out) {
  require_matrix(context, "filter_covariance");
  const SourceReader source(options, "filter_covariance");
  if (!has_space(context.shape)) return *fill_by_base(context, options, out);
  const std::int64_t taps = context.shape[2] * context.shape[3];
  std::vector<double> covariance = measured(source, options, context);
  double variance = 0;  // mean over the taps
  for (std::int64_t t = 0; t < taps; ++t) variance += covariance[index(t * taps + t)] / static_cast<double>(taps);
  if (!(variance > 0))
    source.refuse(fmt::format("the filters for '{}' are all alike; expected a trained network's", context.name));
  double gain = 1;
  if (options.text("scale") == "he") {
    gain = forward_gain(context.activation);
    const double wanted = gain * gain / context.fans.in;
    for (double& value : covariance) value *= wanted / variance;
    variance = wanted;
  }
  const std::vector<double> factor = lower_factor(covariance, taps);
  std::vector<double> normals(out.size());
  random::fill_normal(std::span<double>(normals),
                      random::make_stream(context.seed, context.name, random::Purpose::initialize), 0.0, 1.0);
  for (std::size_t first = 0; first < out.size(); first += index(taps))
    for (std::int64_t t = 0; t < taps; ++t) {
      double sum = 0;
      for (std::int64_t k = 0; k <= t; ++k) sum += factor[index(t * taps + k)] * normals[first + index(k)];
      out[first + index(t)] = static_cast<float>(sum);
    }
  return {std::sqrt(variance), gain};
}

}  // namespace fanin::init::schemes
