// Haar-distributed matrices as products of random reflections.
//
// Householder QR of a Gaussian matrix turns each column, seen by the reflections before it, into a multiple of a unit
// vector; made unique by a positive diagonal of R, its Q has the Haar measure (Mezzadri 2007, "How to generate random
// matrices from the classical compact groups", Notices of the AMS 54(5), section 5). What the reflections before it
// leave of a Gaussian column is Gaussian again and independent of them, so the columns can be drawn as they enter, each
// one shorter than the last, and the factorization itself need not be done: Stewart (1980), "The efficient generation
// of random orthogonal matrices with an application to condition estimators", SIAM J. Numer. Anal. 17(3), section 3.
// Half of QR's arithmetic is left, all of it matrix products.
//
// Q = H_0 ... H_(n-1) D: reflection j maps the Gaussian x_j, zero above row j, to -sign(x_jj) |x_j| e_j; D_j is
// -sign(x_jj). Reflections go in blocks of 48: H_first ... H_last = I - V T V', T^-1 = the upper triangle of V'V with
// half its diagonal (Schreiber and Van Loan 1989, "A storage-efficient WY representation", and Puglisi 1992). T comes
// from the V that is stored, so the product is orthogonal whatever the rounding of the norms.
#include "init/haar.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

#include "init/simd/panel.h"
#include "random/threads.h"

namespace fanin::init {
namespace {

constexpr std::size_t width = panel_width;     // reflections of a block, columns of a panel
constexpr std::size_t gram_rows = 64;          // summed in the type itself before they are added to the doubles
constexpr double thread_work = 2e7;            // multiply-adds, some 200 us, from which a second thread pays
constexpr std::size_t square = width * width;  // values of a block's small matrices

std::size_t rounded_up(std::size_t n, std::size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/// Values aligned to the vectors' 64 bytes, not initialized.
template <class T>
class Aligned {
 public:
  explicit Aligned(std::size_t size)
      : values_(static_cast<T*>(::operator new (size * sizeof(T), std::align_val_t{64}))) {}
  T* data() const { return values_.get(); }

 private:
  struct Delete {
    void operator()(T* values) const { ::operator delete (values, std::align_val_t{64}); }
  };
  std::unique_ptr<T[], Delete> values_;
};

/// The reflections of columns [first, first + count), on rows first and below.
template <class T>
struct Block {
  std::size_t first, count;  // count <= width
  std::size_t rows;          // of them, a multiple of panel_rows with zeros below the matrix
  T* vectors;                // V: rows x width, zero above the diagonal and right of `count`
  T* minus_t;                // -T: width x width
  T* signs;                  // D
};

/// -T from V'V: the inverse of its upper triangle with half the diagonal, row by row from the last.
template <class T>
void invert(const double* gram, std::size_t count, T* minus_t) {
  double inverse[square] = {};
  for (std::size_t i = count; i-- > 0;) {
    double* const row = inverse + i * width;
    for (std::size_t k = i + 1; k < count; ++k) {
      const double factor = gram[i * width + k];
      const double* const other = inverse + k * width;
      for (std::size_t j = k; j < count; ++j) row[j] -= factor * other[j];
    }
    const double diagonal = 0.5 * gram[i * width + i];
    for (std::size_t j = i + 1; j < count; ++j) row[j] /= diagonal;
    row[i] = 1 / diagonal;
  }
  for (std::size_t i = 0; i < square; ++i) minus_t[i] = static_cast<T>(-inverse[i]);
}

/// Draws a block's Gaussians, elements [first, ...) of the stream in row-major order without padding, and makes them
/// reflections.
template <class T>
void prepare(const Block<T>& block, std::size_t longer, const random::Stream& stream, std::uint64_t first) {
  const std::size_t drawn = longer - block.first, count = block.count;
  T* const v = block.vectors;
  random::fill_normal(std::span<T>(v, drawn * count), stream, T{0}, T{1}, first);
  if (count < width)
    for (std::size_t i = drawn; i-- > 0;) {
      std::memmove(v + i * width, v + i * count, count * sizeof(T));
      std::fill_n(v + i * width + count, width - count, T{0});
    }
  std::fill(v + drawn * width, v + block.rows * width, T{0});
  for (std::size_t i = 0; i < std::min(count, drawn); ++i) std::fill(v + i * width + i + 1, v + (i + 1) * width, T{0});

  double gram[square] = {};
  alignas(64) T part[square];
  for (std::size_t i = 0; i < block.rows; i += gram_rows) {
    std::fill_n(part, square, T{0});
    simd::add_transposed_product(v + i * width, v + i * width, std::min(gram_rows, block.rows - i), part, width, width);
    for (std::size_t k = 0; k < square; ++k) gram[k] += static_cast<double>(part[k]);
  }
  // v_j = x_j + sign(x_jj) |x_j| e_j changes one value of V, and of V'V what that value enters.
  std::fill_n(block.signs, width, T{0});
  for (std::size_t j = 0; j < count; ++j) {
    T& value = v[j * width + j];
    double& squares = gram[j * width + j];
    const auto before = static_cast<double>(value);
    const double norm = std::sqrt(squares);
    value = static_cast<T>(norm == 0 ? 1 : before + std::copysign(norm, before));
    const auto after = static_cast<double>(value);
    squares += after * after - before * before;
    for (std::size_t i = 0; i < j; ++i) gram[i * width + j] += static_cast<double>(v[j * width + i]) * (after - before);
    block.signs[j] = std::signbit(before) ? T{1} : T{-1};
  }
  invert(gram, count, block.minus_t);
}

/// What one thread works on.
template <class T>
struct Workspace {
  explicit Workspace(std::size_t rows) : panel(rows * width), projected(square), solved(square) {}
  Aligned<T> panel, projected, solved;
};

/// Where a panel's values go.
template <class T>
struct Destination {
  T* out;
  std::size_t longer, shorter;
  bool wide;
  T scale;
};

/// Rows [begin, end) of the panel of columns [first, first + count) of Q.
template <class T>
void write_rows(const T* panel, std::size_t begin, std::size_t end, std::size_t first, std::size_t count,
                const Destination<T>& to) {
  end = std::min(end, to.longer);
  if (!to.wide) {
    for (std::size_t i = begin; i < end; ++i)
      for (std::size_t j = 0; j < count; ++j) to.out[i * to.shorter + first + j] = panel[i * width + j] * to.scale;
    return;
  }
  for (std::size_t j = 0; j < count; ++j)
    for (std::size_t i = begin; i < end; ++i) to.out[(first + j) * to.longer + i] = panel[i * width + j] * to.scale;
}

/// Columns [blocks[p].first, ...) of Q: the blocks' reflections on columns of D, the last block first. Rows above a
/// block's first are zero until it has its turn. A strip of rows that a block has changed goes on to the projection on
/// the next one's V while it is in the cache, or to the destination.
template <class T>
void form_panel(std::span<const Block<T>> blocks, std::size_t p, std::size_t rows, const Workspace<T>& work,
                const Destination<T>& to) {
  constexpr std::size_t strip = 48;
  const Block<T>& own = blocks[p];
  const std::size_t columns = rounded_up(own.count, panel_lanes);
  T* const panel = work.panel.data();
  T* const projected = work.projected.data();
  T* const solved = work.solved.data();
  std::fill_n(panel, rows * width, T{0});
  std::fill_n(projected, square, T{0});
  for (std::size_t j = 0; j < own.count; ++j) {
    panel[(own.first + j) * width + j] = own.signs[j];
    for (std::size_t k = 0; k < own.count; ++k)
      projected[k * width + j] = own.vectors[j * width + k] * own.signs[j];  // V' D
  }
  for (std::size_t b = p + 1; b-- > 0;) {
    const Block<T>& block = blocks[b];
    const std::size_t count = rounded_up(block.count, panel_rows);
    std::fill_n(solved, square, T{0});
    simd::add_product(block.minus_t, projected, count, solved, count, columns);
    std::fill_n(projected, square, T{0});
    for (std::size_t i = 0; i < block.rows; i += strip) {
      const std::size_t taken = std::min(strip, block.rows - i);
      T* const changed = panel + (block.first + i) * width;
      simd::add_product(block.vectors + i * width, solved, count, changed, taken, columns);
      if (b > 0)
        simd::add_transposed_product(blocks[b - 1].vectors + (width + i) * width, changed, taken, projected, width,
                                     columns);
      else
        write_rows(panel, i, i + taken, own.first, own.count, to);
    }
  }
}

template <class T>
void write_haar(std::span<T> out, const random::Stream& stream, std::int64_t rows, std::int64_t columns,
                std::uint64_t first, T scale) {
  const auto longer = static_cast<std::size_t>(std::max(rows, columns));
  const auto shorter = static_cast<std::size_t>(std::min(rows, columns));
  const std::size_t padded = rounded_up(longer, panel_rows), count = (shorter + width - 1) / width;
  std::size_t stored = 0;
  for (std::size_t b = 0; b < count; ++b) stored += (padded - b * width) * width;
  const Aligned<T> vectors(stored), small(count * (square + width));

  std::vector<Block<T>> blocks(count);
  std::vector<std::uint64_t> starts(count);
  std::size_t position = 0;
  for (std::size_t b = 0; b < count; ++b) {
    const std::size_t begin = b * width, own = std::min(width, shorter - begin);
    T* const t = small.data() + b * (square + width);
    blocks[b] = {begin, own, padded - begin, vectors.data() + position, t, t + square};
    starts[b] = b == 0 ? first : starts[b - 1] + (longer - (b - 1) * width) * width;
    position += blocks[b].rows * width;
  }
  const double work = static_cast<double>(longer) * static_cast<double>(shorter) * static_cast<double>(shorter);
  const std::size_t threads = work < thread_work ? 1 : static_cast<std::size_t>(random::fill_threads());
  std::vector<Workspace<T>> spaces;
  for (std::size_t i = 0; i < std::min(threads, count); ++i) spaces.emplace_back(padded);
  random::in_turns(count, threads, [&](std::size_t b, std::size_t) { prepare(blocks[b], longer, stream, starts[b]); });
  const Destination<T> destination{out.data(), longer, shorter, rows < columns, scale};
  // The last panels see the most reflections: first come, first served, the long ones first.
  random::in_turns(count, threads, [&](std::size_t turn, std::size_t thread) {
    const std::size_t p = count - 1 - turn;
    form_panel(std::span<const Block<T>>(blocks), p, padded, spaces[thread], destination);
  });
}

}  // namespace

void haar(std::span<float> out, const random::Stream& stream, std::int64_t rows, std::int64_t columns,
          std::uint64_t first, float scale) {
  write_haar(out, stream, rows, columns, first, scale);
}

void haar(std::span<double> out, const random::Stream& stream, std::int64_t rows, std::int64_t columns,
          std::uint64_t first, double scale) {
  write_haar(out, stream, rows, columns, first, scale);
}

std::vector<double> haar(const random::Stream& stream, std::int64_t rows, std::int64_t columns, std::uint64_t first) {
  std::vector<double> values(static_cast<std::size_t>(rows * columns));
  haar(std::span<double>(values), stream, rows, columns, first);
  return values;
}

}  // namespace fanin::init
