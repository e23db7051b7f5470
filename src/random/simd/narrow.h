// Finite floats to 16 bits, to nearest with ties to even: to_bfloat16 and to_half on whole arrays.
#pragma once
#include <cstddef>

#include "fanin/base/float16.h"

namespace fanin::random::simd {

void narrow(const float* from, bfloat16* to, std::size_t count);
void narrow(const float* from, half* to, std::size_t count);

}  // namespace fanin::random::simd
