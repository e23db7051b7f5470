// Batch normalization (Ioffe and Szegedy 2015), with the addition of a residual and ReLU folded in.
//
//   mean, var    over the images and positions of a channel (var: biased)
//   y = scale (x - mean) / sqrt(var + epsilon) + shift [+ residual], then [max(., 0)]
//
// All tensors have one layout (engine/layout.h), n images of (blocks, positions, block). Channels run over scale, shift
// and the statistics without padding.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fanin::engine::kernels {

struct NormGeometry {
  std::int64_t n, channels, blocks, positions, block;
};

/// Floats of `saved` that forward leaves for backward: for every (padded) channel factor, offset, mean, 1/sqrt(var +
/// eps).
inline std::size_t norm_saved_floats(const NormGeometry& g) {
  return static_cast<std::size_t>(4 * g.blocks * g.block);
}
/// Doubles of scratch: three for every channel of a block.
inline std::size_t norm_scratch_doubles(const NormGeometry& g) {
  return static_cast<std::size_t>(3 * g.block);
}

struct NormForward {
  const float* x;
  const float* residual;  // or null
  float* y;
  const float *scale, *shift;         // (channels)
  float *running_mean, *running_var;  // (channels); moved in training with the unbiased variance, read in evaluation
  float* saved;
  double* scratch;
  double epsilon, momentum;
  bool relu;
};
void norm_training(const NormGeometry& geometry, const NormForward& a);
void norm_evaluation(const NormGeometry& geometry, const NormForward& a);

struct NormBackward {
  const float* x;
  const float* y;  // forward's result; needed with relu and residual, else may be null
  const float* dy;
  const float* dy2;  // a second contribution to the gradient of y, or null
  float*
      masked;  // gets (dy + dy2) where y > 0: the residual's gradient; may be dy; needed with dy2 or relu and residual
  float* dx;   // may be dy or masked; null where nobody wants it
  const float* scale;
  const float* saved;
  float *dscale, *dshift;  // (channels)
  double* scratch;
  bool relu, residual;
};
void norm_backward(const NormGeometry& geometry, const NormBackward& a);

}  // namespace fanin::engine::kernels
