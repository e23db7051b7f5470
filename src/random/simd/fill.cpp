// The tile loops through Google Highway, compiled for AVX2 and AVX-512 and chosen at run time.
//
// Only targets with a fused multiply-add qualify: elsewhere Highway's MulAdd rounds twice and the bits would differ, so
// the baseline (SSE2) forwards to the plain code. The operations and their order are those of random/transform.h.
#include "random/philox.h"
#include "random/simd/limit.h"
#include "random/simd/targets.h"
#include "random/tiles.h"

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "random/simd/fill.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "random/simd/philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fanin::random::simd {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3

HWY_INLINE FloatVec radius(FloatVec u) {
  const Words words;
  const Signed integers;
  const Floats floats;
  const auto bits = hn::BitCast(words, u);
  const auto exponent = hn::ShiftRight<23>(hn::BitCast(integers, hn::Sub(bits, hn::Set(words, sqrt_half_bits))));
  const auto mantissa = hn::Sub(bits, hn::BitCast(words, hn::ShiftLeft<23>(exponent)));
  const auto f = hn::Sub(hn::BitCast(floats, mantissa), hn::Set(floats, 1.0f));
  auto p = hn::Set(floats, log_coefficients[7]);
  for (int i = 6; i >= 0; --i) p = hn::MulAdd(p, f, hn::Set(floats, log_coefficients[i]));
  const auto series = hn::MulAdd(p, hn::Mul(f, f), hn::Mul(f, hn::Set(floats, -2.0f)));
  return hn::Sqrt(hn::MulAdd(hn::ConvertTo(floats, exponent), hn::Set(floats, minus_two_ln2), series));
}

/// value, negated where the top bit of `bits` is set.
HWY_INLINE FloatVec flip_sign(FloatVec value, WordVec bits) {
#if HWY_TARGET == HWY_AVX3
  const auto sign = _mm512_set1_epi32(INT32_MIN);
  return FloatVec{_mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(value.raw), bits.raw, sign, 0x78))};
#else
  return hn::Xor(value, hn::BitCast(Floats(), hn::And(bits, hn::Set(Words(), 0x80000000u))));
#endif
}

struct FloatPair {
  FloatVec cosine, sine;
};

HWY_INLINE FloatPair box_muller(const Halves& halves) {
  const Words words;
  const Signed integers;
  const Floats floats;
  const auto u = hn::MulAdd(hn::ConvertTo(floats, hn::BitCast(integers, hn::ShiftRight<1>(halves.first))),
                            hn::Set(floats, 0x1p-31f), hn::Set(floats, 0x1p-32f));
  const auto r = radius(u);

  const auto angle = halves.second;
  const auto x =
      hn::Mul(hn::ConvertTo(floats, hn::BitCast(integers, hn::ShiftLeft<2>(angle))), hn::Set(floats, quarter_turn));
  const auto x2 = hn::Mul(x, x);
  auto s = hn::MulAdd(hn::Set(floats, sin_coefficients[2]), x2, hn::Set(floats, sin_coefficients[1]));
  s = hn::MulAdd(hn::MulAdd(s, x2, hn::Set(floats, sin_coefficients[0])), hn::Mul(x2, x), x);
  auto c = hn::MulAdd(hn::Set(floats, cos_coefficients[2]), x2, hn::Set(floats, cos_coefficients[1]));
  c = hn::MulAdd(c, x2, hn::Set(floats, cos_coefficients[0]));
  c = hn::MulAdd(hn::MulAdd(c, x2, hn::Set(floats, -0.5f)), x2, hn::Set(floats, 1.0f));

  const auto doubled = hn::Add(angle, angle);  // its top bit says whether sine and cosine change places
  const auto swap = hn::BitCast(floats, doubled);
  const auto cosine = flip_sign(hn::IfNegativeThenElse(swap, s, c), hn::Xor(angle, doubled));
  const auto sine = flip_sign(hn::IfNegativeThenElse(swap, c, s), angle);
  return {hn::Mul(r, cosine), hn::Mul(r, sine)};
}

HWY_INLINE FloatVec uniform_values(WordVec random, FloatVec low, FloatVec span, FloatVec last) {
  const Signed integers;
  const Floats floats;
  const auto u =
      hn::Mul(hn::ConvertTo(floats, hn::BitCast(integers, hn::ShiftRight<8>(random))), hn::Set(floats, 0x1p-24f));
  return hn::Min(hn::MulAdd(u, span, low), last);
}

HWY_INLINE FloatVec truncated_values(WordVec random, const TruncatedPlan& plan) {
  const Words words;
  const Signed integers;
  const Floats floats;
  const auto threshold = hn::Set(words, plan.threshold);
  const auto left = hn::Lt(random, threshold);
  const auto rest = hn::ShiftRightSame(hn::IfThenElse(left, random, hn::Sub(random, threshold)), plan.shift);
  const auto left_float = hn::RebindMask(floats, left);
  const auto slope = hn::IfThenElse(left_float, hn::Set(floats, plan.left_slope), hn::Set(floats, plan.right_slope));
  const auto intercept =
      hn::IfThenElse(left_float, hn::Set(floats, plan.left_intercept), hn::Set(floats, plan.right_intercept));
  const auto r = radius(hn::MulAdd(hn::ConvertTo(floats, hn::BitCast(integers, rest)), slope, intercept));
  auto n = hn::Set(floats, tail_numerator[4]);
  auto d = hn::Set(floats, tail_denominator[4]);
  for (int i = 3; i >= 0; --i) {
    n = hn::MulAdd(n, r, hn::Set(floats, tail_numerator[i]));
    d = hn::MulAdd(d, r, hn::Set(floats, tail_denominator[i]));
  }
  const auto tail = hn::Sub(r, hn::Div(n, d));
  const auto z = hn::IfThenElse(left_float, hn::Neg(tail), tail);
  const auto value = hn::MulAdd(z, hn::Set(floats, plan.std), hn::Set(floats, plan.mean));
  return hn::Min(hn::Max(value, hn::Set(floats, plan.low)), hn::Set(floats, plan.high));
}

/// A row of eight floats in each eight lanes.
HWY_INLINE FloatVec eights(const float* row) {
#if HWY_TARGET == HWY_AVX3
  return FloatVec{_mm512_broadcast_f32x8(_mm256_loadu_ps(row))};
#else
  return hn::LoadU(Floats(), row);
#endif
}

/// The float of `eights` that the last three bits of each index choose.
HWY_INLINE FloatVec choose(FloatVec eights, WordVec index) {
#if HWY_TARGET == HWY_AVX3
  return FloatVec{_mm512_permutexvar_ps(index.raw, eights.raw)};
#else
  return FloatVec{_mm256_permutevar8x32_ps(eights.raw, index.raw)};
#endif
}

HWY_INLINE FloatVec central_values(WordVec random, const TruncatedPlan& plan) {
  const Words words;
  const Signed integers;
  const Floats floats;
  const auto x = hn::MulAdd(hn::ConvertTo(floats, hn::BitCast(integers, random)), hn::Set(floats, plan.central_slope),
                            hn::Set(floats, plan.central_intercept));
  const auto t = hn::NegMulAdd(x, x, hn::Set(floats, central_one));
  const auto piece = hn::ShiftRight<22>(hn::BitCast(words, t));
  const auto s = hn::Sub(t, choose(eights(central_centres), piece));
  const auto s2 = hn::Mul(s, s);
  const auto coefficient = [&](int i) HWY_ATTR { return choose(eights(plan.central[i]), piece); };
  const auto pair = [&](int i) HWY_ATTR { return hn::MulAdd(coefficient(i + 1), s, coefficient(i)); };
  const auto p = hn::MulAdd(hn::MulAdd(pair(4), s2, pair(2)), s2, pair(0));
  const auto value = hn::MulAdd(x, p, hn::Set(floats, plan.mean));
  return hn::Min(hn::Max(value, hn::Set(floats, plan.low)), hn::Set(floats, plan.high));
}

/// Calls store(to, halves); `to` is where the first half goes, the second's place is 16 elements on.
template <class T, class Store>
HWY_INLINE void each_half_pair(T* HWY_RESTRICT out, const Tiles& tiles, const Store& store) {
  each_group(tiles, [&](std::size_t tile, std::size_t group, const Halves& halves)
                        HWY_ATTR { store(out + tile * tile_size + 2 * group, halves); });
}

void bits_tiles(std::uint32_t* HWY_RESTRICT out, const Tiles& tiles) {
  each_half_pair(out, tiles, [](std::uint32_t* HWY_RESTRICT to, const Halves& halves) HWY_ATTR {
    const Words words;
    hn::StoreU(halves.first, words, to);
    hn::StoreU(halves.second, words, to + 16);
  });
}

void uniform_tiles(float* HWY_RESTRICT out, const Tiles& tiles, const UniformPlan& plan) {
  const Floats floats;
  const auto low = hn::Set(floats, plan.low), span = hn::Set(floats, plan.span), last = hn::Set(floats, plan.last);
  each_half_pair(out, tiles, [=](float* HWY_RESTRICT to, const Halves& halves) HWY_ATTR {
    const Floats to_floats;
    hn::StoreU(uniform_values(halves.first, low, span, last), to_floats, to);
    hn::StoreU(uniform_values(halves.second, low, span, last), to_floats, to + 16);
  });
}

void normal_tiles(float* HWY_RESTRICT out, const Tiles& tiles, float mean, float std) {
  const Floats floats;
  const auto means = hn::Set(floats, mean), stds = hn::Set(floats, std);
  each_half_pair(out, tiles, [=](float* HWY_RESTRICT to, const Halves& halves) HWY_ATTR {
    const Floats to_floats;
    const FloatPair pair = box_muller(halves);
    hn::StoreU(hn::MulAdd(pair.cosine, stds, means), to_floats, to);
    hn::StoreU(hn::MulAdd(pair.sine, stds, means), to_floats, to + 16);
  });
}

void truncated_tiles(float* HWY_RESTRICT out, const Tiles& tiles, const TruncatedPlan& plan) {
  if (plan.central_slope != 0) {
    each_half_pair(out, tiles, [plan](float* HWY_RESTRICT to, const Halves& halves) HWY_ATTR {
      const Floats floats;
      hn::StoreU(central_values(halves.first, plan), floats, to);
      hn::StoreU(central_values(halves.second, plan), floats, to + 16);
    });
    return;
  }
  each_half_pair(out, tiles, [&plan](float* HWY_RESTRICT to, const Halves& halves) HWY_ATTR {
    const Floats floats;
    hn::StoreU(truncated_values(halves.first, plan), floats, to);
    hn::StoreU(truncated_values(halves.second, plan), floats, to + 16);
  });
}

#else  // no fused multiply-add

void bits_tiles(std::uint32_t* out, const Tiles& tiles) {
  reference::bits(out, tiles);
}
void uniform_tiles(float* out, const Tiles& tiles, const UniformPlan& plan) {
  reference::uniform(out, tiles, plan);
}
void normal_tiles(float* out, const Tiles& tiles, float mean, float std) {
  reference::normal(out, tiles, mean, std);
}
void truncated_tiles(float* out, const Tiles& tiles, const TruncatedPlan& plan) {
  reference::truncated(out, tiles, plan);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace fanin::random::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::random::simd {

// Before main(), so that no loop has run.
[[maybe_unused]] const bool limited = apply_limit();

HWY_EXPORT(bits_tiles);
HWY_EXPORT(uniform_tiles);
HWY_EXPORT(normal_tiles);
HWY_EXPORT(truncated_tiles);

void bits(std::uint32_t* out, const Tiles& tiles) {
  HWY_DYNAMIC_DISPATCH(bits_tiles)(out, tiles);
}

void uniform(float* out, const Tiles& tiles, const UniformPlan& plan) {
  HWY_DYNAMIC_DISPATCH(uniform_tiles)(out, tiles, plan);
}

void normal(float* out, const Tiles& tiles, float mean, float std) {
  HWY_DYNAMIC_DISPATCH(normal_tiles)(out, tiles, mean, std);
}

void truncated(float* out, const Tiles& tiles, const TruncatedPlan& plan) {
  HWY_DYNAMIC_DISPATCH(truncated_tiles)(out, tiles, plan);
}

std::vector<Target> runnable_targets() {
  std::vector<Target> targets;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
    targets.push_back({target, hwy::TargetName(target)});
  return targets;
}

void force_target(std::int64_t id) {
  hwy::SetSupportedTargetsForTest(id);
  hwy::GetChosenTarget().DeInit();
}

}  // namespace fanin::random::simd
#endif  // HWY_ONCE
