// The two limits of a core: fused multiply-adds on registers, and reading from memory.
#include "fanin/engine/peak.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace fanin::engine::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Ten independent chains hide the latency (4 cycles) of two units. Returns the operations done.
double multiply_add_chains(float* result, int rounds) {
  const hn::ScalableTag<float> d;
  const auto a = hn::Set(d, result[0]), b = hn::Set(d, result[1]);
  // Different starts: the compiler would make one chain of equal ones.
  const auto start = [&](float of) HWY_ATTR { return hn::Set(d, result[0] + of); };
  auto v0 = start(0), v1 = start(1), v2 = start(2), v3 = start(3), v4 = start(4);
  auto v5 = start(5), v6 = start(6), v7 = start(7), v8 = start(8), v9 = start(9);
  for (int i = 0; i < rounds; ++i) {
    v0 = hn::MulAdd(v0, a, b), v1 = hn::MulAdd(v1, a, b), v2 = hn::MulAdd(v2, a, b), v3 = hn::MulAdd(v3, a, b);
    v4 = hn::MulAdd(v4, a, b), v5 = hn::MulAdd(v5, a, b), v6 = hn::MulAdd(v6, a, b), v7 = hn::MulAdd(v7, a, b);
    v8 = hn::MulAdd(v8, a, b), v9 = hn::MulAdd(v9, a, b);
  }
  const auto left = hn::Add(hn::Add(hn::Add(v0, v1), hn::Add(v2, v3)), hn::Add(hn::Add(v4, v5), hn::Add(v6, v7)));
  result[2] = hn::GetLane(hn::SumOfLanes(d, hn::Add(left, hn::Add(v8, v9))));
  return 2.0 * 10 * rounds * static_cast<double>(hn::Lanes(d));
}

void sum_of(const float* x, std::size_t n, float* result) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto v0 = hn::Zero(d), v1 = v0, v2 = v0, v3 = v0;
  for (std::size_t i = 0; i + 4 * lanes <= n; i += 4 * lanes) {
    v0 = hn::Add(v0, hn::LoadU(d, x + i)), v1 = hn::Add(v1, hn::LoadU(d, x + i + lanes));
    v2 = hn::Add(v2, hn::LoadU(d, x + i + 2 * lanes)), v3 = hn::Add(v3, hn::LoadU(d, x + i + 3 * lanes));
  }
  result[0] = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(v0, v1), hn::Add(v2, v3))));
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::engine {
namespace kernels {
HWY_EXPORT(multiply_add_chains);
HWY_EXPORT(sum_of);
}  // namespace kernels

namespace {
template <class Body>
double best_rate(int repeats, const Body& body) {
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const double work = body();
    best = std::max(best, work / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}
}  // namespace

double measure_fma_peak() {
  // Volatile: the compiler must not know the numbers, nor that nobody reads the result.
  volatile float factor = 0.5F, summand = 1.0F;
  volatile float seen = 0;
  return best_rate(40, [&] {
    float values[3] = {factor, summand, 0};
    const double done = HWY_DYNAMIC_DISPATCH(kernels::multiply_add_chains)(values, 40'000);
    seen = values[2];
    return done;
  });
}

double measure_memory_bandwidth() {
  const std::vector<float> array(std::size_t{1} << 26, 1.0F);  // 256 MiB
  volatile float seen = 0;
  return best_rate(4, [&] {
    float sum = 0;
    HWY_DYNAMIC_DISPATCH(kernels::sum_of)(array.data(), array.size(), &sum);
    seen = sum;
    return static_cast<double>(array.size() * sizeof(float));
  });
}

}  // namespace fanin::engine
#endif
