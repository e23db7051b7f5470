// The activations that are ours because oneDNN's let no NaN through or differ between its versions, and PReLU.
#pragma once
#include <cstddef>
#include <cstdint>

#include "engine/layout.h"

namespace fanin::engine::kernels {

/// y = scale x where x > 0, else scale alpha (e^x - 1); NaN stays NaN. selu is elu with its two constants.
void elu(float* y, const float* x, float alpha, float scale, std::size_t n);
/// dx = dy scale, or dy scale alpha e^x
void elu_backward(float* dx, const float* dy, const float* x, float alpha, float scale, std::size_t n);

/// y = ln(1 + e^x); NaN stays NaN. Where the layout has padding it gets ln 2: see clear_padding.
void softplus(float* y, const float* x, std::size_t n);
void softplus_backward(float* dx, const float* dy, const float* x, std::size_t n);

/// y = 0 below -3, x above 3, x (x + 3) / 6 between; NaN stays NaN
void hardswish(float* y, const float* x, std::size_t n);
void hardswish_backward(float* dx, const float* dy, const float* x, std::size_t n);

/// Zeros the channels that a blocked layout has beyond its last.
void clear_padding(const Layout& layout, float* values);

/// y = x where x > 0, else slope[c] x; `slopes` is 1 or the number of channels.
void prelu(const Layout& layout, const float* x, const float* slope, std::int64_t slopes, float* y);
/// dx as above with dy, and the slopes' gradients: the sums of x dy where x <= 0, each image's row summed in float32,
/// the rows in double. dx may be dy.
void prelu_backward(const Layout& layout, const float* dy, const float* x, const float* slope, std::int64_t slopes,
                    float* dx, float* slope_gradient);

}  // namespace fanin::engine::kernels
