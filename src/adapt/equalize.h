// Equal relative gradients in all layers of a chain. Kraehenbuehl et al. 2016, algorithm 2.
#pragma once
#include <vector>

#include "adapt/scheme.h"

namespace fanin::adapt {

/// Throws Error unless the network is a chain without normalization: only there a layer's scale passes through.
void require_chain(const Task& task);

/// Scales the layers of a state so that rms(dL/dW) / rms(W) is the same in each, for a loss that is linear in the
/// output with normal coefficients, and the output's standard deviation is 1.
void equalize(const Task& task, const Batch& batch, std::vector<NamedTensor>& state);

}  // namespace fanin::adapt
