// Schemes that draw filters rather than single weights: sparse rows, Gabor functions, orthogonal spectra, mirrors.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/haar.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

random::Stream stream_of(const WeightContext& context, std::uint32_t draw = 0) {
  return random::make_stream(context.seed, context.name, random::Purpose::initialize, draw);
}

/// Scales the values so that the tensor's second moment is std^2.
void rescale(std::vector<double>& values, double std) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  const double factor = squares > 0 ? std / std::sqrt(squares / static_cast<double>(values.size())) : 0;
  for (double& value : values) value *= factor;
}

template <class T>
void write(const std::vector<double>& values, std::span<T> out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(values[i]);
}

void refuse_transposed(const WeightContext& context, std::string_view scheme) {
  if (context.transposed)
    throw Error(fmt::format("scheme '{}' makes filters that read an image; '{}' is a transposed convolution's weight",
                            scheme, context.name));
}

}  // namespace

template <class T>
Applied sparse(const WeightContext& context, const Options& options, std::span<T> out) {
  const MatrixShape whole = require_matrix(context, "sparse");
  const double std = options.number("std");
  random::fill_normal(out, stream_of(context), T(0), static_cast<T>(std));
  const bool by_output = (options.text("per") == "output") != context.transposed;
  const std::int64_t lines = by_output ? whole.rows : whole.columns, length = by_output ? whole.columns : whole.rows;
  const auto kept = options.integer("nonzero");
  const auto zeros =
      kept > 0 ? std::max<std::int64_t>(0, length - kept)
               : static_cast<std::int64_t>(std::ceil(options.number("sparsity") * static_cast<double>(length)));
  constexpr std::int64_t most = 0xffffffff;
  if (length > most || lines >= most)
    throw Error(fmt::format("scheme 'sparse' takes extents below {}; '{}' has shape {}", most, context.name,
                            to_string(context.shape)));
  for (std::int64_t line = 0; line < lines; ++line) {
    const std::vector<std::uint32_t> order = random::permutation(
        stream_of(context, static_cast<std::uint32_t>(line + 1)), static_cast<std::uint32_t>(length));
    for (std::int64_t k = 0; k < zeros; ++k) {
      const std::int64_t at = order[static_cast<std::size_t>(k)];
      out[static_cast<std::size_t>(by_output ? line * whole.columns + at : at * whole.columns + line)] = 0;
    }
  }
  return {std * std::sqrt(static_cast<double>(length - zeros) / static_cast<double>(length))};
}

std::optional<Planned> gabor_law(const WeightContext& context, const Options&) {
  require_matrix(context, "gabor");
  if (context.place.first) return std::nullopt;
  return scaled_law(context, "gabor", forward_gain(context.activation), FanMode::in, Distribution::normal);
}

template <class T>
Applied gabor(const WeightContext& context, const Options& options, std::span<T> out) {
  if (context.shape.size() != 4 || context.shape[2] < 5 || context.shape[3] < 5)
    throw Error(fmt::format("scheme 'gabor' needs a first convolution with a kernel of 5x5 at least; '{}' has shape {}",
                            context.name, to_string(context.shape)));
  refuse_transposed(context, "gabor");
  const double gain = forward_gain(context.activation), aspect = options.number("aspect");
  const std::int64_t inputs = context.shape[1], height = context.shape[2], width = context.shape[3];
  const double extent = static_cast<double>(std::min(height, width)), sigma = options.number("width") * extent;
  std::vector<double> values(out.size());
  const random::Stream choices = stream_of(context, 1), colours = stream_of(context, 2);
  for (std::int64_t o = 0; o < context.shape[0]; ++o) {
    const auto index = static_cast<std::uint64_t>(o);
    const double angle = std::numbers::pi * random::uniform_unit(choices, 3 * index);
    const double wavelength = extent * (0.5 + 0.5 * random::uniform_unit(choices, 3 * index + 1));
    const double phase = random::uniform_unit(choices, 3 * index + 2) < 0.5 ? 0 : std::numbers::pi / 2;
    std::vector<double> filter(static_cast<std::size_t>(height * width)), colour(static_cast<std::size_t>(inputs));
    double sum = 0;
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        const double dy = static_cast<double>(y) - 0.5 * static_cast<double>(height - 1);
        const double dx = static_cast<double>(x) - 0.5 * static_cast<double>(width - 1);
        const double along = dx * std::cos(angle) + dy * std::sin(angle),
                     across = dy * std::cos(angle) - dx * std::sin(angle);
        const double value = std::exp(-(along * along + aspect * aspect * across * across) / (2 * sigma * sigma)) *
                             std::cos(2 * std::numbers::pi * along / wavelength + phase);
        filter[static_cast<std::size_t>(y * width + x)] = value;
        sum += value;
      }
    const double mean = sum / static_cast<double>(filter.size());
    random::fill_normal(std::span<double>(colour), colours, 0.0, 1.0, index * static_cast<std::uint64_t>(inputs));
    for (std::size_t i = 0; i < colour.size(); ++i)
      for (std::size_t t = 0; t < filter.size(); ++t)
        values[(static_cast<std::size_t>(o) * colour.size() + i) * filter.size() + t] = colour[i] * (filter[t] - mean);
  }
  const double std = gain / std::sqrt(context.fans.in);
  rescale(values, std);
  write(values, out);
  return {std, gain};
}

template <class T>
Applied conv_aware(const WeightContext& context, const Options& options, std::span<T> out) {
  const MatrixShape whole = require_matrix(context, "conv_aware");
  refuse_transposed(context, "conv_aware");
  const double gain = forward_gain(context.activation);
  if (context.shape.size() != 4) {
    const std::vector<double> q = haar(stream_of(context), whole.rows, whole.columns);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(gain * q[i]);
    return {gain / std::sqrt(static_cast<double>(std::max(whole.rows, whole.columns))), gain};
  }
  const std::int64_t inputs = context.shape[1], height = context.shape[2], width = context.shape[3];
  const std::int64_t half = width / 2 + 1, spectrum = height * half;
  const auto h = static_cast<double>(height), w = static_cast<double>(width);
  std::vector<double> values(out.size());
  for (std::int64_t o = 0; o < context.shape[0]; ++o) {
    std::vector<double> basis;
    for (std::int64_t i = 0; i < inputs; ++i) {
      const std::int64_t row = i % spectrum;
      if (row == 0) {  // a further basis where the inputs outnumber the spectrum's coefficients
        const auto count = (inputs + spectrum - 1) / spectrum;
        basis = haar(stream_of(context, 1), spectrum, spectrum,
                     static_cast<std::uint64_t>((o * count + i / spectrum) * spectrum * spectrum));
      }
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x) {
          double sum = 0;  // the inverse transform of a real half spectrum, as NumPy's irfft2
          for (std::int64_t u = 0; u < height; ++u)
            for (std::int64_t v = 0; v < half; ++v) {
              const double times = v == 0 || 2 * v == width ? 1 : 2;
              sum += times * basis[static_cast<std::size_t>(row * spectrum + u * half + v)] *
                     std::cos(2 * std::numbers::pi * (static_cast<double>(u * y) / h + static_cast<double>(v * x) / w));
            }
          values[static_cast<std::size_t>(((o * inputs + i) * height + y) * width + x)] = sum / (h * w);
        }
    }
  }
  std::vector<double> noise(values.size());
  random::fill_normal(std::span<double>(noise), stream_of(context), 0.0, options.number("noise"));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += noise[i];
  const double std = gain / std::sqrt(context.fans.in);
  rescale(values, std);
  write(values, out);
  return {std, gain};
}

template <class T>
Applied looks_linear(const WeightContext& context, const Options& options, std::span<T> out) {
  const MatrixShape whole = require_matrix(context, "looks_linear");
  if (options.text("gain") == "auto")
    throw Error("option 'gain' of scheme 'looks_linear' is 'auto'; expected a number above 0: its network is linear");
  const double gain = gain_option(context, options, "looks_linear");
  const Place& place = context.place;
  const std::int64_t rows = whole.rows, inputs = context.shape[1], taps = whole.columns / inputs;
  bool mirrored_out = !place.last, mirrored_in = !place.first;
  if (context.transposed) std::swap(mirrored_out, mirrored_in);
  if (context.groups != 1 || (mirrored_out && rows % 2 != 0) || (mirrored_in && inputs % 2 != 0))
    throw Error(
        fmt::format("scheme 'looks_linear' needs an even number of channels in one group between its layers; "
                    "'{}' has shape {} and {} groups",
                    context.name, to_string(context.shape), context.groups));
  const std::int64_t half_rows = mirrored_out ? rows / 2 : rows, half_inputs = mirrored_in ? inputs / 2 : inputs;
  const std::int64_t centre = centre_tap(context.shape);
  const std::vector<double> m = haar(stream_of(context), half_rows, half_inputs);
  std::ranges::fill(out, T(0));
  for (std::int64_t o = 0; o < rows; ++o)
    for (std::int64_t i = 0; i < inputs; ++i) {
      const double sign = (o >= half_rows) == (i >= half_inputs) ? 1 : -1;
      const double value = m[static_cast<std::size_t>((o % half_rows) * half_inputs + i % half_inputs)];
      out[static_cast<std::size_t>((o * inputs + i) * taps + centre)] = static_cast<T>(sign * gain * value);
    }
  return {gain / std::sqrt(static_cast<double>(std::max(half_rows, half_inputs) * taps)), gain};
}

template Applied sparse(const WeightContext&, const Options&, std::span<float>);
template Applied sparse(const WeightContext&, const Options&, std::span<double>);
template Applied gabor(const WeightContext&, const Options&, std::span<float>);
template Applied gabor(const WeightContext&, const Options&, std::span<double>);
template Applied conv_aware(const WeightContext&, const Options&, std::span<float>);
template Applied conv_aware(const WeightContext&, const Options&, std::span<double>);
template Applied looks_linear(const WeightContext&, const Options&, std::span<float>);
template Applied looks_linear(const WeightContext&, const Options&, std::span<double>);

}  // namespace fanin::init::schemes
