// Kernels over flat arrays of n floats. Padding is zero in all operands and stays zero. Results may overwrite operands.
#pragma once
#include <cstddef>

namespace fanin::engine::kernels {

/// y = a + b
void add(float* y, const float* a, const float* b, std::size_t n);
/// y = max(a + b, 0); NaN stays NaN
void add_relu(float* y, const float* a, const float* b, std::size_t n);
/// y = x where x > 0, else slope x; NaN stays NaN
void relu(float* y, const float* x, float slope, std::size_t n);
/// dx = dy where y > 0, else slope dy; y is relu's argument or result
void relu_backward(float* dx, const float* dy, const float* y, float slope, std::size_t n);
/// dx = a + b where y > 0, else 0
void sum_relu_backward(float* dx, const float* a, const float* b, const float* y, std::size_t n);
/// y = a b
void multiply(float* y, const float* a, const float* b, std::size_t n);
/// y = factor x
void scale(float* y, const float* x, float factor, std::size_t n);
/// sum of a b; float32 in stretches of 4,096, then double
double dot(const float* a, const float* b, std::size_t n);

}  // namespace fanin::engine::kernels
