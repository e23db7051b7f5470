// Schemes without randomness: weights that are a formula of their indices.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

constexpr double no_target = std::numeric_limits<double>::quiet_NaN();

/// One group's block of a kernel: outputs, inputs and taps, whichever way round the layer stores them.
struct Block {
  std::int64_t outputs, inputs, taps, centre;  // centre: the tap at (k - 1) / 2 on each axis
  bool transposed;

  /// The index of a weight in the tensor.
  std::size_t at(std::int64_t group, std::int64_t o, std::int64_t i, std::int64_t tap) const {
    const std::int64_t pair = transposed ? (group * inputs + i) * outputs + o : (group * outputs + o) * inputs + i;
    return static_cast<std::size_t>(pair * taps + tap);
  }
};

Block block_of(const WeightContext& context, std::string_view scheme) {
  const MatrixShape whole = require_matrix(context, scheme);
  Block block{whole.rows / context.groups, context.shape[1], whole.columns / context.shape[1],
              centre_tap(context.shape), context.transposed};
  if (block.transposed) std::swap(block.outputs, block.inputs);
  return block;
}

/// Calls write(o, i, index) for every pair of a group's output and input, index being that of its centre tap.
template <class Write>
void for_each_centre(const WeightContext& context, const Block& block, Write write) {
  for (std::int64_t group = 0; group < context.groups; ++group)
    for (std::int64_t o = 0; o < block.outputs; ++o)
      for (std::int64_t i = 0; i < block.inputs; ++i) write(o, i, block.at(group, o, i, block.centre));
}

template <class T>
void add_noise(const WeightContext& context, double std, std::span<T> out) {
  if (std <= 0) return;
  std::vector<T> noise(out.size());
  random::fill_normal(std::span<T>(noise), random::make_stream(context.seed, context.name, random::Purpose::initialize),
                      T(0), static_cast<T>(std));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += noise[i];
}

}  // namespace

template <class T>
Applied zero_init(const WeightContext& context, const Options& options, std::span<T> out) {
  const Block block = block_of(context, "zero_init");
  std::ranges::fill(out, T(0));
  if (context.place.last || (context.place.branch_end && context.place.blocks > 0)) return {no_target};
  if (block.outputs <= block.inputs) {
    for_each_centre(context, block,
                    [&](std::int64_t o, std::int64_t i, std::size_t at) { out[at] = o == i ? T(1) : T(0); });
    return {no_target};
  }
  const auto exponent =
      static_cast<int>(std::bit_width(static_cast<std::uint64_t>(block.outputs - 1)));  // ceil(log2 outputs)
  const double scale = std::exp2(-0.5 * (options.text("constant") == "paper" ? exponent - 1 : exponent));
  for_each_centre(context, block, [&](std::int64_t o, std::int64_t i, std::size_t at) {
    const bool negative = std::popcount(static_cast<std::uint64_t>(o & i)) % 2 == 1;  // Sylvester's Hadamard matrix
    out[at] = static_cast<T>(negative ? -scale : scale);
  });
  return {no_target};
}

template <class T>
Applied idinit(const WeightContext& context, const Options& options, std::span<T> out) {
  const Block block = block_of(context, "idinit");
  const std::int64_t columns = block.inputs * block.taps;
  const bool taps_first = options.text("order") == "taps_first";
  const bool to_zero = context.place.last || (context.place.branch_end && context.place.blocks > 0);
  const double value = to_zero ? options.number("epsilon") : options.number("tau");
  std::ranges::fill(out, T(0));
  for (std::int64_t group = 0; group < context.groups; ++group) {
    // On the matrix (outputs, taps x inputs): column c is tap c / inputs of input c % inputs where the taps come first,
    // else tap c % taps of input c / taps.
    const auto put = [&](std::int64_t o, std::int64_t c, double weight) {
      const std::int64_t input = taps_first ? c % block.inputs : c / block.taps;
      const std::int64_t tap = taps_first ? c / block.inputs : c % block.taps;
      out[block.at(group, o, input, tap)] = static_cast<T>(weight);
    };
    for (std::int64_t o = 0; o < block.outputs; ++o) put(o, o % columns, value);
    if (!to_zero || columns == 1) continue;
    for (std::int64_t o = 0; o < block.outputs; ++o) put(o, (o + 1) % columns, -value);
    for (std::int64_t c = block.outputs + 1; c < columns; ++c) put((c - 1) % block.outputs, c, -value);
  }
  add_noise(context, options.number("noise"), out);
  return {no_target};
}

template <class T>
Applied sinusoidal(const WeightContext& context, const Options& options, std::span<T> out) {
  // The groups' outputs one below the other; a column is a tap of one of a group's inputs.
  const Block block = block_of(context, "sinusoidal");
  const double gain = gain_option(context, options, "sinusoidal");
  const std::int64_t rows = context.groups * block.outputs, columns = block.inputs * block.taps;
  const double n = static_cast<double>(columns), m = static_cast<double>(rows);
  double sum = 0;
  const auto value = [&](std::int64_t row, std::int64_t column) {
    return std::sin(static_cast<double>(row + 1) *
                    (2 * std::numbers::pi * static_cast<double>(column) / n + 2 * std::numbers::pi / m));
  };
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) sum += value(i, j);
  const double mean = sum / (n * m);
  double squares = 0;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) squares += (value(i, j) - mean) * (value(i, j) - mean);
  const double variance = n * m > 1 ? squares / (n * m - 1) : 0;
  if (variance < 1e-20)
    throw Error(fmt::format("scheme 'sinusoidal' needs a weight whose sines differ; '{}' has shape {}", context.name,
                            to_string(context.shape)));
  const double std = gain / std::sqrt(context.fans.in), amplitude = std / std::sqrt(variance);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      out[block.at(i / block.outputs, i % block.outputs, j / block.taps, j % block.taps)] =
          static_cast<T>(amplitude * value(i, j));
  return {std, gain};
}

template <class T>
Applied tanh_fixed_point(const WeightContext& context, const Options& options, std::span<T> out) {
  const Block block = block_of(context, "tanh_fixed_point");
  std::ranges::fill(out, T(0));
  for_each_centre(context, block, [&](std::int64_t o, std::int64_t i, std::size_t at) {
    out[at] = (block.outputs >= block.inputs ? o % block.inputs == i : i % block.outputs == o) ? T(1) : T(0);
  });
  add_noise(context, options.number("alpha") / std::sqrt(context.fans.in), out);
  return {no_target};
}

std::optional<Planned> bilinear_law(const WeightContext& context, const Options&) {
  if (context.shape.size() == 4 || context.place.depth <= 1) return std::nullopt;
  require_matrix(context, "bilinear");
  return scaled_law(context, "bilinear", forward_gain(context.activation), FanMode::in, Distribution::normal);
}

template <class T>
Applied bilinear(const WeightContext& context, const Options&, std::span<T> out) {
  const Block block = block_of(context, "bilinear");
  if (context.shape.size() != 4)
    throw Error(fmt::format("scheme 'bilinear' needs a convolution's kernel (O, I, kH, kW); '{}' has shape {}",
                            context.name, to_string(context.shape)));
  const auto tent = [](std::int64_t extent, std::int64_t at) {
    const auto factor = static_cast<double>((extent + 1) / 2);
    return 1 - std::abs(static_cast<double>(at) - 0.5 * static_cast<double>(extent - 1)) / factor;
  };
  std::ranges::fill(out, T(0));
  const std::int64_t height = context.shape[2], width = context.shape[3];
  for_each_centre(context, block, [&](std::int64_t o, std::int64_t i, std::size_t at) {
    if (o % block.inputs != i) return;
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x)
        out[at - static_cast<std::size_t>(block.centre) + static_cast<std::size_t>(y * width + x)] =
            static_cast<T>(tent(height, y) * tent(width, x));
  });
  return {no_target};
}

template Applied zero_init(const WeightContext&, const Options&, std::span<float>);
template Applied zero_init(const WeightContext&, const Options&, std::span<double>);
template Applied idinit(const WeightContext&, const Options&, std::span<float>);
template Applied idinit(const WeightContext&, const Options&, std::span<double>);
template Applied sinusoidal(const WeightContext&, const Options&, std::span<float>);
template Applied sinusoidal(const WeightContext&, const Options&, std::span<double>);
template Applied tanh_fixed_point(const WeightContext&, const Options&, std::span<float>);
template Applied tanh_fixed_point(const WeightContext&, const Options&, std::span<double>);
template Applied bilinear(const WeightContext&, const Options&, std::span<float>);
template Applied bilinear(const WeightContext&, const Options&, std::span<double>);

}  // namespace fanin::init::schemes
