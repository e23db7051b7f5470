// One factor a channel: rows of positions where channels lie apart, else stretches of neighbouring channels.
#include "engine/kernels/channel_scale.h"

#include <algorithm>

#include "engine/kernels/elementwise.h"

namespace fanin::engine::kernels {
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

}  // namespace

void channel_scale(const Layout& layout, const float* x, const float* factor, float* y) {
  const std::int64_t positions = layout.h * layout.w;
  for_stretches(layout, [&](std::int64_t c, std::int64_t n) {
    for (std::int64_t i = 0; i < layout.n; ++i) {
      const std::int64_t at = layout.offset(i, c, 0);
      if (layout.block == 1) {
        scale(y + at, x + at, factor[c], static_cast<std::size_t>(positions));
        continue;
      }
      for (std::int64_t p = 0; p < positions; ++p) {
        const std::int64_t row = at + p * layout.block;
        for (std::int64_t k = 0; k < n; ++k) y[row + k] = factor[c + k] * x[row + k];
      }
    }
  });
  const std::int64_t used = layout.c % layout.block;
  if (used == 0 || x == y) return;
  for (std::int64_t i = 0; i < layout.n; ++i) {
    float* last = y + layout.offset(i, layout.c - used, 0);
    for (std::int64_t p = 0; p < positions; ++p)
      std::fill(last + p * layout.block + used, last + (p + 1) * layout.block, 0.0F);
  }
}

void channel_products(const Layout& layout, const float* a, const float* b, float* sums) {
  const std::int64_t positions = layout.h * layout.w;
  for_stretches(layout, [&](std::int64_t c, std::int64_t n) {
    double totals[widest] = {};
    for (std::int64_t i = 0; i < layout.n; ++i) {
      const std::int64_t at = layout.offset(i, c, 0);
      if (layout.block == 1) {
        totals[0] += dot(a + at, b + at, static_cast<std::size_t>(positions));
        continue;
      }
      float image[widest] = {};
      for (std::int64_t p = 0; p < positions; ++p) {
        const std::int64_t row = at + p * layout.block;
        for (std::int64_t k = 0; k < n; ++k) image[k] += a[row + k] * b[row + k];
      }
      for (std::int64_t k = 0; k < n; ++k) totals[k] += static_cast<double>(image[k]);
    }
    for (std::int64_t k = 0; k < n; ++k) sums[c + k] = static_cast<float>(totals[k]);
  });
}

}  // namespace fanin::engine::kernels
