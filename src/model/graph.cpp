// The graph: nodes appended in topological order, each checked as it comes.
#include "fanin/model/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"
#include "model/operator_rules.h"

namespace fanin::model {

std::string_view role_name(Role role) {
  static constexpr std::array<std::string_view, 8> names = {
      "weight", "bias", "norm_scale", "norm_shift", "residual_scale", "running_mean", "running_var", "slope"};
  return names[static_cast<std::size_t>(role)];
}

Graph::Graph(std::string name, Shape input) : name_(std::move(name)) {
  if (input.size() != 1 && input.size() != 3) {
    throw Error(fmt::format("{}: the input has shape {}; (C, H, W) or (F) is expected", name_, to_string(input)));
  }
  if (std::any_of(input.begin(), input.end(), [](std::int64_t extent) { return extent < 1; })) {
    throw Error(fmt::format("{}: the input has shape {}; extents of at least 1 are expected", name_, to_string(input)));
  }
  element_count(input);
  values_.push_back({"input", std::move(input), -1});
}

ValueId Graph::add(std::string name, Operator op, std::vector<ValueId> inputs) {
  if (name.empty()) throw Error(fmt::format("{}: a node has no name", name_));
  if (std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.name == name; })) {
    throw Error(fmt::format("{}: a node of this name exists already in {}", name, name_));
  }
  std::vector<Shape> shapes;
  for (const ValueId id : inputs) {
    if (id < 0 || id >= std::ssize(values_)) {
      throw Error(
          fmt::format("{}: input value {} does not exist; the network has {} values", name, id, values_.size()));
    }
    shapes.push_back(value(id).shape);
  }
  Outcome outcome = infer(name, op, shapes);

  const auto node = static_cast<NodeId>(nodes_.size());
  const auto output = static_cast<ValueId>(values_.size());
  std::vector<ParameterId> owned;
  for (OwnedParameter& parameter : outcome.parameters) {
    owned.push_back(static_cast<ParameterId>(parameters_.size()));
    parameters_.push_back(
        {fmt::format("{}.{}", name, parameter.suffix), std::move(parameter.shape), parameter.role, node});
  }
  values_.push_back({name, std::move(outcome.output), node});
  nodes_.push_back({std::move(name), op, std::move(inputs), output, std::move(owned)});
  return output;
}

ValueId Graph::output() const {
  return nodes_.empty() ? input() : nodes_.back().output;
}

std::int64_t Graph::classes() const {
  const Shape& shape = value(output()).shape;
  if (shape.size() != 1) {
    throw Error(fmt::format("{}: the output has shape {}; logits (classes) are expected", name_, to_string(shape)));
  }
  return shape[0];
}

ParameterId Graph::find_parameter(std::string_view name) const {
  std::vector<std::string> known;
  for (std::size_t id = 0; id < parameters_.size(); ++id) {
    if (parameters_[id].name == name) return static_cast<ParameterId>(id);
    known.push_back(parameters_[id].name);
  }
  throw Error(unknown_name_message("parameter", name, known));
}

std::vector<NodeId> Graph::readers(ValueId value) const {
  std::vector<NodeId> found;
  for (std::size_t id = 0; id < nodes_.size(); ++id) {
    const std::vector<ValueId>& inputs = nodes_[id].inputs;
    if (std::find(inputs.begin(), inputs.end(), value) != inputs.end()) found.push_back(static_cast<NodeId>(id));
  }
  return found;
}

std::int64_t Graph::trainable_count() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : parameters_) {
    if (is_trainable(parameter.role)) count += element_count(parameter.shape);
  }
  return count;
}

}  // namespace fanin::model
