// Moving elements between layouts: plain loops over runs of neighbouring channels.
#pragma once
#include <cstdint>

#include "engine/layout.h"

namespace fanin::engine::kernels {

/// Row-major values into a layout; its padding becomes zero.
void from_rows(const Layout& layout, const float* rows, float* out);
/// A layout's values into row-major order.
void to_rows(const Layout& layout, const float* values, float* rows);

/// Where a smaller image lies in a larger one.
struct Place {
  std::int64_t channel, y, x;
};
/// outer = zeros with inner at `place`, and back.
void paste(const Layout& inner, const Layout& outer, const Place& place, const float* values, float* out);
/// The same without the zeros: what lies around `inner` stays.
void insert(const Layout& inner, const Layout& outer, const Place& place, const float* values, float* out);
void cut(const Layout& inner, const Layout& outer, const Place& place, const float* values, float* out);

}  // namespace fanin::engine::kernels
