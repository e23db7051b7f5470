// A 5x5 convolution over few channels, ReLU and 2x2 maximum in one pass: the first layers of LeNet, where a general
// convolution leaves most lanes empty and the pooling costs as much as the arithmetic.
//
//   y = max(0, maximum over 2x2 of (w * x + bias))       stride 1, any padding; pooling of stride 2, none left over
//   used
//
// Backward works on what the maximum let through: one position in four at most has a gradient, and of those the clamped
// ones have none. Nothing is computed for the others.
//
// x is (n, in_c, in_h, in_w) row-major, or blocks of 8 channels (nChw8c, in_c <= 8). y is in blocks of `block`
// channels. Weights and their gradient are row-major (out_c, in_c, 5, 5).
#pragma once
#include <cstddef>
#include <cstdint>

namespace fanin::engine::kernels {

struct PooledConvGeometry {
  std::int64_t n, in_c, in_h, in_w;
  std::int64_t out_c, pad_top, pad_left, pad_bottom, pad_right;
  std::int64_t out_h, out_w;  // after pooling
  std::int64_t in_block;      // 1 or 8
  std::int64_t block;         // of y: what pooled_conv_block() says

  std::int64_t padded_h() const { return in_h + pad_top + pad_bottom; }
  std::int64_t padded_w() const { return in_w + pad_left + pad_right; }
  std::int64_t pixel() const { return in_c == 1 ? 1 : 8; }  // floats of a pixel of the padded image
  std::int64_t blocks() const { return (out_c + block - 1) / block; }
};

inline constexpr std::int64_t pooled_conv_kernel = 5;

/// Channels in a block of y that suit this processor, 8 or 16; 0 where its vectors are too short (fewer than 8 floats)
/// or out_c and in_c are not what the kernels are made for (in_c up to 8, out_c up to 32).
std::int64_t pooled_conv_block(std::int64_t in_c, std::int64_t out_c);

/// Floats of scratch that the calls below need.
std::size_t pooled_conv_scratch(const PooledConvGeometry& g);

/// `winner` (may be null: evaluation) gets, for every element of y, the pixel of the padded image at which the window
/// of the winning convolution starts (y * padded_w + x), or -1 where ReLU clamped. NaN wins over all numbers.
void pooled_conv(const PooledConvGeometry& g, const float* x, const float* weights, const float* bias, float* y,
                 std::int32_t* winner, float* scratch);

/// dweights and dbias (may be null) from dy, in y's layout.
void pooled_conv_backward_weights(const PooledConvGeometry& g, const float* x, const float* dy,
                                  const std::int32_t* winner, float* dweights, float* dbias, float* scratch);

/// dx in x's layout, which must be in blocks of 8.
void pooled_conv_backward_data(const PooledConvGeometry& g, const float* dy, const std::int32_t* winner,
                               const float* weights, float* dx, float* scratch);

}  // namespace fanin::engine::kernels
