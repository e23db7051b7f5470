// A weight's layer as a description: what its fans follow from when there is no network around it.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/init/schemes.h"
#include "fanin/model/graph.h"

namespace fanin::init {

enum class LayerKind { linear, convolution };

/// A shape alone does not say how many terms an output sums: groups, strides and transposition decide it.
struct Layer {
  LayerKind kind = LayerKind::convolution;
  /// linear: (out, in). convolution of any rank: (O, I/groups, k...); transposed: (I, O/groups, k...).
  Shape shape;
  std::int64_t groups = 1;                // depthwise: groups == I
  std::vector<std::int64_t> stride = {};  // one for each kernel axis, or one for all; empty: 1
  bool transposed = false;
  /// Blocks of outputs one behind the other that are layers of their own, as query, key and value (3).
  std::int64_t fused = 1;
};

/// Terms summed into one output and outputs that one input feeds, averaged over positions, borders ignored (K kernel
/// taps, S the product of the strides, O one block's outputs):
///
///     linear                  in = I            out = O
///     convolution             in = I/g K        out = O/g K / S
///     transposed convolution  in = I/g K / S    out = O/g K
///
/// Throws Error where the description is none: fewer than two extents (three for a convolution), an extent below 1,
/// groups or blocks that do not divide the channels, strides of another number than the kernel's axes.
model::Fans layer_fans(const Layer& layer);

/// What a scheme gets to see of such a layer; it is the first of its network.
WeightContext layer_context(const Layer& layer, std::string_view name, std::uint64_t seed,
                            const model::Activation& activation = {});

}  // namespace fanin::init
