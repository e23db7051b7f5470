// The products through Google Highway, compiled for AVX2 and AVX-512 and chosen at run time.
//
// A tile of the result stays in registers while the depth goes by. Targets without a fused multiply-add forward to the
// plain code, since they would round twice.
#include "init/simd/panel.h"

#include <algorithm>

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "init/simd/panel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace fanin::init::simd {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3

namespace hn = hwy::HWY_NAMESPACE;

// 24 sums of 32 registers, 12 of 16: two fused multiply-adds a cycle need at least eight to hide their latency.
constexpr std::size_t tile_rows = HWY_TARGET == HWY_AVX3 ? 8 : 4;
constexpr std::size_t tile_vectors = 3;
static_assert(panel_rows % tile_rows == 0);

/// tile_rows rows and `vectors` vectors of the result.
template <bool transposed, std::size_t vectors, class T>
HWY_INLINE void tile(const T* HWY_RESTRICT x, const T* HWY_RESTRICT b, std::size_t depth, T* HWY_RESTRICT c) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t lanes = HWY_LANES(T);
  hn::VFromD<decltype(d)> sums[tile_rows][vectors];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < tile_rows; ++r)
#pragma GCC unroll 3
    for (std::size_t v = 0; v < vectors; ++v) sums[r][v] = hn::Load(d, c + r * panel_width + v * lanes);
  for (std::size_t k = 0; k < depth; ++k) {
    hn::VFromD<decltype(d)> row[vectors];
#pragma GCC unroll 3
    for (std::size_t v = 0; v < vectors; ++v) row[v] = hn::Load(d, b + k * panel_width + v * lanes);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < tile_rows; ++r) {
      const auto factor = hn::Set(d, transposed ? x[k * panel_width + r] : x[r * panel_width + k]);
#pragma GCC unroll 3
      for (std::size_t v = 0; v < vectors; ++v) sums[r][v] = hn::MulAdd(factor, row[v], sums[r][v]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < tile_rows; ++r)
#pragma GCC unroll 3
    for (std::size_t v = 0; v < vectors; ++v) hn::Store(sums[r][v], d, c + r * panel_width + v * lanes);
}

template <bool transposed, class T>
HWY_INLINE void product(const T* HWY_RESTRICT x, const T* HWY_RESTRICT b, std::size_t depth, T* HWY_RESTRICT c,
                        std::size_t rows, std::size_t columns) {
  constexpr std::size_t lanes = HWY_LANES(T);
  constexpr std::size_t slice = 256 / sizeof(T);  // of the depth: both factors' slices stay in the first cache
  for (std::size_t begin = 0; begin < depth; begin += slice) {
    const std::size_t count = std::min(slice, depth - begin);
    const T* const factor = x + (transposed ? begin * panel_width : begin);
    for (std::size_t j = 0; j < columns; j += tile_vectors * lanes) {
      const T* const right = b + begin * panel_width + j;
      const std::size_t vectors = std::min(tile_vectors, (columns - j) / lanes);
      for (std::size_t r = 0; r < rows; r += tile_rows) {
        const T* const left = factor + (transposed ? r : r * panel_width);
        T* const to = c + r * panel_width + j;
        if (vectors == 3)
          tile<transposed, 3>(left, right, count, to);
        else if (vectors == 2)
          tile<transposed, 2>(left, right, count, to);
        else
          tile<transposed, 1>(left, right, count, to);
      }
    }
  }
}

#else  // no fused multiply-add

template <bool transposed, class T>
void product(const T* x, const T* b, std::size_t depth, T* c, std::size_t rows, std::size_t columns) {
  if constexpr (transposed)
    reference::add_transposed_product(x, b, depth, c, rows, columns);
  else
    reference::add_product(x, b, depth, c, rows, columns);
}

#endif

void product_floats(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows,
                    std::size_t columns) {
  product<false>(x, b, depth, c, rows, columns);
}

void product_doubles(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows,
                     std::size_t columns) {
  product<false>(x, b, depth, c, rows, columns);
}

void transposed_floats(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows,
                       std::size_t columns) {
  product<true>(x, b, depth, c, rows, columns);
}

void transposed_doubles(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows,
                        std::size_t columns) {
  product<true>(x, b, depth, c, rows, columns);
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::init::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::init::simd {

HWY_EXPORT(product_floats);
HWY_EXPORT(product_doubles);
HWY_EXPORT(transposed_floats);
HWY_EXPORT(transposed_doubles);

void add_product(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows, std::size_t columns) {
  HWY_DYNAMIC_DISPATCH(product_floats)(x, b, depth, c, rows, columns);
}

void add_product(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows,
                 std::size_t columns) {
  HWY_DYNAMIC_DISPATCH(product_doubles)(x, b, depth, c, rows, columns);
}

void add_transposed_product(const float* x, const float* b, std::size_t depth, float* c, std::size_t rows,
                            std::size_t columns) {
  HWY_DYNAMIC_DISPATCH(transposed_floats)(x, b, depth, c, rows, columns);
}

void add_transposed_product(const double* x, const double* b, std::size_t depth, double* c, std::size_t rows,
                            std::size_t columns) {
  HWY_DYNAMIC_DISPATCH(transposed_doubles)(x, b, depth, c, rows, columns);
}

}  // namespace fanin::init::simd
#endif  // HWY_ONCE
