// erfinv as XLA's CPU backend computes it in float32 (Giles 2012, single precision).
#pragma once

namespace fanin::random::compat {

/// |u| <= 1; -1 and 1 give the infinities.
float jax_erfinv(float u);

}  // namespace fanin::random::compat
