// What a signal and its gradient look like at each depth of a network.
#pragma once
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/model/graph.h"

namespace fanin::probe {

/// One layer: a convolution or linear node and the activation that follows it.
struct LayerProfile {
  std::string name;              // of the node with the weight
  double preactivation_rms = 0;  // of the node's output
  double activation_rms = 0;     // after the activation that follows (the node's output where none does)
  double gradient_rms = 0;       // of the loss with respect to the node's output
  double weight_gradient_rms = 0;
  double dead_fraction =
      0;  // units (channels) whose activation is <= 0 (relu family) or constant on every sample and position
  double weight_rms = 0;
  double histogram_low = 0, histogram_high = 0;  // range of the weight histogram
  std::vector<std::int64_t> histogram;           // equal bins over [low, high]
};

struct Profile {
  double loss = 0;                   // of the probed batch
  std::vector<LayerProfile> layers;  // in topological order
  bool finite = true;                // no NaN or infinity met
};

/// Where a signal dies: index of the first layer whose activation rms is below 1e-3 of the first layer's; gradients are
/// judged from the last layer backwards: the layer nearest to the output whose gradient rms is below 1e-3 of the
/// last's. Layers whose weights are all 0 by a scheme's design, which learn from the first step on, do not count.
struct SignalLoss {
  std::optional<std::size_t> activation_layer, gradient_layer;
};
SignalLoss find_signal_loss(const Profile& profile);

/// Profiles `parameters` on one batch: images (N, C, H, W), labels (N), in an unfused program. Takes the calling
/// thread; throws Interrupted when `stop` asks.
Profile take_profile(const model::Graph& graph, const std::vector<NamedTensor>& parameters, const Tensor& images,
                     const std::vector<std::int32_t>& labels, const std::stop_token& stop = {});

}  // namespace fanin::probe
