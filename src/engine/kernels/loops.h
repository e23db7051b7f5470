// Loops over flat arrays for one SIMD target; included once for each target, after hwy/highway.h. No include guard by
// design other than Highway's own toggle.
#if defined(FANIN_ENGINE_KERNELS_LOOPS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FANIN_ENGINE_KERNELS_LOOPS_H_
#undef FANIN_ENGINE_KERNELS_LOOPS_H_
#else
#define FANIN_ENGINE_KERNELS_LOOPS_H_
#endif

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace fanin::engine::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// body(tag, i) for whole vectors, then for single elements.
template <class Body>
HWY_INLINE HWY_ATTR void for_vectors(std::size_t n, const Body& body) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) body(d, i);
  const hn::CappedTag<float, 1> one;
  for (; i < n; ++i) body(one, i);
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#endif
