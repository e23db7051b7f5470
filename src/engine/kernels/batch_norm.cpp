// Batch normalization's kernels, compiled once for each instruction set.
//
// Lanes hold channels (block > 1) or positions of one channel (row-major, block 1); sums run in float32 over some
// thousand positions, then in double.
#include "engine/kernels/batch_norm.h"

#include <algorithm>
#include <cmath>

#ifndef FANIN_ENGINE_KERNELS_BATCH_NORM_SUMS_
#define FANIN_ENGINE_KERNELS_BATCH_NORM_SUMS_
namespace fanin::engine::kernels {
namespace {

/// The sums of a block of channels: in memory the arrays of all blocks behind each other.
struct Sums {
  double *first, *second;
  float* about;
};
inline Sums sums_of(const NormGeometry& g, void* sums, std::int64_t b) {
  const std::int64_t all = g.blocks * g.block;
  double* first = static_cast<double*>(sums);
  return {first + b * g.block, first + all + b * g.block, reinterpret_cast<float*>(first + 2 * all) + b * g.block};
}

}  // namespace
}  // namespace fanin::engine::kernels
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/batch_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace fanin::engine::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The positions of one vector of channels (or of one channel, row-major) in all images: `n` runs of `count` vectors,
/// `stride` floats apart.
struct Runs {
  std::int64_t offset, n, image_stride, count, stride;
  std::int64_t channel;  // first lane's, inside the block
  bool by_channel;       // lanes are channels; else all lanes are of one
};

/// body(tag, runs) for a block of channels.
template <class Body>
HWY_INLINE HWY_ATTR void for_runs(const NormGeometry& g, std::int64_t b, const Body& body) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t plane = g.positions * g.block, image = g.blocks * plane;
  if (g.block == 1) {
    const std::int64_t whole = g.positions / lanes * lanes;
    if (whole > 0) body(d, Runs{b * plane, g.n, image, whole / lanes, lanes, 0, false});
    if (whole < g.positions) body(one, Runs{b * plane + whole, g.n, image, g.positions - whole, 1, 0, false});
    return;
  }
  // Channels last: the images follow each other without a gap, so they are one long run, cut to bounded pieces.
  const bool joined = g.blocks == 1;
  const std::int64_t n = joined ? 1 : g.n, count = joined ? g.n * g.positions : g.positions;
  std::int64_t c = 0;
  for (; c + lanes <= g.block; c += lanes) body(d, Runs{b * plane + c, n, image, count, g.block, c, true});
  for (; c < g.block; ++c) body(one, Runs{b * plane + c, n, image, count, g.block, c, true});
}

template <class D>
HWY_INLINE hn::Vec<D> constants(D d, const float* of_block, const Runs& r) {
  return r.by_channel ? hn::LoadU(d, of_block + r.channel) : hn::Set(d, of_block[0]);
}

/// Adds the lanes of v to the channels' sums.
template <class D>
HWY_INLINE void flush(D d, hn::Vec<D> v, const Runs& r, double* sums) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, d, lanes);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i)
    sums[r.by_channel ? r.channel + static_cast<std::int64_t>(i) : 0] += static_cast<double>(lanes[i]);
}

/// Walks over all positions, `step(vector offset, sum1, sum2)`, and flushes the two sums every few thousand vectors.
template <class D, class Step>
HWY_INLINE HWY_ATTR void two_sums(D d, const Runs& r, double* sums1, double* sums2, const Step& step) {
  constexpr std::int64_t most = 2048;
  auto a1 = hn::Zero(d), a2 = hn::Zero(d), b1 = hn::Zero(d), b2 = hn::Zero(d);
  auto c1 = hn::Zero(d), c2 = hn::Zero(d), e1 = hn::Zero(d), e2 = hn::Zero(d);
  std::int64_t pending = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    for (std::int64_t start = 0; start < r.count;) {
      const std::int64_t length = std::min(most - pending, r.count - start);
      std::int64_t at = r.offset + i * r.image_stride + start * r.stride;
      std::int64_t k = 0;
      for (; k + 4 <= length; k += 4, at += 4 * r.stride) {
        step(at, a1, a2);
        step(at + r.stride, b1, b2);
        step(at + 2 * r.stride, c1, c2);
        step(at + 3 * r.stride, e1, e2);
      }
      for (; k < length; ++k, at += r.stride) step(at, a1, a2);
      start += length;
      pending += length;
      if (pending == most) {
        flush(d, hn::Add(hn::Add(a1, b1), hn::Add(c1, e1)), r, sums1);
        flush(d, hn::Add(hn::Add(a2, b2), hn::Add(c2, e2)), r, sums2);
        a1 = a2 = b1 = b2 = c1 = c2 = e1 = e2 = hn::Zero(d);
        pending = 0;
      }
    }
  }
  flush(d, hn::Add(hn::Add(a1, b1), hn::Add(c1, e1)), r, sums1);
  flush(d, hn::Add(hn::Add(a2, b2), hn::Add(c2, e2)), r, sums2);
}

template <class D, class Step>
HWY_INLINE HWY_ATTR void for_positions(D, const Runs& r, const Step& step) {
  for (std::int64_t i = 0; i < r.n; ++i) {
    std::int64_t at = r.offset + i * r.image_stride;
    for (std::int64_t k = 0; k < r.count; ++k, at += r.stride) step(at);
  }
}

/// The arrays of a block of channels: in `saved` behind each other for all blocks.
struct Saved {
  const float *factor, *offset, *mean;
};
HWY_INLINE Saved saved_of(const NormGeometry& g, const float* saved, std::int64_t b) {
  const std::int64_t all = g.blocks * g.block;
  return {saved + b * g.block, saved + all + b * g.block, saved + 2 * all + b * g.block};
}

template <class D>
HWY_INLINE hn::Vec<D> clamped(D d, hn::Vec<D> v) {
  return hn::IfThenElse(hn::Lt(v, hn::Zero(d)), hn::Zero(d), v);  // NaN stays NaN
}

void norm_sums(const NormGeometry& g, bool first, const float* x, void* sums) {
  for (std::int64_t b = 0; b < g.blocks; ++b) {
    const Sums s = sums_of(g, sums, b);
    if (first) {
      NormGeometry one = g;
      one.n = 1;
      std::fill_n(s.first, g.block, 0.0);
      std::fill_n(s.second, g.block, 0.0);
      for_runs(one, b, [&](auto d, const Runs& r) HWY_ATTR {
        two_sums(d, r, s.first, s.second,
                 [&](std::int64_t at, auto& sum, auto&) HWY_ATTR { sum = hn::Add(sum, hn::LoadU(d, x + at)); });
      });
      for (std::int64_t c = 0; c < g.block; ++c) {
        s.about[c] = static_cast<float>(s.first[c] / static_cast<double>(g.positions));
        s.first[c] = 0;
      }
    }
    for_runs(g, b, [&](auto d, const Runs& r) HWY_ATTR {
      const auto about = constants(d, s.about, r);
      two_sums(d, r, s.first, s.second, [&](std::int64_t at, auto& sum, auto& squares) HWY_ATTR {
        const auto v = hn::Sub(hn::LoadU(d, x + at), about);
        sum = hn::Add(sum, v);
        squares = hn::MulAdd(v, v, squares);
      });
    });
  }
}

template <bool with_residual, bool with_relu>
HWY_INLINE HWY_ATTR void apply(const NormGeometry& g, const NormApply& a) {
  for (std::int64_t b = 0; b < g.blocks; ++b) {
    const Saved s = saved_of(g, a.saved, b);
    for_runs(g, b, [&](auto d, const Runs& r) HWY_ATTR {
      const auto factor = constants(d, s.factor, r), offset = constants(d, s.offset, r);
      for_positions(d, r, [&](std::int64_t at) HWY_ATTR {
        auto v = hn::MulAdd(hn::LoadU(d, a.x + at), factor, offset);
        if (with_residual) v = hn::Add(v, hn::LoadU(d, a.residual + at));
        if (with_relu) v = clamped(d, v);
        hn::StoreU(v, d, a.y + at);
      });
    });
  }
}

void norm_apply(const NormGeometry& g, const NormApply& a) {
  if (a.residual) {
    a.relu ? apply<true, true>(g, a) : apply<true, false>(g, a);
  } else {
    a.relu ? apply<false, true>(g, a) : apply<false, false>(g, a);
  }
}

/// Where the gradient at a position comes from.
enum class Source {
  plain,       // dy
  recomputed,  // dy where factor x + offset > 0
  masked,      // dy [+ dy2] [where y > 0], written to `masked`
};
Source source_of(const NormBackward& a) {
  return a.writes_masked() ? Source::masked : a.relu ? Source::recomputed : Source::plain;
}

template <Source source>
HWY_INLINE HWY_ATTR void gradient_sums(const NormGeometry& g, const NormBackward& a, void* sums) {
  for (std::int64_t b = 0; b < g.blocks; ++b) {
    const Saved s = saved_of(g, a.saved, b);
    const Sums to = sums_of(g, sums, b);
    for_runs(g, b, [&](auto d, const Runs& r) HWY_ATTR {
      const auto factor = constants(d, s.factor, r), offset = constants(d, s.offset, r), mean = constants(d, s.mean, r);
      const auto zero = hn::Zero(d);
      two_sums(d, r, to.first, to.second, [&](std::int64_t at, auto& first, auto& second) HWY_ATTR {
        auto gradient = hn::LoadU(d, a.dy + at);
        const auto x = hn::LoadU(d, a.x + at);
        if (source == Source::recomputed) {
          gradient = hn::IfThenElse(hn::Le(hn::MulAdd(x, factor, offset), zero), zero, gradient);
        } else if (source == Source::masked) {
          if (a.dy2) gradient = hn::Add(gradient, hn::LoadU(d, a.dy2 + at));
          if (a.relu) gradient = hn::IfThenElse(hn::Le(hn::LoadU(d, a.y + at), zero), zero, gradient);
          hn::StoreU(gradient, d, a.masked + at);
        }
        first = hn::Add(first, gradient);
        second = hn::MulAdd(gradient, hn::Sub(x, mean), second);
      });
    });
  }
}

void norm_gradient_sums(const NormGeometry& g, bool first, const NormBackward& a, void* sums) {
  if (first) std::fill_n(static_cast<double*>(sums), 2 * g.blocks * g.block, 0.0);
  switch (source_of(a)) {
    case Source::plain:
      return gradient_sums<Source::plain>(g, a, sums);
    case Source::recomputed:
      return gradient_sums<Source::recomputed>(g, a, sums);
    case Source::masked:
      return gradient_sums<Source::masked>(g, a, sums);
  }
}

template <bool with_mask>
HWY_INLINE HWY_ATTR void gradient_apply(const NormGeometry& g, const NormBackward& a) {
  const float* from = a.writes_masked() ? a.masked : a.dy;
  for (std::int64_t b = 0; b < g.blocks; ++b) {
    const Saved s = saved_of(g, a.saved, b);
    const float* by_x = a.lines + b * g.block;
    const float* constant = by_x + g.blocks * g.block;
    for_runs(g, b, [&](auto d, const Runs& r) HWY_ATTR {
      const auto factor = constants(d, s.factor, r), offset = constants(d, s.offset, r);
      const auto slope = constants(d, by_x, r), rest = constants(d, constant, r);
      const auto zero = hn::Zero(d);
      for_positions(d, r, [&](std::int64_t at) HWY_ATTR {
        auto gradient = hn::LoadU(d, from + at);
        const auto x = hn::LoadU(d, a.x + at);
        if (with_mask) gradient = hn::IfThenElse(hn::Le(hn::MulAdd(x, factor, offset), zero), zero, gradient);
        hn::StoreU(hn::MulAdd(factor, gradient, hn::MulAdd(x, slope, rest)), d, a.dx + at);
      });
    });
  }
}

void norm_gradient_apply(const NormGeometry& g, const NormBackward& a) {
  source_of(a) == Source::recomputed ? gradient_apply<true>(g, a) : gradient_apply<false>(g, a);
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::engine::kernels {
namespace {

/// factor and offset of y = factor x + offset for channel c from its mean and 1/sqrt(var + eps).
void set_line(const NormGeometry& g, const NormStatistics& a, std::int64_t c, double mean, double inverse) {
  const std::int64_t all = g.blocks * g.block;
  const double factor = static_cast<double>(a.scale[c]) * inverse;
  a.saved[c] = static_cast<float>(factor);
  a.saved[all + c] = static_cast<float>(static_cast<double>(a.shift[c]) - mean * factor);
  a.saved[2 * all + c] = static_cast<float>(mean);
  a.saved[3 * all + c] = static_cast<float>(inverse);
}

}  // namespace

HWY_EXPORT(norm_sums);
HWY_EXPORT(norm_apply);
HWY_EXPORT(norm_gradient_sums);
HWY_EXPORT(norm_gradient_apply);

void norm_sums(const NormGeometry& g, bool first, const float* x, void* sums) {
  HWY_DYNAMIC_DISPATCH(norm_sums)(g, first, x, sums);
}
void norm_apply(const NormGeometry& g, const NormApply& a) {
  HWY_DYNAMIC_DISPATCH(norm_apply)(g, a);
}
void norm_gradient_sums(const NormGeometry& g, bool first, const NormBackward& a, void* sums) {
  HWY_DYNAMIC_DISPATCH(norm_gradient_sums)(g, first, a, sums);
}
void norm_gradient_apply(const NormGeometry& g, const NormBackward& a) {
  HWY_DYNAMIC_DISPATCH(norm_gradient_apply)(g, a);
}

void norm_statistics(const NormGeometry& g, const NormStatistics& a) {
  std::fill_n(a.saved, norm_saved_floats(g), 0.0F);
  const double count = static_cast<double>(g.n * g.positions);
  const Sums s = sums_of(g, const_cast<void*>(a.sums), 0);
  for (std::int64_t c = 0; c < g.channels; ++c) {
    const double shifted = s.first[c] / count, mean = static_cast<double>(s.about[c]) + shifted;
    double var = s.second[c] / count - shifted * shifted;
    if (var < 0) var = 0;  // rounding; NaN stays
    set_line(g, a, c, mean, 1.0 / std::sqrt(var + a.epsilon));
    const double unbiased = count > 1 ? var * count / (count - 1) : var;
    a.running_mean[c] =
        static_cast<float>((1 - a.momentum) * static_cast<double>(a.running_mean[c]) + a.momentum * mean);
    a.running_var[c] =
        static_cast<float>((1 - a.momentum) * static_cast<double>(a.running_var[c]) + a.momentum * unbiased);
  }
}

void norm_running(const NormGeometry& g, const NormStatistics& a) {
  std::fill_n(a.saved, norm_saved_floats(g), 0.0F);
  for (std::int64_t c = 0; c < g.channels; ++c) {
    set_line(g, a, c, static_cast<double>(a.running_mean[c]),
             1.0 / std::sqrt(static_cast<double>(a.running_var[c]) + a.epsilon));
  }
}

void norm_gradient_lines(const NormGeometry& g, const void* sums, const float* scale, const float* saved, float* dscale,
                         float* dshift, float* lines) {
  std::fill_n(lines, norm_lines_floats(g), 0.0F);
  const std::int64_t all = g.blocks * g.block;
  const double count = static_cast<double>(g.n * g.positions);
  const Sums s = sums_of(g, const_cast<void*>(sums), 0);
  for (std::int64_t c = 0; c < g.channels; ++c) {
    const double mean = static_cast<double>(saved[2 * all + c]), inverse = static_cast<double>(saved[3 * all + c]);
    dscale[c] = static_cast<float>(s.second[c] * inverse);
    dshift[c] = static_cast<float>(s.first[c]);
    const double factor = static_cast<double>(scale[c]) * inverse;
    const double slope = -factor * inverse * inverse * s.second[c] / count;
    lines[c] = static_cast<float>(slope);
    lines[all + c] = static_cast<float>(-factor * s.first[c] / count - slope * mean);
  }
}

}  // namespace fanin::engine::kernels
#endif
