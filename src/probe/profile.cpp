// Profiling a network on one batch in an unfused program: every value and its gradient can be read.
#include "fanin/probe/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/engine/program.h"

namespace fanin::probe {
namespace {

constexpr double lost = 1e-3;  // a signal below this share of the reference layer's is lost
constexpr int histogram_bins = 40;

bool has_weight_matrix(const model::Node& node) {
  return std::holds_alternative<model::Conv2d>(node.op) || std::holds_alternative<model::Linear>(node.op);
}

/// The activation node that reads this layer, looking through what keeps units apart; null where none follows.
const model::Node* activation_after(const model::Graph& graph, const model::Node& node) {
  for (model::NodeId id : graph.readers(node.output)) {
    const model::Node& reader = graph.node(id);
    if (std::holds_alternative<model::Activation>(reader.op) || std::holds_alternative<model::PReLU>(reader.op)) {
      return &reader;
    }
    const bool transparent =
        std::holds_alternative<model::BatchNorm>(reader.op) || std::holds_alternative<model::Scale>(reader.op) ||
        std::holds_alternative<model::Add>(reader.op) || std::holds_alternative<model::Dropout>(reader.op);
    if (transparent) {
      if (const model::Node* found = activation_after(graph, reader)) return found;
    }
  }
  return nullptr;
}

double rms(const std::vector<float>& values) {
  double sum = 0;
  for (float value : values) sum += static_cast<double>(value) * value;
  return values.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(values.size()));
}

/// Share of units (channels) that are off or constant on every sample and position. `values` is (N, C, ...).
double dead_fraction(const Tensor& values, bool rectified) {
  const std::int64_t batch = values.shape[0], channels = values.shape[1];
  const std::int64_t positions = element_count(values.shape) / (batch * channels);
  std::int64_t dead = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    float low = std::numeric_limits<float>::infinity(), high = -low;
    bool finite = true;
    for (std::int64_t n = 0; n < batch; ++n) {
      const float* unit = values.values.data() + (n * channels + c) * positions;
      for (std::int64_t i = 0; i < positions; ++i) {
        finite = finite && std::isfinite(unit[i]);
        low = std::min(low, unit[i]);
        high = std::max(high, unit[i]);
      }
    }
    if (finite && (rectified ? high <= 0.0f : low == high)) ++dead;
  }
  return static_cast<double>(dead) / static_cast<double>(channels);
}

void fill_histogram(const std::vector<float>& weights, LayerProfile& layer) {
  double largest = 0;
  for (float weight : weights) {
    if (std::isfinite(weight)) largest = std::max(largest, std::abs(static_cast<double>(weight)));
  }
  layer.histogram_low = -largest;
  layer.histogram_high = largest;
  if (largest == 0) {
    layer.histogram = {static_cast<std::int64_t>(weights.size())};
    return;
  }
  layer.histogram.assign(histogram_bins, 0);
  for (float weight : weights) {
    if (!std::isfinite(weight)) continue;
    const double place = (weight + largest) / (2 * largest) * histogram_bins;
    ++layer.histogram[static_cast<std::size_t>(std::clamp(place, 0.0, histogram_bins - 1.0))];
  }
}

const std::vector<float>& find(const std::vector<NamedTensor>& tensors, const std::string& name) {
  const auto found = std::ranges::find(tensors, name, &NamedTensor::name);
  if (found == tensors.end()) throw Error(fmt::format("parameter '{}' is missing from the weights to profile", name));
  return found->tensor.values;
}

}  // namespace

SignalLoss find_signal_loss(const Profile& profile) {
  SignalLoss loss;
  const auto& layers = profile.layers;
  if (layers.empty()) return loss;
  const auto below = [](double value, double reference) { return !(value >= lost * reference) || value == 0; };
  // A network whose very first layer is silent (all-zero weights) loses its signal there.
  // Zeros further on are a scheme's design: at the end of a residual branch or of the network (Fixup), gone after a
  // step.
  const auto designed = [&](std::size_t i) {
    return i < layers.size() && layers[i].weight_rms == 0 && layers.front().weight_rms > 0;
  };
  for (std::size_t i = 0; i < layers.size() && !loss.activation_layer; ++i) {
    if (!designed(i) && below(layers[i].activation_rms, layers.front().activation_rms)) loss.activation_layer = i;
  }
  if (designed(layers.size() - 1)) return loss;
  for (std::size_t i = layers.size(); i-- > 0 && !loss.gradient_layer;) {
    const bool behind_zeros = layers[i].gradient_rms == 0 && designed(i + 1);
    if (!behind_zeros && below(layers[i].gradient_rms, layers.back().gradient_rms)) loss.gradient_layer = i;
  }
  return loss;
}

Profile take_profile(const model::Graph& graph, const std::vector<NamedTensor>& parameters, const Tensor& images,
                     const std::vector<std::int32_t>& labels, const std::stop_token& stop) {
  const auto batch = static_cast<std::int64_t>(labels.size());
  if (batch == 0 || element_count(images.shape) != batch * element_count(graph.input_shape())) {
    throw Error(fmt::format("the batch to profile has shape {} and {} labels; the network takes {} an image",
                            to_string(images.shape), labels.size(), to_string(graph.input_shape())));
  }
  const DenormalGuard guard;
  engine::CompileOptions options;
  options.batch = batch;
  options.fuse = false;
  engine::Program program(graph, options);
  program.load(parameters);
  std::ranges::copy(images.values, program.input());
  std::ranges::copy(labels, program.labels());

  Profile profile;
  profile.loss = program.forward_backward(0, 0, stop).loss;
  const std::vector<NamedTensor> gradients = program.to_logical(program.gradients());
  for (const model::Node& node : graph.nodes()) {
    if (!has_weight_matrix(node)) continue;
    LayerProfile layer;
    layer.name = node.name;
    const model::Node* activation = activation_after(graph, node);
    const Tensor activated = program.value(activation ? activation->output : node.output);
    layer.preactivation_rms = rms(program.value(node.output).values);
    layer.activation_rms = rms(activated.values);
    layer.gradient_rms = rms(program.value_gradient(node.output).values);
    const auto* function = activation ? std::get_if<model::Activation>(&activation->op) : nullptr;
    const bool rectified = function && function->kind == model::ActivationKind::relu;
    layer.dead_fraction = dead_fraction(activated, rectified);
    const std::string& weight = graph.parameter(node.parameters.front()).name;
    layer.weight_gradient_rms = rms(find(gradients, weight));
    layer.weight_rms = rms(find(parameters, weight));
    fill_histogram(find(parameters, weight), layer);
    for (double value :
         {layer.preactivation_rms, layer.activation_rms, layer.gradient_rms, layer.weight_gradient_rms}) {
      profile.finite = profile.finite && std::isfinite(value);
    }
    profile.layers.push_back(std::move(layer));
  }
  profile.finite = profile.finite && std::isfinite(profile.loss);
  return profile;
}

}  // namespace fanin::probe
