// The tile loops of doubles through Google Highway: simd/fill.cpp's twin for 64-bit elements, and the narrowing of
// floats to 16 bits. The operations and their order are those of random/transform_double.h.
#include "fanin/base/float16.h"
#include "random/simd/narrow.h"
#include "random/tiles.h"

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "random/simd/fill_double.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "random/simd/philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fanin::random::simd {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3

using Doubles = hn::RebindToFloat<Wide>;
using Longs = hn::RebindToSigned<Wide>;
using DoubleVec = hn::VFromD<Doubles>;

/// Both 64-bit words of each block become neighbours in `out`.
template <class Store>
HWY_INLINE void each_double_pair(double* HWY_RESTRICT out, const Tiles& tiles, const Store& store) {
  each_group(tiles, [&](std::size_t tile, std::size_t group, const Halves& halves) HWY_ATTR {
    const Wide wide;
    store(out + tile * tile_elements<double> + 2 * group, hn::BitCast(wide, halves.first),
          hn::BitCast(wide, halves.second));
  });
}

HWY_INLINE DoubleVec set(double value) {
  return hn::Set(Doubles(), value);
}

/// Words below 2^63 as doubles, rounded to nearest.
HWY_INLINE DoubleVec to_doubles(WideVec words) {
  return hn::ConvertTo(Doubles(), hn::BitCast(Longs(), words));
}

HWY_INLINE DoubleVec natural_log(DoubleVec u) {
  const Wide wide;
  const Longs longs;
  const Doubles doubles;
  const auto bits = hn::BitCast(wide, u);
  const auto exponent = hn::ShiftRight<52>(hn::BitCast(longs, hn::Sub(bits, hn::Set(wide, sqrt_half_bits_double))));
  const auto mantissa = hn::Sub(bits, hn::BitCast(wide, hn::ShiftLeft<52>(exponent)));
  const auto f = hn::Sub(hn::BitCast(doubles, mantissa), set(1.0));
  const auto s = hn::Div(f, hn::Add(set(2.0), f));
  const auto s2 = hn::Mul(s, s);
  auto series = set(1.0 / 23.0);
  for (int k = 21; k >= 1; k -= 2) series = hn::MulAdd(series, s2, set(1.0 / k));
  return hn::MulAdd(hn::ConvertTo(doubles, exponent), set(ln2), hn::Mul(hn::Mul(set(2.0), s), series));
}

HWY_INLINE DoubleVec taylor(DoubleVec x2, int last, int first) {
  const auto minus = hn::Neg(x2);
  auto series = set(1.0);
  for (int k = last; k >= first; k -= 2) series = hn::MulAdd(hn::Div(minus, set(k * (k + 1.0))), series, set(1.0));
  return series;
}

HWY_INLINE DoubleVec ratio(const double* numerator, const double* denominator, DoubleVec x) {
  auto n = set(numerator[0]), d = set(denominator[0]);
  for (int i = 1; i < 8; ++i) {
    n = hn::MulAdd(n, x, set(numerator[i]));
    d = hn::MulAdd(d, x, set(denominator[i]));
  }
  return hn::Div(n, d);
}

HWY_INLINE DoubleVec normal_tail(DoubleVec q) {
  const auto y = hn::Sub(set(0.5), q);
  const auto center = hn::Mul(y, ratio(center_numerator, center_denominator, hn::NegMulAdd(y, y, set(0.180625))));
  const auto r = hn::Sqrt(hn::Neg(natural_log(q)));
  auto tail = ratio(near_numerator, near_denominator, hn::Sub(r, set(1.6)));
  const auto near = hn::Le(r, set(far_limit));
  if (!hn::AllTrue(Doubles(), near))
    tail = hn::IfThenElse(near, tail, ratio(far_numerator, far_denominator, hn::Sub(r, set(5.0))));
  return hn::IfThenElse(hn::Le(y, set(center_limit)), center, tail);
}

HWY_INLINE DoubleVec truncated_values(WideVec random, const TruncatedPlanDouble& plan) {
  const Wide wide;
  const Doubles doubles;
  const auto threshold = hn::Set(wide, plan.threshold);
  const auto left = hn::Lt(random, threshold);
  const auto rest = hn::ShiftRightSame(hn::IfThenElse(left, random, hn::Sub(random, threshold)), plan.shift);
  const auto left_double = hn::RebindMask(doubles, left);
  const auto slope = hn::IfThenElse(left_double, set(plan.left_slope), set(plan.right_slope));
  const auto intercept = hn::IfThenElse(left_double, set(plan.left_intercept), set(plan.right_intercept));
  const auto tail = normal_tail(hn::MulAdd(to_doubles(rest), slope, intercept));
  const auto value = hn::MulAdd(hn::IfThenElse(left_double, hn::Neg(tail), tail), set(plan.std), set(plan.mean));
  return hn::Min(hn::Max(value, set(plan.low)), set(plan.high));
}

void uniform_doubles(double* HWY_RESTRICT out, const Tiles& tiles, const UniformPlanDouble& plan) {
  each_double_pair(out, tiles, [&plan](double* HWY_RESTRICT to, WideVec first, WideVec second) HWY_ATTR {
    const auto value = [&plan](WideVec word) HWY_ATTR {
      const auto u = hn::Mul(to_doubles(hn::ShiftRight<11>(word)), set(0x1p-53));
      return hn::Min(hn::MulAdd(u, set(plan.span), set(plan.low)), set(plan.last));
    };
    hn::StoreInterleaved2(value(first), value(second), Doubles(), to);
  });
}

void normal_doubles(double* HWY_RESTRICT out, const Tiles& tiles, double mean, double std) {
  each_double_pair(out, tiles, [=](double* HWY_RESTRICT to, WideVec first, WideVec angle) HWY_ATTR {
    const Wide wide;
    const Doubles doubles;
    const auto u = hn::MulAdd(to_doubles(hn::ShiftRight<11>(first)), set(0x1p-53), set(0x1p-54));
    const auto r = hn::Sqrt(hn::Mul(set(-2.0), natural_log(u)));
    const auto x = hn::Mul(to_doubles(hn::ShiftLeft<2>(angle)), set(quarter_turn_double));
    const auto x2 = hn::Mul(x, x);
    const auto s = hn::Mul(x, taylor(x2, 16, 2)), c = taylor(x2, 17, 1);
    const auto sign_bit = hn::Set(wide, std::uint64_t{1} << 63);
    const auto swap = hn::RebindMask(doubles, hn::TestBit(angle, hn::Set(wide, std::uint64_t{1} << 62)));
    const auto sine_sign = hn::BitCast(doubles, hn::And(angle, sign_bit));
    const auto cosine_sign = hn::BitCast(doubles, hn::And(hn::Xor(angle, hn::Add(angle, angle)), sign_bit));
    const auto cosine = hn::Mul(r, hn::Xor(hn::IfThenElse(swap, s, c), cosine_sign));
    const auto sine = hn::Mul(r, hn::Xor(hn::IfThenElse(swap, c, s), sine_sign));
    hn::StoreInterleaved2(hn::MulAdd(cosine, set(std), set(mean)), hn::MulAdd(sine, set(std), set(mean)), doubles, to);
  });
}

void truncated_doubles(double* HWY_RESTRICT out, const Tiles& tiles, const TruncatedPlanDouble& plan) {
  each_double_pair(out, tiles, [&plan](double* HWY_RESTRICT to, WideVec first, WideVec second) HWY_ATTR {
    hn::StoreInterleaved2(truncated_values(first, plan), truncated_values(second, plan), Doubles(), to);
  });
}

/// Whole vectors; returns how many values were done.
std::size_t narrow_bfloat16(const float* HWY_RESTRICT from, std::uint16_t* HWY_RESTRICT to, std::size_t count) {
  const Words words;
  const hn::Rebind<std::uint16_t, Words> shorts;
  std::size_t i = 0;
  for (; i + word_lanes <= count; i += word_lanes) {
    const auto bits = hn::BitCast(words, hn::LoadU(Floats(), from + i));
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1u));
    const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, hn::Set(words, 0x7FFFu)), odd));
    hn::StoreU(hn::TruncateTo(shorts, rounded), shorts, to + i);
  }
  return i;
}

std::size_t narrow_half(const float* HWY_RESTRICT from, std::uint16_t* HWY_RESTRICT to, std::size_t count) {
  const hn::Rebind<hwy::float16_t, Floats> halves;
  const hn::RebindToUnsigned<decltype(halves)> shorts;
  std::size_t i = 0;
  for (; i + word_lanes <= count; i += word_lanes)
    hn::StoreU(hn::BitCast(shorts, hn::DemoteTo(halves, hn::LoadU(Floats(), from + i))), shorts, to + i);
  return i;
}

#else  // no fused multiply-add

void uniform_doubles(double* out, const Tiles& tiles, const UniformPlanDouble& plan) {
  reference::uniform(out, tiles, plan);
}
void normal_doubles(double* out, const Tiles& tiles, double mean, double std) {
  reference::normal(out, tiles, mean, std);
}
void truncated_doubles(double* out, const Tiles& tiles, const TruncatedPlanDouble& plan) {
  reference::truncated(out, tiles, plan);
}
std::size_t narrow_bfloat16(const float*, std::uint16_t*, std::size_t) {
  return 0;
}
std::size_t narrow_half(const float*, std::uint16_t*, std::size_t) {
  return 0;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace fanin::random::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::random::simd {

HWY_EXPORT(uniform_doubles);
HWY_EXPORT(normal_doubles);
HWY_EXPORT(truncated_doubles);
HWY_EXPORT(narrow_bfloat16);
HWY_EXPORT(narrow_half);

void uniform(double* out, const Tiles& tiles, const UniformPlanDouble& plan) {
  HWY_DYNAMIC_DISPATCH(uniform_doubles)(out, tiles, plan);
}

void normal(double* out, const Tiles& tiles, double mean, double std) {
  HWY_DYNAMIC_DISPATCH(normal_doubles)(out, tiles, mean, std);
}

void truncated(double* out, const Tiles& tiles, const TruncatedPlanDouble& plan) {
  HWY_DYNAMIC_DISPATCH(truncated_doubles)(out, tiles, plan);
}

static_assert(sizeof(bfloat16) == sizeof(std::uint16_t) && sizeof(half) == sizeof(std::uint16_t));

void narrow(const float* from, bfloat16* to, std::size_t count) {
  const std::size_t done = HWY_DYNAMIC_DISPATCH(narrow_bfloat16)(from, &to->bits, count);
  for (std::size_t i = done; i < count; ++i) to[i] = to_bfloat16(from[i]);
}

void narrow(const float* from, half* to, std::size_t count) {
  const std::size_t done = HWY_DYNAMIC_DISPATCH(narrow_half)(from, &to->bits, count);
  for (std::size_t i = done; i < count; ++i) to[i] = to_half(from[i]);
}

}  // namespace fanin::random::simd
#endif  // HWY_ONCE
