// Products with one factor a channel, over any layout.
#pragma once
#include "engine/layout.h"

namespace fanin::engine::kernels {

/// y = factor[c] x; padding stays zero. y may be x.
void channel_scale(const Layout& layout, const float* x, const float* factor, float* y);
/// sums[c] = sum of a b over channel c; each image in float32, the images in double.
void channel_products(const Layout& layout, const float* a, const float* b, float* sums);

}  // namespace fanin::engine::kernels
