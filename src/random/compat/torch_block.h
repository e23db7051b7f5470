// Sixteen normals from sixteen uniforms as PyTorch's AVX2 kernel makes them: float32, polynomials of the Cephes
// library.
#pragma once

namespace fanin::random::compat {

/// x[j] and x[j + 8] become the cosine and the sine of the pair with radius from 1 - x[j] and angle from x[j + 8].
void torch_normal_block(float* x, float mean, float std);

}  // namespace fanin::random::compat
