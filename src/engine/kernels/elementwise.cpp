// Flat elementwise kernels, compiled once for each instruction set.
#include "engine/kernels/elementwise.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/kernels/loops.h"

HWY_BEFORE_NAMESPACE();
namespace fanin::engine::kernels {
namespace HWY_NAMESPACE {

void add(float* y, const float* a, const float* b, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i)
                     HWY_ATTR { hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i); });
}

void add_relu(float* y, const float* a, const float* b, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto sum = hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i));
    const auto zero = hn::Zero(d);
    hn::StoreU(hn::IfThenElse(hn::Lt(sum, zero), zero, sum), d, y + i);
  });
}

void relu(float* y, const float* x, float slope, std::size_t n) {
  if (slope == 0) {  // apart, since 0 times minus infinity is NaN
    for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
      const auto v = hn::LoadU(d, x + i);
      const auto zero = hn::Zero(d);
      hn::StoreU(hn::IfThenElse(hn::Lt(v, zero), zero, v), d, y + i);
    });
    return;
  }
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    hn::StoreU(hn::IfThenElse(hn::Gt(v, hn::Zero(d)), v, hn::Mul(v, hn::Set(d, slope))), d, y + i);
  });
}

void relu_backward(float* dx, const float* dy, const float* y, float slope, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto gradient = hn::LoadU(d, dy + i);
    const auto off = hn::Le(hn::LoadU(d, y + i), hn::Zero(d));
    const auto low = slope == 0 ? hn::Zero(d) : hn::Mul(gradient, hn::Set(d, slope));
    hn::StoreU(hn::IfThenElse(off, low, gradient), d, dx + i);
  });
}

void sum_relu_backward(float* dx, const float* a, const float* b, const float* y, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto sum = hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i));
    const auto off = hn::Le(hn::LoadU(d, y + i), hn::Zero(d));
    hn::StoreU(hn::IfThenElse(off, hn::Zero(d), sum), d, dx + i);
  });
}

void multiply(float* y, const float* a, const float* b, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i)
                     HWY_ATTR { hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i); });
}

void scale(float* y, const float* x, float factor, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i)
                     HWY_ATTR { hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, factor)), d, y + i); });
}

double dot(const float* a, const float* b, std::size_t n) {
  constexpr std::size_t stretch = 4096;
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  double total = 0;
  for (std::size_t start = 0; start < n; start += stretch) {
    const std::size_t end = std::min(n, start + stretch);
    auto even = hn::Zero(d), odd = hn::Zero(d);
    std::size_t i = start;
    for (; i + 2 * lanes <= end; i += 2 * lanes) {
      even = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), even);
      odd = hn::MulAdd(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes), odd);
    }
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd))));
    for (; i < end; ++i) total += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::engine::kernels {

HWY_EXPORT(add);
HWY_EXPORT(add_relu);
HWY_EXPORT(relu);
HWY_EXPORT(relu_backward);
HWY_EXPORT(sum_relu_backward);
HWY_EXPORT(multiply);
HWY_EXPORT(scale);
HWY_EXPORT(dot);

void add(float* y, const float* a, const float* b, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(add)(y, a, b, n);
}
void add_relu(float* y, const float* a, const float* b, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(add_relu)(y, a, b, n);
}
void relu(float* y, const float* x, float slope, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(relu)(y, x, slope, n);
}
void relu_backward(float* dx, const float* dy, const float* y, float slope, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(relu_backward)(dx, dy, y, slope, n);
}
void sum_relu_backward(float* dx, const float* a, const float* b, const float* y, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sum_relu_backward)(dx, a, b, y, n);
}
void multiply(float* y, const float* a, const float* b, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(multiply)(y, a, b, n);
}
void scale(float* y, const float* x, float factor, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(scale)(y, x, factor, n);
}
double dot(const float* a, const float* b, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(dot)(a, b, n);
}

}  // namespace fanin::engine::kernels
#endif
