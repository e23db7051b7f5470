// A network: nodes in topological order over values, with named parameters. Builders and importers make the same graph.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/model/operators.h"

namespace fanin::model {

using ValueId = std::int32_t;
using NodeId = std::int32_t;
using ParameterId = std::int32_t;

enum class Role { weight, bias, norm_scale, norm_shift, residual_scale, running_mean, running_var, slope };
std::string_view role_name(Role role);
inline bool is_trainable(Role role) {
  return role != Role::running_mean && role != Role::running_var;
}

/// Terms summed into one output (fan_in) and outputs that one input feeds (fan_out), borders ignored: for convolution
/// fan_in = (I/groups) kH kW and fan_out = (O/groups) kH kW / (stride_h stride_w); dilation changes neither.
struct Fans {
  double in = 0, out = 0;
};

struct Parameter {
  std::string name;  // "layer3.0.conv1.weight": the node's name, then weight, bias, running_mean, ...
  Shape shape;       // logical, the field's order
  Role role;
  NodeId node;
};

/// The output of a node, or the network's input (node == -1).
struct Value {
  std::string name;
  Shape shape;  // of one image, without the batch: (C, H, W) or (F)
  NodeId producer = -1;
};

struct Node {
  std::string name;  // "layer3.0.conv1"; unique
  Operator op;
  std::vector<ValueId> inputs;
  ValueId output;
  // conv, linear: weight[, bias]; batch_norm: weight, bias, running_mean, running_var; scale, prelu: weight
  std::vector<ParameterId> parameters;
};

/// A single-input network whose output are the logits (classes).
class Graph {
 public:
  /// `input` is the shape of one image (C, H, W) or (F).
  Graph(std::string name, Shape input);

  /// Appends a node and returns its output value. Checks arity, shapes and the operator's numbers: throws Error naming
  /// the node ("conv1: ...").
  ValueId add(std::string name, Operator op, std::vector<ValueId> inputs);

  ValueId input() const { return 0; }
  /// The logits: the last node's output.
  ValueId output() const;

  const std::string& name() const { return name_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Value>& values() const { return values_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const Node& node(NodeId id) const { return nodes_.at(static_cast<std::size_t>(id)); }
  const Value& value(ValueId id) const { return values_.at(static_cast<std::size_t>(id)); }
  const Parameter& parameter(ParameterId id) const { return parameters_.at(static_cast<std::size_t>(id)); }
  const Shape& input_shape() const { return values_.front().shape; }
  std::int64_t classes() const;  // extent of the output

  /// The parameter of that name; throws Error with the nearest name.
  ParameterId find_parameter(std::string_view name) const;
  /// The nodes that read a value.
  std::vector<NodeId> readers(ValueId value) const;
  std::int64_t trainable_count() const;

 private:
  std::string name_;
  std::vector<Node> nodes_;
  std::vector<Value> values_;
  std::vector<Parameter> parameters_;
};

/// Fans of a node with a weight matrix (conv2d, linear). Throws Error for others.
Fans fans(const Graph& graph, const Node& node);

/// The activation that this node's output reaches first in topological order, looking through batch norm, scale, add,
/// dropout, pooling, padding, flatten and identity activations; identity when it reaches none (the logits, or the next
/// convolution or linear layer, first). A prelu counts as the leaky_relu that it starts as.
Activation following_activation(const Graph& graph, const Node& node);

/// Multiply-accumulates of one image through a node's convolution or matrix product; 0 elsewhere.
std::int64_t multiply_accumulates(const Graph& graph, const Node& node);

/// The table that `fanin show MODEL` prints: node, operator, output shape, parameters, MACs, fans; totals below.
std::string summary(const Graph& graph);

}  // namespace fanin::model
