// Recognises the formats that our kernels read and write.
#include "engine/layout.h"

namespace fanin::engine {
namespace {

Layout make(const Dims& dims, std::int64_t block) {
  Layout layout;
  layout.n = dims[0];
  layout.c = dims[1];
  if (dims.size() == 4) {
    layout.h = dims[2];
    layout.w = dims[3];
  }
  layout.block = block;
  layout.blocks = (layout.c + block - 1) / block;
  if (layout.h * layout.w == 1 && layout.blocks * block == layout.c) {  // one spelling for what is one row of channels
    layout.block = layout.c;
    layout.blocks = 1;
  }
  return layout;
}

}  // namespace

std::optional<Layout> layout_of(const memory::desc& desc) {
  const Dims dims = dims_of(desc);
  if (dims.size() == 2) {
    if (desc == float_desc(dims, Tag::ab)) return make(dims, dims[1]);
    return std::nullopt;
  }
  if (dims.size() != 4) return std::nullopt;
  if (desc == float_desc(dims, Tag::nchw)) return make(dims, 1);
  if (desc == float_desc(dims, Tag::nChw16c)) return make(dims, 16);
  if (desc == float_desc(dims, Tag::nChw8c)) return make(dims, 8);
  if (desc == float_desc(dims, Tag::nChw4c)) return make(dims, 4);
  if (desc == float_desc(dims, Tag::nhwc)) return make(dims, dims[1]);
  return std::nullopt;
}

memory::desc same_format(const memory::desc& like, const Dims& dims) {
  const Layout layout = layout_of(like).value();
  for (const Tag tag : {Tag::nChw16c, Tag::nChw8c, Tag::nChw4c}) {
    if (layout.h * layout.w > 1 && like == float_desc(dims_of(like), tag)) return float_desc(dims, tag);
  }
  // What is left is row-major or channels last, which also a 1 x 1 image of whole blocks is (see make()).
  switch (layout.block == layout.c ? 0 : layout.block) {
    case 16:
      return float_desc(dims, Tag::nChw16c);
    case 8:
      return float_desc(dims, Tag::nChw8c);
    case 4:
      return float_desc(dims, Tag::nChw4c);
    case 1:
      return float_desc(dims, Tag::nchw);
    default:
      return float_desc(dims, Tag::nhwc);
  }
}

memory::desc of_images(const memory::desc& desc, std::int64_t images) {
  Dims dims = dims_of(desc);
  dims[0] = images;
  return dims.size() == 4 ? same_format(desc, dims) : plain_desc(dims);
}

bool same_memory(const memory::desc& a, const memory::desc& b) {
  if (a == b) return true;
  const auto left = layout_of(a), right = layout_of(b);
  return left && right && *left == *right;
}

}  // namespace fanin::engine
