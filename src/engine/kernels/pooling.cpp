// Pooling kernels, compiled once for each instruction set. Vectors run along the channels of a block; a row-major plane
// (block 1) takes the same path with one lane.
#include "engine/kernels/pooling.h"

#include <algorithm>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/pooling.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/kernels/loops.h"

HWY_BEFORE_NAMESPACE();
namespace fanin::engine::kernels {
namespace HWY_NAMESPACE {

/// The part of a window that lies inside the image, along one axis: [from, to) in the kernel's own count.
struct Range {
  std::int64_t start;  // of the window in the image; may be negative
  std::int64_t from, to;
};

HWY_INLINE Range range(std::int64_t out, std::int64_t stride, std::int64_t pad, std::int64_t kernel,
                       std::int64_t extent) {
  const std::int64_t start = out * stride - pad;
  return {start, std::max<std::int64_t>(0, -start), std::min(kernel, extent - start)};
}

/// body(range_y, range_x, output position) for each window.
template <class Body>
HWY_INLINE HWY_ATTR void for_windows(const PoolGeometry& g, const Body& body) {
  for (std::int64_t oy = 0; oy < g.out_h; ++oy) {
    const Range ry = range(oy, g.stride_h, g.pad_top, g.kernel_h, g.in_h);
    for (std::int64_t ox = 0; ox < g.out_w; ++ox) {
      body(ry, range(ox, g.stride_w, g.pad_left, g.kernel_w, g.in_w), oy * g.out_w + ox);
    }
  }
}

void max_pool(const PoolGeometry& g, const float* x, float* y, std::int32_t* winner, bool clamp) {
  const std::int64_t in_plane = g.in_h * g.in_w * g.block, out_plane = g.out_h * g.out_w * g.block;
  for (std::int64_t p = 0; p < g.planes; ++p) {
    const float* source = x + p * in_plane;
    for_windows(g, [=, &g](const Range& ry, const Range& rx, std::int64_t position) HWY_ATTR {
      const std::int64_t to = p * out_plane + position * g.block;
      const float* corner = source + (ry.start * g.in_w + rx.start) * g.block;
      for_vectors(static_cast<std::size_t>(g.block), [=, &g](auto d, std::size_t c) HWY_ATTR {
        const hn::RebindToSigned<decltype(d)> di;
        auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
        auto place = hn::Set(di, static_cast<std::int32_t>(ry.from * g.kernel_w + rx.from));
        for (std::int64_t ky = ry.from; ky < ry.to; ++ky) {
          for (std::int64_t kx = rx.from; kx < rx.to; ++kx) {
            const auto v = hn::LoadU(d, corner + (ky * g.in_w + kx) * g.block + c);
            const auto wins = hn::Or(hn::Gt(v, best), hn::IsNaN(v));
            best = hn::IfThenElse(wins, v, best);
            place = hn::IfThenElse(hn::RebindMask(di, wins),
                                   hn::Set(di, static_cast<std::int32_t>(ky * g.kernel_w + kx)), place);
          }
        }
        if (clamp) {
          const auto off = hn::Le(best, hn::Zero(d));
          best = hn::IfThenElse(off, hn::Zero(d), best);
          place = hn::IfThenElse(hn::RebindMask(di, off), hn::Set(di, no_winner), place);
        }
        hn::StoreU(best, d, y + to + static_cast<std::int64_t>(c));
        if (winner) hn::StoreU(place, di, winner + to + static_cast<std::int64_t>(c));
      });
    });
  }
}

void max_pool_backward(const PoolGeometry& g, const float* dy, const std::int32_t* winner, float* dx) {
  const std::int64_t in_plane = g.in_h * g.in_w * g.block, out_plane = g.out_h * g.out_w * g.block;
  const bool apart = g.stride_h >= g.kernel_h && g.stride_w >= g.kernel_w;  // each pixel in one window at most
  const bool covered = g.stride_h == g.kernel_h && g.stride_w == g.kernel_w &&
                       g.out_h * g.kernel_h >= g.in_h + g.pad_top && g.out_w * g.kernel_w >= g.in_w + g.pad_left;
  for (std::int64_t p = 0; p < g.planes; ++p) {
    float* target = dx + p * in_plane;
    if (!(apart && covered)) std::memset(target, 0, static_cast<std::size_t>(in_plane) * sizeof(float));
    for_windows(g, [=, &g](const Range& ry, const Range& rx, std::int64_t position) HWY_ATTR {
      const std::int64_t from = p * out_plane + position * g.block;
      float* corner = target + (ry.start * g.in_w + rx.start) * g.block;
      for_vectors(static_cast<std::size_t>(g.block), [=, &g](auto d, std::size_t c) HWY_ATTR {
        const hn::RebindToSigned<decltype(d)> di;
        const auto gradient = hn::LoadU(d, dy + from + static_cast<std::int64_t>(c));
        const auto place = hn::LoadU(di, winner + from + static_cast<std::int64_t>(c));
        for (std::int64_t ky = ry.from; ky < ry.to; ++ky) {
          for (std::int64_t kx = rx.from; kx < rx.to; ++kx) {
            float* cell = corner + (ky * g.in_w + kx) * g.block + c;
            const auto here = hn::Eq(place, hn::Set(di, static_cast<std::int32_t>(ky * g.kernel_w + kx)));
            const auto share = hn::IfThenElseZero(hn::RebindMask(d, here), gradient);
            hn::StoreU(apart ? share : hn::Add(hn::LoadU(d, cell), share), d, cell);
          }
        }
      });
    });
  }
}

/// One over the number of cells that a window's mean counts.
HWY_INLINE float weight(const PoolGeometry& g, const Averaging& a, const Range& ry, const Range& rx) {
  std::int64_t height = ry.to - ry.from, width = rx.to - rx.from;
  if (a.count_pad) {
    height = std::min(g.kernel_h, g.in_h + a.pad_bottom - ry.start);
    width = std::min(g.kernel_w, g.in_w + a.pad_right - rx.start);
  }
  return 1.0F / static_cast<float>(height * width);
}

void average_pool(const PoolGeometry& g, const Averaging& averaging, const float* x, float* y) {
  const std::int64_t in_plane = g.in_h * g.in_w * g.block, out_plane = g.out_h * g.out_w * g.block;
  for (std::int64_t p = 0; p < g.planes; ++p) {
    const float* source = x + p * in_plane;
    for_windows(g, [=, &g](const Range& ry, const Range& rx, std::int64_t position) HWY_ATTR {
      float* to = y + p * out_plane + position * g.block;
      const float* corner = source + (ry.start * g.in_w + rx.start) * g.block;
      const float factor = weight(g, averaging, ry, rx);
      for_vectors(static_cast<std::size_t>(g.block), [=, &g](auto d, std::size_t c) HWY_ATTR {
        auto sum = hn::Zero(d);
        for (std::int64_t ky = ry.from; ky < ry.to; ++ky) {
          for (std::int64_t kx = rx.from; kx < rx.to; ++kx) {
            sum = hn::Add(sum, hn::LoadU(d, corner + (ky * g.in_w + kx) * g.block + c));
          }
        }
        hn::StoreU(hn::Mul(sum, hn::Set(d, factor)), d, to + c);
      });
    });
  }
}

void average_pool_backward(const PoolGeometry& g, const Averaging& averaging, const float* dy, float* dx) {
  const std::int64_t in_plane = g.in_h * g.in_w * g.block, out_plane = g.out_h * g.out_w * g.block;
  for (std::int64_t p = 0; p < g.planes; ++p) {
    float* target = dx + p * in_plane;
    std::memset(target, 0, static_cast<std::size_t>(in_plane) * sizeof(float));
    for_windows(g, [=, &g](const Range& ry, const Range& rx, std::int64_t position) HWY_ATTR {
      const float* from = dy + p * out_plane + position * g.block;
      float* corner = target + (ry.start * g.in_w + rx.start) * g.block;
      const float factor = weight(g, averaging, ry, rx);
      for_vectors(static_cast<std::size_t>(g.block), [=, &g](auto d, std::size_t c) HWY_ATTR {
        const auto share = hn::Mul(hn::LoadU(d, from + c), hn::Set(d, factor));
        for (std::int64_t ky = ry.from; ky < ry.to; ++ky) {
          for (std::int64_t kx = rx.from; kx < rx.to; ++kx) {
            float* cell = corner + (ky * g.in_w + kx) * g.block + c;
            hn::StoreU(hn::Add(hn::LoadU(d, cell), share), d, cell);
          }
        }
      });
    });
  }
}

void global_average(const GlobalGeometry& g, const float* x, float* y) {
  const float factor = 1.0F / static_cast<float>(g.positions);
  for (std::int64_t i = 0; i < g.n * g.blocks; ++i) {
    const float* plane = x + i * g.positions * g.block;
    const std::int64_t first = i % g.blocks * g.block;
    float* to = y + i / g.blocks * g.channels + first;
    if (g.block == 1) {
      const hn::ScalableTag<float> d;
      const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
      auto sum = hn::Zero(d);
      std::int64_t p = 0;
      for (; p + lanes <= g.positions; p += lanes) sum = hn::Add(sum, hn::LoadU(d, plane + p));
      float total = hn::GetLane(hn::SumOfLanes(d, sum));
      for (; p < g.positions; ++p) total += plane[p];
      to[0] = total * factor;
      continue;
    }
    const std::int64_t real = std::min(g.block, g.channels - first);  // the rest is padding
    for_vectors(static_cast<std::size_t>(real), [=, &g](auto d, std::size_t c) HWY_ATTR {
      auto sum = hn::Zero(d);
      for (std::int64_t p = 0; p < g.positions; ++p) sum = hn::Add(sum, hn::LoadU(d, plane + p * g.block + c));
      hn::StoreU(hn::Mul(sum, hn::Set(d, factor)), d, to + c);
    });
  }
}

void global_average_backward(const GlobalGeometry& g, const float* dy, float* dx) {
  const float factor = 1.0F / static_cast<float>(g.positions);
  for (std::int64_t i = 0; i < g.n * g.blocks; ++i) {
    float* plane = dx + i * g.positions * g.block;
    const std::int64_t first = i % g.blocks * g.block;
    const float* from = dy + i / g.blocks * g.channels + first;
    if (g.block == 1) {
      const float share = from[0] * factor;
      for_vectors(static_cast<std::size_t>(g.positions),
                  [=](auto d, std::size_t p) HWY_ATTR { hn::StoreU(hn::Set(d, share), d, plane + p); });
      continue;
    }
    const std::int64_t real = std::min(g.block, g.channels - first);
    if (real < g.block) std::memset(plane, 0, static_cast<std::size_t>(g.positions * g.block) * sizeof(float));
    for_vectors(static_cast<std::size_t>(real), [=, &g](auto d, std::size_t c) HWY_ATTR {
      const auto share = hn::Mul(hn::LoadU(d, from + c), hn::Set(d, factor));
      for (std::int64_t p = 0; p < g.positions; ++p) hn::StoreU(share, d, plane + p * g.block + c);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::engine::kernels {

HWY_EXPORT(max_pool);
HWY_EXPORT(max_pool_backward);
HWY_EXPORT(average_pool);
HWY_EXPORT(average_pool_backward);
HWY_EXPORT(global_average);
HWY_EXPORT(global_average_backward);

void max_pool(const PoolGeometry& geometry, const float* x, float* y, std::int32_t* winner, bool clamp) {
  HWY_DYNAMIC_DISPATCH(max_pool)(geometry, x, y, winner, clamp);
}
void max_pool_backward(const PoolGeometry& geometry, const float* dy, const std::int32_t* winner, float* dx) {
  HWY_DYNAMIC_DISPATCH(max_pool_backward)(geometry, dy, winner, dx);
}
void average_pool(const PoolGeometry& geometry, const Averaging& averaging, const float* x, float* y) {
  HWY_DYNAMIC_DISPATCH(average_pool)(geometry, averaging, x, y);
}
void average_pool_backward(const PoolGeometry& geometry, const Averaging& averaging, const float* dy, float* dx) {
  HWY_DYNAMIC_DISPATCH(average_pool_backward)(geometry, averaging, dy, dx);
}
void global_average(const GlobalGeometry& geometry, const float* x, float* y) {
  HWY_DYNAMIC_DISPATCH(global_average)(geometry, x, y);
}
void global_average_backward(const GlobalGeometry& geometry, const float* dy, float* dx) {
  HWY_DYNAMIC_DISPATCH(global_average_backward)(geometry, dy, dx);
}

}  // namespace fanin::engine::kernels
#endif
