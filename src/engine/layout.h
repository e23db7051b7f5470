// How our own kernels see a tensor of oneDNN: (n, blocks, h, w, block) in memory, whatever its format.
#pragma once
#include <cstdint>
#include <optional>

#include "engine/bridge.h"

namespace fanin::engine {

/// Channel c of image i at (y, x) lies at ((i * blocks + c / block) * h * w + y * w + x) * block + c % block.
/// Row-major is block 1; channels last is one block of all channels; nChw16c is block 16, with zeros after channel c.
/// Features (N, F) are channels of a 1 x 1 image, channels last.
struct Layout {
  std::int64_t n = 0, c = 0, h = 1, w = 1;
  std::int64_t block = 1, blocks = 0;

  std::int64_t plane() const { return h * w * block; }  // floats of one block of channels of one image
  std::int64_t size() const { return n * blocks * plane(); }
  std::int64_t offset(std::int64_t i, std::int64_t channel, std::int64_t position) const {
    return ((i * blocks + channel / block) * h * w + position) * block + channel % block;
  }
  /// The same for another number of images.
  Layout of(std::int64_t images) const {
    Layout part = *this;
    part.n = images;
    return part;
  }
  bool plain() const { return block == 1 || (h * w == 1 && block == c); }
  bool operator==(const Layout&) const = default;
};

/// The layout behind a description; nothing where it is none of the above.
std::optional<Layout> layout_of(const memory::desc& desc);

/// The description of other extents (batch in front, 4 of them) in the format of `like`.
memory::desc same_format(const memory::desc& like, const Dims& dims);

/// The same for another number of images in a layout that we know, the batch in front.
memory::desc of_images(const memory::desc& desc, std::int64_t images);

/// Whether the two descriptions put every element at the same place (they may be written differently where an extent
/// is 1).
bool same_memory(const memory::desc& a, const memory::desc& b);

}  // namespace fanin::engine
