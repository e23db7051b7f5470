// See the header.
#include "engine/kernels/rearrange.h"

#include <algorithm>
#include <cstring>

namespace fanin::engine::kernels {
namespace {

/// body(image, channel, run): stretches of channels that are neighbours in both layouts, `shift` channels apart.
template <class Body>
void for_runs(const Layout& inner, const Layout& outer, std::int64_t shift, const Body& body) {
  for (std::int64_t i = 0; i < inner.n; ++i) {
    for (std::int64_t c = 0; c < inner.c;) {
      const std::int64_t run =
          std::min({inner.block - c % inner.block, outer.block - (c + shift) % outer.block, inner.c - c});
      body(i, c, run);
      c += run;
    }
  }
}

void copy_run(float* to, const float* from, std::int64_t run) {
  switch (run) {  // a constant size becomes a few moves
    case 1:
      *to = *from;
      break;
    case 8:
      std::memcpy(to, from, 8 * sizeof(float));
      break;
    case 16:
      std::memcpy(to, from, 16 * sizeof(float));
      break;
    default:
      std::copy_n(from, run, to);
  }
}

/// copy(inner offset, outer offset, run) for all of the inner image.
template <class Copy>
void for_inner(const Layout& inner, const Layout& outer, const Place& place, const Copy& copy) {
  for_runs(inner, outer, place.channel, [&](std::int64_t i, std::int64_t c, std::int64_t run) {
    for (std::int64_t y = 0; y < inner.h; ++y) {
      std::int64_t from = inner.offset(i, c, y * inner.w);
      std::int64_t to = outer.offset(i, c + place.channel, (y + place.y) * outer.w + place.x);
      for (std::int64_t x = 0; x < inner.w; ++x, from += inner.block, to += outer.block) copy(from, to, run);
    }
  });
}

void clear(const Layout& layout, float* values) {
  std::memset(values, 0, static_cast<std::size_t>(layout.size()) * sizeof(float));
}

Layout rows_of(Layout layout) {
  layout.block = 1;
  layout.blocks = layout.c;
  return layout;
}

}  // namespace

void from_rows(const Layout& layout, const float* rows, float* out) {
  if (layout.plain()) {
    std::memcpy(out, rows, static_cast<std::size_t>(layout.size()) * sizeof(float));
    return;
  }
  cut(layout, rows_of(layout), {0, 0, 0}, rows, out);
}

void to_rows(const Layout& layout, const float* values, float* rows) {
  if (layout.plain()) {
    std::memcpy(rows, values, static_cast<std::size_t>(layout.size()) * sizeof(float));
    return;
  }
  paste(layout, rows_of(layout), {0, 0, 0}, values, rows);
}

void paste(const Layout& inner, const Layout& outer, const Place& place, const float* values, float* out) {
  clear(outer, out);
  insert(inner, outer, place, values, out);
}

void insert(const Layout& inner, const Layout& outer, const Place& place, const float* values, float* out) {
  for_inner(inner, outer, place,
            [=](std::int64_t from, std::int64_t to, std::int64_t run) { copy_run(out + to, values + from, run); });
}

void cut(const Layout& inner, const Layout& outer, const Place& place, const float* values, float* out) {
  if (inner.blocks * inner.block != inner.c) clear(inner, out);  // its padding
  for_inner(inner, outer, place,
            [=](std::int64_t to, std::int64_t from, std::int64_t run) { copy_run(out + to, values + from, run); });
}

}  // namespace fanin::engine::kernels
