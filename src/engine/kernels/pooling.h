// Pooling over planes of (height, width, block) floats: block channels side by side (engine/layout.h).
#pragma once
#include <cstddef>
#include <cstdint>

namespace fanin::engine::kernels {

struct PoolGeometry {
  std::int64_t planes;  // images times blocks of channels
  std::int64_t block;
  std::int64_t in_h, in_w, out_h, out_w;
  std::int64_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
};

/// y = the maximum of each window; `clamp`: of it and 0. `winner` (may be null) gets the place of the first maximum in
/// the window, ky * kernel_w + kx, or no_winner where the clamp won. NaN wins over all numbers.
inline constexpr std::int32_t no_winner = -1;
void max_pool(const PoolGeometry& geometry, const float* x, float* y, std::int32_t* winner, bool clamp);
/// dx = dy at the winners, summed where windows overlap, 0 elsewhere.
void max_pool_backward(const PoolGeometry& geometry, const float* dy, const std::int32_t* winner, float* dx);

/// y = the mean of each window over its elements inside the image or, with `count_pad`, over these and the padding that
/// lies inside [-pad_top, in_h + pad_bottom) x [-pad_left, in_w + pad_right).
struct Averaging {
  bool count_pad;
  std::int64_t pad_bottom, pad_right;
};
void average_pool(const PoolGeometry& geometry, const Averaging& averaging, const float* x, float* y);
void average_pool_backward(const PoolGeometry& geometry, const Averaging& averaging, const float* dy, float* dx);

/// The mean over positions: x (n, blocks, positions, block) -> y (n, channels), and back.
struct GlobalGeometry {
  std::int64_t n, channels, blocks, positions, block;
};
void global_average(const GlobalGeometry& geometry, const float* x, float* y);
void global_average_backward(const GlobalGeometry& geometry, const float* dy, float* dx);

}  // namespace fanin::engine::kernels
