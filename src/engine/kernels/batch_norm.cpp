// Batch normalization's kernels, compiled once for each instruction set.
//
// A channel block is treated from its statistics to its result before the next, while it may still be in cache. Lanes
// hold channels (block > 1) or positions of one channel (row-major, block 1); sums run in float32 over some thousand
// positions, then in double.
#include "engine/kernels/batch_norm.h"

#include <algorithm>
#include <cmath>

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
  float *factor, *offset, *mean, *inverse;
};
HWY_INLINE Saved saved_of(const NormGeometry& g, float* saved, std::int64_t b) {
  const std::int64_t all = g.blocks * g.block;
  return {saved + b * g.block, saved + all + b * g.block, saved + 2 * all + b * g.block, saved + 3 * all + b * g.block};
}

template <bool with_residual, bool with_relu>
HWY_INLINE HWY_ATTR void apply(const NormGeometry& g, const NormForward& a, std::int64_t b) {
  const Saved s = saved_of(g, a.saved, b);
  for_runs(g, b, [&](auto d, const Runs& r) HWY_ATTR {
    const auto factor = constants(d, s.factor, r), offset = constants(d, s.offset, r);
    const auto zero = hn::Zero(d);
    for_positions(d, r, [&](std::int64_t at) HWY_ATTR {
      auto v = hn::MulAdd(hn::LoadU(d, a.x + at), factor, offset);
      if (with_residual) v = hn::Add(v, hn::LoadU(d, a.residual + at));
      if (with_relu) v = hn::IfThenElse(hn::Lt(v, zero), zero, v);
      hn::StoreU(v, d, a.y + at);
    });
  });
}

void apply_block(const NormGeometry& g, const NormForward& a, std::int64_t b) {
  if (a.residual) {
    a.relu ? apply<true, true>(g, a, b) : apply<true, false>(g, a, b);
  } else {
    a.relu ? apply<false, true>(g, a, b) : apply<false, false>(g, a, b);
  }
}

/// factor and offset of y = factor x + offset from mean and 1/sqrt(var + eps); 0 for channels that are padding.
void set_line(const NormGeometry& g, const NormForward& a, std::int64_t b, std::int64_t c, double mean,
              double inverse) {
  const Saved s = saved_of(g, a.saved, b);
  const std::int64_t channel = b * g.block + c;
  const double factor = static_cast<double>(a.scale[channel]) * inverse;
  s.factor[c] = static_cast<float>(factor);
  s.offset[c] = static_cast<float>(static_cast<double>(a.shift[channel]) - mean * factor);
  s.mean[c] = static_cast<float>(mean);
  s.inverse[c] = static_cast<float>(inverse);
}

void clear_line(const NormGeometry& g, float* saved, std::int64_t b, std::int64_t c) {
  const Saved s = saved_of(g, saved, b);
  s.factor[c] = s.offset[c] = s.mean[c] = s.inverse[c] = 0;
}

void norm_training(const NormGeometry& g, const NormForward& a) {
  const double count = static_cast<double>(g.n * g.positions);
  double* sum = a.scratch;
  double* squares = a.scratch + g.block;
  for (std::int64_t b = 0; b < g.blocks; ++b) {
    const Saved s = saved_of(g, a.saved, b);
    // Sums are taken about a value near the mean, the mean of the first image's channel, lest squares cancel.
    std::fill_n(sum, 2 * g.block, 0.0);
    for_runs(g, b, [&](auto d, Runs r) HWY_ATTR {
      r.n = 1;
      r.count = g.block == 1 ? r.count : g.positions;
      two_sums(d, r, sum, squares,
               [&](std::int64_t at, auto& first, auto&) HWY_ATTR { first = hn::Add(first, hn::LoadU(d, a.x + at)); });
    });
    for (std::int64_t c = 0; c < g.block; ++c) {
      s.mean[c] = static_cast<float>(sum[c] / static_cast<double>(g.positions));
    }
    std::fill_n(sum, 2 * g.block, 0.0);
    for_runs(g, b, [&](auto d, const Runs& r) HWY_ATTR {
      const auto about = constants(d, s.mean, r);
      two_sums(d, r, sum, squares, [&](std::int64_t at, auto& first, auto& second) HWY_ATTR {
        const auto v = hn::Sub(hn::LoadU(d, a.x + at), about);
        first = hn::Add(first, v);
        second = hn::MulAdd(v, v, second);
      });
    });
    for (std::int64_t c = 0; c < g.block; ++c) {
      const std::int64_t channel = b * g.block + c;
      if (channel >= g.channels) {
        clear_line(g, a.saved, b, c);
        continue;
      }
      const double shifted = sum[c] / count, mean = static_cast<double>(s.mean[c]) + shifted;
      double var = squares[c] / count - shifted * shifted;
      if (var < 0) var = 0;  // rounding; NaN stays
      set_line(g, a, b, c, mean, 1.0 / std::sqrt(var + a.epsilon));
      const double unbiased = count > 1 ? var * count / (count - 1) : var;
      float& running_mean = a.running_mean[channel];
      float& running_var = a.running_var[channel];
      running_mean = static_cast<float>((1 - a.momentum) * static_cast<double>(running_mean) + a.momentum * mean);
      running_var = static_cast<float>((1 - a.momentum) * static_cast<double>(running_var) + a.momentum * unbiased);
    }
    apply_block(g, a, b);
  }
}

void norm_evaluation(const NormGeometry& g, const NormForward& a) {
  for (std::int64_t b = 0; b < g.blocks; ++b) {
    for (std::int64_t c = 0; c < g.block; ++c) {
      const std::int64_t channel = b * g.block + c;
      if (channel >= g.channels) {
        clear_line(g, a.saved, b, c);
        continue;
      }
      set_line(g, a, b, c, static_cast<double>(a.running_mean[channel]),
               1.0 / std::sqrt(static_cast<double>(a.running_var[channel]) + a.epsilon));
    }
    apply_block(g, a, b);
  }
}

/// Where the gradient at a position comes from.
enum class Source {
  plain,       // dy
  recomputed,  // dy where factor x + offset > 0
  masked,      // dy [+ dy2] [where y > 0], written to `masked`
};

template <Source source>
HWY_INLINE HWY_ATTR void backward_block(const NormGeometry& g, const NormBackward& a, std::int64_t b) {
  const double count = static_cast<double>(g.n * g.positions);
  const Saved s = saved_of(g, const_cast<float*>(a.saved), b);
  double* sum = a.scratch;                // of the gradient
  double* product = a.scratch + g.block;  // of gradient (x - mean)
  std::fill_n(sum, 2 * g.block, 0.0);
  for_runs(g, b, [&](auto d, const Runs& r) HWY_ATTR {
    const auto factor = constants(d, s.factor, r), offset = constants(d, s.offset, r), mean = constants(d, s.mean, r);
    const auto zero = hn::Zero(d);
    two_sums(d, r, sum, product, [&](std::int64_t at, auto& first, auto& second) HWY_ATTR {
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
  float* by_x = reinterpret_cast<float*>(a.scratch + 2 * g.block);  // dx = factor gradient + by_x x + constant
  float* constant = by_x + g.block;
  for (std::int64_t c = 0; c < g.block; ++c) {
    const std::int64_t channel = b * g.block + c;
    by_x[c] = constant[c] = 0;
    if (channel >= g.channels) continue;
    const double inverse = static_cast<double>(s.inverse[c]), mean = static_cast<double>(s.mean[c]);
    a.dscale[channel] = static_cast<float>(product[c] * inverse);
    a.dshift[channel] = static_cast<float>(sum[c]);
    const double factor = static_cast<double>(a.scale[channel]) * inverse;
    const double slope = -factor * inverse * inverse * product[c] / count;
    by_x[c] = static_cast<float>(slope);
    constant[c] = static_cast<float>(-factor * sum[c] / count - slope * mean);
  }
  if (!a.dx) return;
  const float* from = source == Source::masked ? a.masked : a.dy;
  for_runs(g, b, [&](auto d, const Runs& r) HWY_ATTR {
    const auto factor = constants(d, s.factor, r), offset = constants(d, s.offset, r);
    const auto slope = constants(d, by_x, r), rest = constants(d, constant, r);
    const auto zero = hn::Zero(d);
    for_positions(d, r, [&](std::int64_t at) HWY_ATTR {
      auto gradient = hn::LoadU(d, from + at);
      const auto x = hn::LoadU(d, a.x + at);
      if (source == Source::recomputed) {
        gradient = hn::IfThenElse(hn::Le(hn::MulAdd(x, factor, offset), zero), zero, gradient);
      }
      hn::StoreU(hn::MulAdd(factor, gradient, hn::MulAdd(x, slope, rest)), d, a.dx + at);
    });
  });
}

void norm_backward(const NormGeometry& g, const NormBackward& a) {
  for (std::int64_t b = 0; b < g.blocks; ++b) {
    if (a.dy2 || (a.relu && a.residual)) {
      backward_block<Source::masked>(g, a, b);
    } else if (a.relu) {
      backward_block<Source::recomputed>(g, a, b);
    } else {
      backward_block<Source::plain>(g, a, b);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::engine::kernels {

HWY_EXPORT(norm_training);
HWY_EXPORT(norm_evaluation);
HWY_EXPORT(norm_backward);

void norm_training(const NormGeometry& geometry, const NormForward& a) {
  HWY_DYNAMIC_DISPATCH(norm_training)(geometry, a);
}
void norm_evaluation(const NormGeometry& geometry, const NormForward& a) {
  HWY_DYNAMIC_DISPATCH(norm_evaluation)(geometry, a);
}
void norm_backward(const NormGeometry& geometry, const NormBackward& a) {
  HWY_DYNAMIC_DISPATCH(norm_backward)(geometry, a);
}

}  // namespace fanin::engine::kernels
#endif
