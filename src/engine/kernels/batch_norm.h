// Batch normalization (Ioffe and Szegedy 2015), with the addition of a residual and ReLU folded in.
//
//   mean, var    over the images and positions of a channel (var: biased)
//   y = scale (x - mean) / sqrt(var + epsilon) + shift [+ residual], then [max(., 0)]
//
// All tensors have one layout (engine/layout.h), n images of (blocks, positions, block). Channels run over scale, shift
// and the statistics without padding.
//
// What walks over a tensor does so for some images at a time, in the order of the images, so that it can run right
// behind the convolution that made them while they are in cache: norm_sums, then norm_statistics once for the batch,
// then norm_apply; backward norm_gradient_sums, norm_gradient_lines, norm_gradient_apply.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fanin::engine::kernels {

struct NormGeometry {
  std::int64_t n;  // images of this call; those of the batch where a kernel looks at no tensor
  std::int64_t channels, blocks, positions, block;
};

// Each of the three below is for all (padded) channels of all blocks; where padding, zero.

/// Floats that say what y is: factor, offset (y = factor x + offset), mean, 1/sqrt(var + eps). Kept for backward.
inline std::size_t norm_saved_floats(const NormGeometry& g) {
  return static_cast<std::size_t>(4 * g.blocks * g.block);
}
/// Bytes of sums over the images so far: two doubles, and the float about which the first pass sums.
inline std::size_t norm_sums_bytes(const NormGeometry& g) {
  return static_cast<std::size_t>(g.blocks * g.block) * (2 * sizeof(double) + sizeof(float));
}
/// Floats that say what dx is: by_x, constant (dx = factor dy + by_x x + constant).
inline std::size_t norm_lines_floats(const NormGeometry& g) {
  return static_cast<std::size_t>(2 * g.blocks * g.block);
}

/// Adds x and its square, about the mean of the first image's channel lest squares cancel; `first`: these are the
/// batch's first images.
void norm_sums(const NormGeometry& g, bool first, const float* x, void* sums);

struct NormStatistics {
  const void* sums;
  const float *scale, *shift;         // (channels)
  float *running_mean, *running_var;  // (channels); moved in training with the unbiased variance, read in evaluation
  float* saved;
  double epsilon, momentum;
};
/// From the sums over g.n images.
void norm_statistics(const NormGeometry& g, const NormStatistics& a);
/// From the running statistics.
void norm_running(const NormGeometry& g, const NormStatistics& a);

struct NormApply {
  const float* x;
  const float* residual;  // or null
  const float* saved;
  float* y;
  bool relu;
};
void norm_apply(const NormGeometry& g, const NormApply& a);

struct NormBackward {
  const float* x;
  const float* y;  // forward's result; needed with relu and residual, else may be null
  const float* dy;
  const float* dy2;  // a second contribution to the gradient of y, or null
  float* masked;     // sums: gets (dy + dy2) where y > 0, the residual's gradient; may be dy or dy2. apply: reads it
  float* dx;         // may be dy or masked
  const float* saved;
  const float* lines;
  bool relu, residual;
  /// Whether the gradient is written to `masked`; else it is dy, under relu where factor x + offset > 0.
  bool writes_masked() const { return dy2 || (relu && residual); }
};
/// Adds the gradient of y and its product with x - mean.
void norm_gradient_sums(const NormGeometry& g, bool first, const NormBackward& a, void* sums);
/// From the sums over g.n images the gradients of scale and shift, and the lines.
void norm_gradient_lines(const NormGeometry& g, const void* sums, const float* scale, const float* saved, float* dscale,
                         float* dshift, float* lines);
void norm_gradient_apply(const NormGeometry& g, const NormBackward& a);

}  // namespace fanin::engine::kernels
