// Nonlinearities over flat arrays and by channel, compiled once for each instruction set.
#include "engine/kernels/nonlinear.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/nonlinear.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After highway.h.
#include <hwy/contrib/math/math-inl.h>

#include "engine/kernels/loops.h"

HWY_BEFORE_NAMESPACE();
namespace fanin::engine::kernels {
namespace HWY_NAMESPACE {

void elu(float* y, const float* x, float alpha, float scale, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto low = hn::Mul(hn::Set(d, alpha), hn::Expm1(d, hn::Min(v, hn::Zero(d))));
    const auto curved = hn::Lt(v, hn::Zero(d));  // not where NaN is
    hn::StoreU(hn::Mul(hn::Set(d, scale), hn::IfThenElse(curved, low, v)), d, y + i);
  });
}

void elu_backward(float* dx, const float* dy, const float* x, float alpha, float scale, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto low = hn::Mul(hn::Set(d, alpha), hn::Exp(d, hn::Min(v, hn::Zero(d))));
    const auto slope = hn::IfThenElse(hn::Gt(v, hn::Zero(d)), hn::Set(d, 1.0F), low);
    hn::StoreU(hn::Mul(hn::LoadU(d, dy + i), hn::Mul(hn::Set(d, scale), slope)), d, dx + i);
  });
}

void softplus(float* y, const float* x, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto e = hn::Exp(d, hn::Neg(hn::Abs(v)));
    const auto sum = hn::Add(hn::Max(v, hn::Zero(d)), hn::Log1p(d, e));
    hn::StoreU(hn::IfThenElse(hn::Eq(v, v), sum, v), d, y + i);
  });
}

void softplus_backward(float* dx, const float* dy, const float* x, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto one = hn::Set(d, 1.0F);
    const auto e = hn::Exp(d, hn::Neg(hn::Abs(v)));
    const auto top = hn::IfThenElse(hn::Lt(v, hn::Zero(d)), e, one);
    hn::StoreU(hn::Mul(hn::LoadU(d, dy + i), hn::Div(top, hn::Add(one, e))), d, dx + i);
  });
}

void hardswish(float* y, const float* x, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto three = hn::Set(d, 3.0F);
    const auto middle = hn::Mul(hn::Mul(v, hn::Add(v, three)), hn::Set(d, 1.0F / 6.0F));
    const auto bent = hn::IfThenElse(hn::Ge(v, three), v, middle);
    hn::StoreU(hn::IfThenElse(hn::Le(v, hn::Neg(three)), hn::Zero(d), bent), d, y + i);
  });
}

void hardswish_backward(float* dx, const float* dy, const float* x, std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto three = hn::Set(d, 3.0F);
    const auto middle = hn::Mul(hn::Add(hn::Add(v, v), three), hn::Set(d, 1.0F / 6.0F));
    const auto bent = hn::IfThenElse(hn::Ge(v, three), hn::Set(d, 1.0F), middle);
    const auto slope = hn::IfThenElse(hn::Le(v, hn::Neg(three)), hn::Zero(d), bent);
    hn::StoreU(hn::Mul(hn::LoadU(d, dy + i), slope), d, dx + i);
  });
}

/// y = x or slope x, for n elements that have slopes of their own (`each`) or one for all.
HWY_INLINE HWY_ATTR void bend(float* y, const float* x, const float* gate, const float* slope, bool each,
                              std::size_t n) {
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    const auto a = each ? hn::LoadU(d, slope + i) : hn::Set(d, *slope);
    hn::StoreU(hn::IfThenElse(hn::Gt(hn::LoadU(d, gate + i), hn::Zero(d)), v, hn::Mul(a, v)), d, y + i);
  });
}

void bend_rows(float* y, const float* x, const float* gate, const float* slope, bool each, std::size_t n,
               std::size_t rows, std::size_t stride) {
  for (std::size_t row = 0; row < rows; ++row) {
    bend(y + row * stride, x + row * stride, gate + row * stride, slope, each, n);
  }
}

/// sums[k] += x dy where x <= 0, over rows of n <= 16 elements.
void sum_rows(float* sums, const float* x, const float* dy, std::size_t n, std::size_t rows, std::size_t stride) {
  for (std::size_t row = 0; row < rows; ++row) {
    for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
      const auto v = hn::LoadU(d, x + row * stride + i);
      const auto term = hn::Mul(v, hn::LoadU(d, dy + row * stride + i));
      const auto off = hn::Gt(v, hn::Zero(d));
      hn::StoreU(hn::Add(hn::LoadU(d, sums + i), hn::IfThenZeroElse(off, term)), d, sums + i);
    });
  }
}

/// The sum of x dy where x <= 0, over n elements that share a slope.
float sum_flat(const float* x, const float* dy, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    sum = hn::Add(sum, hn::IfThenZeroElse(hn::Gt(v, hn::Zero(d)), hn::Mul(v, hn::LoadU(d, dy + i))));
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < n; ++i) total += x[i] > 0 ? 0 : x[i] * dy[i];
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::engine::kernels {

HWY_EXPORT(elu);
HWY_EXPORT(elu_backward);
HWY_EXPORT(softplus);
HWY_EXPORT(softplus_backward);
HWY_EXPORT(hardswish);
HWY_EXPORT(hardswish_backward);
HWY_EXPORT(bend_rows);
HWY_EXPORT(sum_rows);
HWY_EXPORT(sum_flat);

void elu(float* y, const float* x, float alpha, float scale, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(elu)(y, x, alpha, scale, n);
}
void elu_backward(float* dx, const float* dy, const float* x, float alpha, float scale, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(elu_backward)(dx, dy, x, alpha, scale, n);
}
void softplus(float* y, const float* x, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(softplus)(y, x, n);
}
void softplus_backward(float* dx, const float* dy, const float* x, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(softplus_backward)(dx, dy, x, n);
}
void hardswish(float* y, const float* x, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(hardswish)(y, x, n);
}
void hardswish_backward(float* dx, const float* dy, const float* x, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(hardswish_backward)(dx, dy, x, n);
}

void clear_padding(const Layout& layout, float* values) {
  const std::int64_t used = layout.c % layout.block;
  if (used == 0) return;
  for (std::int64_t i = 0; i < layout.n; ++i) {
    float* last = values + layout.offset(i, layout.c - used, 0);
    for (std::int64_t p = 0; p < layout.h * layout.w; ++p) {
      std::fill(last + p * layout.block + used, last + (p + 1) * layout.block, 0.0F);
    }
  }
}

namespace {

/// At most this many channels are worked on at once where they are neighbours.
constexpr std::int64_t widest = 16;

/// body(channel, n): stretches of at most 16 channels that are neighbours; single ones in row-major.
template <class Body>
void for_stretches(const Layout& layout, const Body& body) {
  for (std::int64_t c = 0; c < layout.c;) {
    const std::int64_t n = std::min({widest, layout.block - c % layout.block, layout.c - c});
    body(c, n);
    c += n;
  }
}

/// dy or x through the slopes, gated by the sign of x.
void bend_all(const Layout& layout, const float* from, const float* x, const float* slope, std::int64_t slopes,
              float* to) {
  const auto positions = static_cast<std::size_t>(layout.h * layout.w);
  if (slopes == 1) {
    HWY_DYNAMIC_DISPATCH(bend_rows)(to, from, x, slope, false, static_cast<std::size_t>(layout.size()), 1, 0);
    return;
  }
  for_stretches(layout, [&](std::int64_t c, std::int64_t n) {
    for (std::int64_t i = 0; i < layout.n; ++i) {
      const std::int64_t at = layout.offset(i, c, 0);
      if (layout.block == 1) {
        HWY_DYNAMIC_DISPATCH(bend_rows)(to + at, from + at, x + at, slope + c, false, positions, 1, 0);
      } else {
        HWY_DYNAMIC_DISPATCH(bend_rows)
        (to + at, from + at, x + at, slope + c, true, static_cast<std::size_t>(n), positions,
         static_cast<std::size_t>(layout.block));
      }
    }
  });
}

}  // namespace

void prelu(const Layout& layout, const float* x, const float* slope, std::int64_t slopes, float* y) {
  bend_all(layout, x, x, slope, slopes, y);
  if (slopes > 1) clear_padding(layout, y);
}

void prelu_backward(const Layout& layout, const float* dy, const float* x, const float* slope, std::int64_t slopes,
                    float* dx, float* slope_gradient) {
  const auto positions = static_cast<std::size_t>(layout.h * layout.w);
  double of_all = 0;
  for_stretches(layout, [&](std::int64_t c, std::int64_t n) {
    double totals[widest] = {};
    for (std::int64_t i = 0; i < layout.n; ++i) {
      const std::int64_t at = layout.offset(i, c, 0);
      if (layout.block == 1) {
        totals[0] += static_cast<double>(HWY_DYNAMIC_DISPATCH(sum_flat)(x + at, dy + at, positions));
        continue;
      }
      float sums[widest] = {};
      HWY_DYNAMIC_DISPATCH(sum_rows)
      (sums, x + at, dy + at, static_cast<std::size_t>(n), positions, static_cast<std::size_t>(layout.block));
      for (std::int64_t k = 0; k < n; ++k) totals[k] += static_cast<double>(sums[k]);
    }
    for (std::int64_t k = 0; k < n; ++k) {
      if (slopes > 1) slope_gradient[c + k] = static_cast<float>(totals[k]);
      of_all += totals[k];
    }
  });
  if (slopes == 1) slope_gradient[0] = static_cast<float>(of_all);
  bend_all(layout, dy, x, slope, slopes, dx);
  if (slopes > 1 && dx != dy) clear_padding(layout, dx);
}

}  // namespace fanin::engine::kernels
#endif
