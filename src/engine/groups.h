// Which nodes run as one step: the fusions, decided on the graph alone.
#pragma once
#include <optional>
#include <vector>

#include "fanin/model/graph.h"

namespace fanin::engine {

/// One or several nodes that become one step:
///   conv2d 5x5 over few channels, relu, max_pool2d 2x2  (kernels/pooled_conv.h)
///   conv2d | linear, then an activation         (the primitive's post-op)
///   flatten, then linear (reads the image as it lies), then an activation
///   batch_norm, then add, then relu             (each of the two may be missing)
///   add, then relu
///   relu, then max_pool2d                       (the maximum, then the clamp: relu is monotonous)
///   any node alone
struct Group {
  model::NodeId main;                  // the node whose file in ops/ makes the step
  std::vector<model::NodeId> members;  // in topological order
  std::vector<model::ValueId> inputs;  // the main node's first; batch_norm + add: then the other summand
  model::ValueId output;
  std::optional<model::Activation> activation;  // fused with the main node
};

/// The groups in an order in which they can run. With `fuse` false each node is a group of its own.
std::vector<Group> make_groups(const model::Graph& graph, bool fuse);

/// "bn1+add1+relu1".
std::string group_name(const model::Graph& graph, const Group& group);

}  // namespace fanin::engine
