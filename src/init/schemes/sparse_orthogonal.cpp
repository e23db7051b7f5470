// Exactly orthogonal matrices with few weights that are not 0: an identity turned by random plane rotations.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

/// A matrix of `longer` rows with orthonormal columns, by rows; which entries are not 0 is kept beside.
struct Turned {
  std::int64_t longer, shorter;
  std::vector<double> values;
  std::vector<char> used;
  std::int64_t count;

  Turned(std::int64_t rows, std::int64_t columns)
      : longer(rows),
        shorter(columns),
        values(static_cast<std::size_t>(rows * columns), 0.0),
        used(values.size(), 0),
        count(columns) {
    for (std::int64_t i = 0; i < columns; ++i) {
      values[static_cast<std::size_t>(i * columns + i)] = 1;
      used[static_cast<std::size_t>(i * columns + i)] = 1;
    }
  }

  void turn(std::int64_t first, std::int64_t second, double angle) {
    const double c = std::cos(angle), s = std::sin(angle);
    for (std::int64_t j = 0; j < shorter; ++j) {
      const auto a = static_cast<std::size_t>(first * shorter + j), b = static_cast<std::size_t>(second * shorter + j);
      if (!used[a] && !used[b]) continue;
      count += (used[a] ? 0 : 1) + (used[b] ? 0 : 1);
      used[a] = used[b] = 1;
      const double x = values[a], y = values[b];
      values[a] = c * x - s * y;
      values[b] = s * x + c * y;
    }
  }
};

}  // namespace

template <class T>
Applied sparse_orthogonal(const WeightContext& context, const Options& options, std::span<T> out) {
  const MatrixShape whole = require_matrix(context, "sparse_orthogonal");
  const double gain = gain_option(context, options, "sparse_orthogonal"), density = options.number("density");
  const std::int64_t rows = whole.rows / context.groups, inputs = context.shape[1], taps = whole.columns / inputs;
  const std::int64_t longer = std::max(rows, inputs), shorter = std::min(rows, inputs);
  // All weights are at the centre tap, so the matrix there has the kernel's density times the number of taps.
  const auto wanted = static_cast<std::int64_t>(std::llround(density * static_cast<double>(longer * shorter * taps)));
  if (wanted < shorter)
    throw Error(
        fmt::format("scheme 'sparse_orthogonal' cannot keep every norm with a density of {}: '{}' of shape {} "
                    "needs {} weights a group, a density of {:.3g} at least",
                    options.text("density"), context.name, to_string(context.shape), shorter,
                    static_cast<double>(shorter) / static_cast<double>(longer * shorter * taps)));
  const std::int64_t target = std::min(wanted, longer * shorter);
  const std::int64_t centre = centre_tap(context.shape);
  std::ranges::fill(out, T(0));
  for (std::int64_t group = 0; group < context.groups; ++group) {
    const random::Stream stream =
        random::make_stream(context.seed, context.name, random::Purpose::initialize, static_cast<std::uint32_t>(group));
    Turned matrix(longer, shorter);
    for (std::uint64_t draw = 0; matrix.count < target; draw += 3) {
      const auto n = static_cast<std::uint64_t>(longer);
      const auto first = static_cast<std::int64_t>(random::uniform_index(stream, draw, n));
      const auto step = static_cast<std::int64_t>(random::uniform_index(stream, draw + 1, n - 1)) + 1;
      matrix.turn(first, (first + step) % longer, 2 * std::numbers::pi * random::uniform_unit(stream, draw + 2));
    }
    for (std::int64_t o = 0; o < rows; ++o)
      for (std::int64_t i = 0; i < inputs; ++i) {
        const std::int64_t at = rows >= inputs ? o * shorter + i : i * shorter + o;
        out[static_cast<std::size_t>(((group * rows + o) * inputs + i) * taps + centre)] =
            static_cast<T>(gain * matrix.values[static_cast<std::size_t>(at)]);
      }
  }
  return {gain / std::sqrt(static_cast<double>(longer * taps)), gain};
}

template Applied sparse_orthogonal(const WeightContext&, const Options&, std::span<float>);
template Applied sparse_orthogonal(const WeightContext&, const Options&, std::span<double>);

}  // namespace fanin::init::schemes
