// The pass through all nodes and back.
#include "reference/network.h"

#include <fmt/format.h>

#include "fanin/base/error.h"

namespace fanin::reference {
namespace {

double initial_value(const model::Graph& graph, const model::Parameter& parameter) {
  switch (parameter.role) {
    case model::Role::norm_scale:
    case model::Role::running_var:
      return 1;
    case model::Role::residual_scale:
      return std::get<model::Scale>(graph.node(parameter.node).op).initial;
    case model::Role::slope:
      return std::get<model::PReLU>(graph.node(parameter.node).op).initial;
    default:
      return 0;
  }
}

// Arrays of all zeros, of the shapes of `like` times `factor`.
template <class Named>
std::vector<Array> zeros(const std::vector<Named>& like, std::int64_t factor) {
  std::vector<Array> arrays;
  for (const Named& one : like) arrays.emplace_back(static_cast<std::size_t>(element_count(one.shape) * factor), 0.0);
  return arrays;
}

}  // namespace

Network::Network(model::Graph graph) : graph_(std::move(graph)), saved_(graph_.nodes().size()) {
  parameters_ = zeros(graph_.parameters(), 1);
  parameter_gradients_ = parameters_;
  for (std::size_t id = 0; id < parameters_.size(); ++id) {
    parameters_[id].assign(parameters_[id].size(), initial_value(graph_, graph_.parameters()[id]));
  }
  values_ = zeros(graph_.values(), 0);
  value_gradients_ = values_;
}

void Network::load(const std::vector<NamedTensor>& tensors) {
  std::vector<bool> given(parameters_.size(), false);
  for (const NamedTensor& named : tensors) {
    const auto id = static_cast<std::size_t>(graph_.find_parameter(named.name));
    const Shape& expected = graph_.parameters()[id].shape;
    if (given[id]) throw Error(fmt::format("parameter '{}' is given twice", named.name));
    if (named.tensor.shape != expected || named.tensor.values.size() != parameters_[id].size()) {
      throw Error(fmt::format("parameter '{}' has shape {}; {} is expected", named.name, to_string(named.tensor.shape),
                              to_string(expected)));
    }
    parameters_[id].assign(named.tensor.values.begin(), named.tensor.values.end());
    given[id] = true;
  }
  for (std::size_t id = 0; id < given.size(); ++id) {
    if (!given[id]) throw Error(fmt::format("parameter '{}' is missing", graph_.parameters()[id].name));
  }
}

Step Network::bind(std::size_t index) {
  const model::Node& node = graph_.nodes()[index];
  Step step;
  step.node = node.name;
  step.batch = batch_;
  step.training = training_;
  step.seed = seed_;
  step.step = static_cast<std::uint32_t>(step_);
  step.output_shape = graph_.value(node.output).shape;
  step.output = &values_[static_cast<std::size_t>(node.output)];
  step.output_gradient = &value_gradients_[static_cast<std::size_t>(node.output)];
  step.saved = &saved_[index];
  for (const model::ValueId id : node.inputs) {
    step.input_shapes.push_back(graph_.value(id).shape);
    step.inputs.push_back(&values_[static_cast<std::size_t>(id)]);
    step.input_gradients.push_back(&value_gradients_[static_cast<std::size_t>(id)]);
  }
  for (const model::ParameterId id : node.parameters) {
    step.parameters.push_back(&parameters_[static_cast<std::size_t>(id)]);
    step.parameter_gradients.push_back(&parameter_gradients_[static_cast<std::size_t>(id)]);
  }
  return step;
}

const Array& Network::forward(const Array& images, bool training, std::uint64_t seed, std::int64_t step) {
  const std::int64_t image = element_count(graph_.input_shape());
  if (images.empty() || std::ssize(images) % image != 0) {
    throw Error(
        fmt::format("{} input numbers are not a batch of {} images", images.size(), to_string(graph_.input_shape())));
  }
  batch_ = std::ssize(images) / image;
  training_ = training;
  seed_ = seed;
  step_ = step;
  values_ = zeros(graph_.values(), batch_);
  values_[0] = images;
  for (std::size_t node = 0; node < graph_.nodes().size(); ++node) {
    std::visit([&](const auto& op) { reference::forward(op, bind(node)); }, graph_.nodes()[node].op);
  }
  return output();
}

void Network::backward(const Array& output_gradient) {
  const auto last = static_cast<std::size_t>(graph_.output());
  if (output_gradient.size() != values_[last].size()) {
    throw Error(fmt::format("the output's gradient has {} numbers; {} are expected", output_gradient.size(),
                            values_[last].size()));
  }
  value_gradients_ = zeros(graph_.values(), batch_);
  parameter_gradients_ = zeros(graph_.parameters(), 1);
  value_gradients_[last] = output_gradient;
  for (std::size_t node = graph_.nodes().size(); node-- > 0;) {
    std::visit([&](const auto& op) { reference::backward(op, bind(node)); }, graph_.nodes()[node].op);
  }
}

LossResult Network::forward_backward(const Array& images, std::span<const std::int32_t> labels,
                                     const TrainingPass& pass) {
  const Array& logits = forward(images, true, pass.seed, pass.step);
  if (std::ssize(labels) != batch_)
    throw Error(fmt::format("{} labels are given for {} images", labels.size(), batch_));
  Array gradient;
  const LossResult result =
      cross_entropy(logits, graph_.classes(), labels, pass.label_smoothing, &gradient, pass.mixture);
  backward(gradient);
  return result;
}

LossResult Network::evaluate(const Array& images, std::span<const std::int32_t> labels) {
  const Array& logits = forward(images, false);
  if (std::ssize(labels) != batch_)
    throw Error(fmt::format("{} labels are given for {} images", labels.size(), batch_));
  return cross_entropy(logits, graph_.classes(), labels, 0, nullptr);
}

}  // namespace fanin::reference
