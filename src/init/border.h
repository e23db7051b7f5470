// What zero padding takes from the signal, position by position.
#pragma once
#include <vector>

#include "fanin/model/graph.h"

namespace fanin::init {

/// Of one node's layer; both 1 for a node without weights.
struct Border {
  double factor = 1;  // mean second moment over the positions of the output, for one of 1 before the padding
  double padded = 1;  // the part of it that Pad nodes before the layer took
};

/// One for each node. The second moment is followed as a map over positions: a convolution's output has at each
/// position the mean over its window, the zeros around the image included; the layers' weights are independent, of mean
/// 0 and of variance 1 / fan_in, and activations keep the map's form, as ReLU does. Deep in a stack of equal 3x3 layers
/// on W x W the factor tends to ((1 + 2 cos(pi / (W + 1))) / 3)^2, the operator's largest eigenvalue; in the first it
/// is the share of taps inside the image, ((3 W - 2) / (3 W))^2.
std::vector<Border> borders(const model::Graph& graph);

}  // namespace fanin::init
