#include "adapt/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "fanin/base/error.h"

namespace fanin::adapt {
namespace {

bool normalizes(const model::Graph& graph) {
  return std::ranges::any_of(graph.nodes(),
                             [](const model::Node& node) { return std::holds_alternative<model::BatchNorm>(node.op); });
}

engine::CompileOptions unfused(std::int64_t batch, bool training) {
  engine::CompileOptions options;
  options.batch = batch;
  options.training = training;
  options.fuse = false;  // a fused step would keep what comes after the activation only
  return options;
}

/// Over channels [0, C) of (N, C, ...): calls `add(channel, value)`.
template <class Add>
void for_each_value(const Tensor& tensor, Add add) {
  const std::int64_t batch = tensor.shape[0], channels = tensor.shape[1];
  const std::int64_t positions = element_count(tensor.shape) / (batch * channels);
  const float* value = tensor.values.data();
  for (std::int64_t n = 0; n < batch; ++n)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t i = 0; i < positions; ++i) add(static_cast<std::size_t>(c), static_cast<double>(*value++));
}

}  // namespace

Layers::Layers(const Task& task, const Batch& batch, std::vector<NamedTensor> state)
    : task_(task),
      state_(std::move(state)),
      normalizes_(normalizes(task.graph)),
      program_(task.graph, unfused(static_cast<std::int64_t>(batch.labels.size()), normalizes_)) {
  std::ranges::copy(batch.images.values, program_.input());
  std::ranges::copy(batch.labels, program_.labels());
}

const std::vector<float>& Layers::values(model::ParameterId id) const {
  return state_.at(static_cast<std::size_t>(id)).tensor.values;
}

std::vector<float>& Layers::change(model::ParameterId id) {
  stale_ = true;
  return state_.at(static_cast<std::size_t>(id)).tensor.values;
}

void Layers::run() {
  if (!stale_) return;
  program_.load(state_);
  if (normalizes_) {
    program_.forward_backward(task_.seed, 0, task_.stop);
  } else {
    program_.evaluate(0, task_.stop);
  }
  stale_ = false;
}

Tensor Layers::input_of(const model::Node& node) {
  run();
  return program_.value(node.inputs.front());
}

Tensor Layers::output_of(const model::Node& node) {
  run();
  return program_.value(node.output);
}

Moments Layers::moments_of(const model::Node& node) {
  const Tensor output = output_of(node);
  const auto count = static_cast<double>(output.values.size());
  Moments result;
  for (const float value : output.values) result.mean += value;
  result.mean /= count;
  for (const float value : output.values) result.variance += (value - result.mean) * (value - result.mean);
  result.variance /= count;
  return result;
}

std::vector<Moments> Layers::channel_moments_of(const model::Node& node) {
  const Tensor output = output_of(node);
  std::vector<Moments> result(static_cast<std::size_t>(output.shape[1]));
  const double count = static_cast<double>(output.values.size()) / static_cast<double>(result.size());
  for_each_value(output, [&](std::size_t c, double value) { result[c].mean += value; });
  for (Moments& channel : result) channel.mean /= count;
  for_each_value(output, [&](std::size_t c, double value) {
    result[c].variance += (value - result[c].mean) * (value - result[c].mean);
  });
  for (Moments& channel : result) channel.variance /= count;
  return result;
}

bool feeds_norm(const model::Graph& graph, const model::Node& node) {
  const std::vector<model::NodeId> readers = graph.readers(node.output);
  return !readers.empty() && std::ranges::all_of(readers, [&](model::NodeId id) {
    const model::Node& reader = graph.node(id);
    if (std::holds_alternative<model::BatchNorm>(reader.op)) return true;
    const bool passes =
        std::holds_alternative<model::MaxPool2d>(reader.op) ||
        std::holds_alternative<model::AveragePool2d>(reader.op) ||
        std::holds_alternative<model::GlobalAveragePool>(reader.op) || std::holds_alternative<model::Pad>(reader.op) ||
        std::holds_alternative<model::Flatten>(reader.op) || std::holds_alternative<model::Dropout>(reader.op);
    return passes && feeds_norm(graph, reader);
  });
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace fanin::adapt
