// Orthogonal weights: as matrices, as the centre tap of a kernel, and as kernels that are isometries.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/compat.h"
#include "fanin/random/stream.h"
#include "init/haar.h"
#include "init/schemes/schemes.h"

namespace fanin::init::schemes {
namespace {

random::Stream stream_of(const WeightContext& context, std::uint32_t draw = 0) {
  return random::make_stream(context.seed, context.name, random::Purpose::initialize, draw);
}

/// A square matrix or a block kernel over 1x1, 2x2, ... taps: taps[y * k + x] is row-major n x n.
using Matrix = std::vector<double>;

Matrix product(const Matrix& a, const Matrix& b, std::size_t n) {
  Matrix c(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t j = 0; j < n; ++j) c[i * n + j] += a[i * n + k] * b[k * n + j];
  return c;
}

/// A random orthogonal projection on n/2 dimensions (rounded down): C C^T, C the first columns of a Haar matrix.
Matrix projection(const WeightContext& context, std::uint32_t draw, std::size_t n, std::uint64_t first) {
  const auto half = std::max<std::size_t>(1, n / 2);
  const std::vector<double> c =
      haar(stream_of(context, draw), static_cast<std::int64_t>(n), static_cast<std::int64_t>(half), first);
  Matrix p(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < half; ++k) p[i * n + j] += c[i * half + k] * c[j * half + k];
  return p;
}

Matrix complement(const Matrix& p, std::size_t n) {
  Matrix result(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) result[i * n + j] = (i == j ? 1.0 : 0.0) - p[i * n + j];
  return result;
}

/// Block convolution of a size x size kernel with a 2x2 one.
std::vector<Matrix> convolve(const std::vector<Matrix>& a, std::size_t size, const std::vector<Matrix>& b,
                             std::size_t n) {
  std::vector<Matrix> result((size + 1) * (size + 1), Matrix(n * n, 0.0));
  for (std::size_t y = 0; y < size; ++y)
    for (std::size_t x = 0; x < size; ++x)
      for (std::size_t v = 0; v < 2; ++v)
        for (std::size_t u = 0; u < 2; ++u) {
          const Matrix term = product(a[y * size + x], b[v * 2 + u], n);
          Matrix& sum = result[(y + v) * (size + 1) + x + u];
          for (std::size_t i = 0; i < n * n; ++i) sum[i] += term[i];
        }
  return result;
}

/// The matrix of PyTorch's orthogonal_: rows x columns float normals, transposed where wide, and the Q of their QR
/// decomposition with a positive diagonal of R; here by Gram-Schmidt in double precision, each vector twice (Giraud et
/// al. 2005: twice is enough).
template <class T>
void orthogonal_from(random::compat::ForeignStream& stream, std::int64_t rows, std::int64_t columns, double gain,
                     std::span<T> out) {
  const bool wide = rows < columns;
  const auto count = static_cast<std::size_t>(std::min(rows, columns));
  const auto length = static_cast<std::size_t>(std::max(rows, columns));
  stream.normal(out, 0, 1);
  // Vector j is row j of a wide matrix, column j of a tall one.
  const auto at = [&](std::size_t j, std::size_t i) { return wide ? j * length + i : i * count + j; };
  std::vector<double> vectors(count * length);
  for (std::size_t j = 0; j < count; ++j) {
    double* const v = vectors.data() + j * length;
    for (std::size_t i = 0; i < length; ++i) v[i] = out[at(j, i)];
    for (int time = 0; time < 2; ++time)
      for (std::size_t k = 0; k < j; ++k) {
        const double* const u = vectors.data() + k * length;
        const double share = std::inner_product(u, u + length, v, 0.0);
        for (std::size_t i = 0; i < length; ++i) v[i] -= share * u[i];
      }
    const double norm = std::sqrt(std::inner_product(v, v + length, v, 0.0));
    for (std::size_t i = 0; i < length; ++i) v[i] /= norm;
  }
  for (std::size_t j = 0; j < count; ++j)
    for (std::size_t i = 0; i < length; ++i) out[at(j, i)] = static_cast<T>(gain * vectors[j * length + i]);
}

/// What keep=scale puts on a gain: a matrix with more outputs than inputs keeps the norm, so each output is smaller
/// than an input by this factor. Martens et al. 2021, Rapid training of deep neural networks without skip connections
/// (scaled-corrected uniform orthogonal, SUO).
double widening(const Options& options, double outputs, double inputs) {
  return options.text("keep") == "scale" ? std::sqrt(std::max(1.0, outputs / inputs)) : 1.0;
}

}  // namespace

template <class T>
Applied orthogonal(const WeightContext& context, const Options& options, std::span<T> out) {
  const MatrixShape whole = require_matrix(context, "orthogonal");
  const double gain = corrected_gain(context, options, "orthogonal");
  const std::int64_t rows = whole.rows / context.groups, columns = whole.columns;
  // The longer side has the entries' variance, 1 / length; an output sums fan_in of them.
  const double scale = gain * widening(options, static_cast<double>(std::max(rows, columns)), context.fans.in);
  for (std::int64_t group = 0; group < context.groups; ++group) {
    const auto offset = static_cast<std::size_t>(group * rows * columns);
    const std::span<T> block = out.subspan(offset, static_cast<std::size_t>(rows * columns));
    if (context.stream != nullptr) {
      orthogonal_from(*context.stream, rows, columns, scale, block);
    } else {
      haar(block, stream_of(context), rows, columns, offset, static_cast<T>(scale));
    }
  }
  return {scale / std::sqrt(static_cast<double>(std::max(rows, columns))), gain};
}

template <class T>
Applied delta_orthogonal(const WeightContext& context, const Options& options, std::span<T> out) {
  const MatrixShape whole = require_matrix(context, "delta_orthogonal");
  const double gain = gain_option(context, options, "delta_orthogonal");
  const std::int64_t rows = whole.rows / context.groups, inputs = context.shape[1], taps = whole.columns / inputs;
  auto to = static_cast<double>(rows), from = static_cast<double>(inputs);
  if (context.transposed) std::swap(to, from);
  const double scale = gain * widening(options, to, from);
  const std::int64_t centre = centre_tap(context.shape);
  std::ranges::fill(out, T(0));
  for (std::int64_t group = 0; group < context.groups; ++group) {
    const std::int64_t offset = group * rows * inputs;
    const std::vector<double> q = haar(stream_of(context), rows, inputs, static_cast<std::uint64_t>(offset));
    for (std::size_t i = 0; i < q.size(); ++i)
      out[(static_cast<std::size_t>(offset) + i) * static_cast<std::size_t>(taps) + static_cast<std::size_t>(centre)] =
          static_cast<T>(q[i] * scale);
  }
  // Over all taps: the matrix's entries have the second moment scale^2 / max(rows, inputs), the other taps none.
  return {scale / std::sqrt(static_cast<double>(std::max(rows, inputs) * taps)), gain};
}

template <class T>
Applied conv_orthogonal(const WeightContext& context, const Options& options, std::span<T> out) {
  const MatrixShape whole = require_matrix(context, "conv_orthogonal");
  const double gain = gain_option(context, options, "conv_orthogonal");
  const bool image = context.shape.size() == 4;
  const std::int64_t size = image ? context.shape[2] : 1;
  if (context.shape.size() > 2 && (!image || context.shape[3] != size))
    throw Error(fmt::format("scheme 'conv_orthogonal' needs a square kernel; '{}' has shape {}", context.name,
                            to_string(context.shape)));
  constexpr std::int64_t most = 2048;
  const std::int64_t rows = whole.rows / context.groups, inputs = context.shape[1], wide = std::max(rows, inputs);
  if (size > 1 && wide > most)
    throw Error(fmt::format("scheme 'conv_orthogonal' takes at most {} channels a group; '{}' has shape {}", most,
                            context.name, to_string(context.shape)));
  const auto n = static_cast<std::size_t>(wide), columns = static_cast<std::size_t>(inputs);
  const auto taps = static_cast<std::size_t>(size * size);
  for (std::int64_t group = 0; group < context.groups; ++group) {
    const auto first = static_cast<std::uint64_t>(group) * n * n;
    Matrix identity(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) identity[i * n + i] = 1;
    std::vector<Matrix> kernel = {identity};
    for (std::int64_t step = 1; step < size; ++step) {
      const auto draw = static_cast<std::uint32_t>(2 * step);
      const Matrix p = projection(context, draw, n, first), q = projection(context, draw + 1, n, first);
      const Matrix not_p = complement(p, n), not_q = complement(q, n);
      kernel = convolve(kernel, static_cast<std::size_t>(step),
                        {product(p, q, n), product(p, not_q, n), product(not_p, q, n), product(not_p, not_q, n)}, n);
    }
    // The isometry has `wide` channels. An orthonormal matrix in front keeps the norm from fewer inputs (tall), and one
    // behind gives orthonormal rows for fewer outputs (wide).
    const std::vector<double> h =
        haar(stream_of(context), rows, inputs, static_cast<std::uint64_t>(group * rows * inputs));
    for (std::size_t tap = 0; tap < taps; ++tap)
      for (std::size_t o = 0; o < static_cast<std::size_t>(rows); ++o)
        for (std::size_t i = 0; i < columns; ++i) {
          double sum = 0;
          for (std::size_t k = 0; k < n; ++k)
            sum += rows >= inputs ? kernel[tap][o * n + k] * h[k * columns + i]
                                  : h[o * columns + k] * kernel[tap][k * n + i];
          out[((static_cast<std::size_t>(group * rows) + o) * columns + i) * taps + tap] = static_cast<T>(sum * gain);
        }
  }
  return {gain / std::sqrt(static_cast<double>(wide * size * size)), gain};
}

template Applied orthogonal(const WeightContext&, const Options&, std::span<float>);
template Applied orthogonal(const WeightContext&, const Options&, std::span<double>);
template Applied delta_orthogonal(const WeightContext&, const Options&, std::span<float>);
template Applied delta_orthogonal(const WeightContext&, const Options&, std::span<double>);
template Applied conv_orthogonal(const WeightContext&, const Options&, std::span<float>);
template Applied conv_orthogonal(const WeightContext&, const Options&, std::span<double>);

}  // namespace fanin::init::schemes
