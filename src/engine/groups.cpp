// Walks the graph from each main node along values that have one reader only.
#include "engine/groups.h"

#include <algorithm>

#include "engine/kernels/pooled_conv.h"

namespace fanin::engine {
namespace {

using model::Activation;
using model::ActivationKind;
using model::Graph;
using model::NodeId;
using model::ValueId;

template <class Operator>
const Operator* as(const Graph& graph, NodeId id) {
  return std::get_if<Operator>(&graph.node(id).op);
}

/// The only reader of a value; -1 where there are several or none, or where the value is the network's result.
NodeId only_reader(const Graph& graph, ValueId value) {
  if (value == graph.output()) return -1;
  const std::vector<NodeId> readers = graph.readers(value);
  if (readers.size() != 1) return -1;
  const auto& inputs = graph.node(readers[0]).inputs;
  return std::count(inputs.begin(), inputs.end(), value) == 1 ? readers[0] : -1;
}

const Activation* relu(const Graph& graph, NodeId id) {
  const auto* activation = as<Activation>(graph, id);
  return activation && activation->kind == ActivationKind::relu ? activation : nullptr;
}

/// A post-op of convolution and linear; its derivative must follow from its result, since the source is gone.
bool fits_post_op(const Activation& activation) {
  switch (activation.kind) {
    case ActivationKind::relu:
    case ActivationKind::tanh:
    case ActivationKind::sigmoid:
      return true;
    case ActivationKind::leaky_relu:
      return activation.alpha > 0;
    default:
      return false;
  }
}

class Grouping {
 public:
  explicit Grouping(const Graph& graph) : graph_(graph), taken_(graph.nodes().size()) {}

  void start(NodeId id) {
    const model::Node& node = graph_.node(id);
    if (taken_[static_cast<std::size_t>(id)]) return;
    group_ = {id, {}, node.inputs, node.output, {}};
    take(id);
    if (fuses_pooling(id)) {
      while (!as<model::MaxPool2d>(graph_, group_.members.back())) take(next());
      group_.activation = Activation{};
    } else if (std::holds_alternative<model::Conv2d>(node.op) || std::holds_alternative<model::Linear>(node.op)) {
      extend_by_post_op();
    } else if (std::holds_alternative<model::BatchNorm>(node.op)) {
      extend_by_add();
      extend_by_relu();
    } else if (std::holds_alternative<model::Add>(node.op)) {
      extend_by_relu();
    } else if (relu(graph_, id)) {
      extend_by_max_pool();
    } else if (std::holds_alternative<model::Flatten>(node.op)) {
      extend_by_linear();
    }
    groups_.push_back(group_);
  }

  std::vector<Group> finish() {
    // A group runs where its last member stands: by then all its inputs are there.
    std::stable_sort(groups_.begin(), groups_.end(),
                     [](const Group& a, const Group& b) { return a.members.back() < b.members.back(); });
    return std::move(groups_);
  }

 private:
  NodeId next() const {
    const NodeId id = only_reader(graph_, group_.output);
    return id >= 0 && !taken_[static_cast<std::size_t>(id)] ? id : -1;
  }
  void take(NodeId id) {
    taken_[static_cast<std::size_t>(id)] = true;
    group_.members.push_back(id);
    group_.output = graph_.node(id).output;
  }

  /// The table of what kernels/pooled_conv.h is for; it does not depend on the batch, nor on any measurement.
  bool fuses_pooling(NodeId id) const {
    const auto* conv = as<model::Conv2d>(graph_, id);
    if (!conv || conv->kernel_h != kernels::pooled_conv_kernel || conv->kernel_w != kernels::pooled_conv_kernel) {
      return false;
    }
    const Shape& in = graph_.value(graph_.node(id).inputs[0]).shape;
    const bool plain = conv->stride_h * conv->stride_w == 1 && conv->dilation_h * conv->dilation_w == 1;
    // The gradient of a source needs pixels of eight floats; images of one channel have pixels of one.
    const bool inner = graph_.node(id).inputs[0] != graph_.input();
    if (!plain || (inner && in[0] == 1) || conv->groups != 1 ||
        kernels::pooled_conv_block(in[0], conv->out_channels) == 0)
      return false;
    const NodeId clamp = only_reader(graph_, graph_.node(id).output);
    if (clamp < 0 || !relu(graph_, clamp)) return false;
    const NodeId last = only_reader(graph_, graph_.node(clamp).output);
    const auto* pool = last < 0 ? nullptr : as<model::MaxPool2d>(graph_, last);
    return pool && pool->kernel_h == 2 && pool->kernel_w == 2 && pool->stride_h == 2 && pool->stride_w == 2 &&
           pool->pad_top + pool->pad_left + pool->pad_bottom + pool->pad_right == 0;
  }

  void extend_by_post_op() {
    const NodeId id = next();
    const auto* activation = id < 0 ? nullptr : as<Activation>(graph_, id);
    if (!activation || !fits_post_op(*activation)) return;
    if (relu(graph_, id)) {  // pooling clamps for free
      const NodeId after = only_reader(graph_, graph_.node(id).output);
      if (after >= 0 && as<model::MaxPool2d>(graph_, after)) return;
    }
    take(id);
    group_.activation = *activation;
  }
  void extend_by_add() {
    const NodeId id = next();
    if (id < 0 || !as<model::Add>(graph_, id)) return;
    const auto& summands = graph_.node(id).inputs;
    const ValueId other = summands[0] == group_.output ? summands[1] : summands[0];
    // Of two normalized branches the later one takes the sum: when it runs, the other is there.
    const NodeId producer = graph_.value(other).producer;
    if (producer > group_.main && as<model::BatchNorm>(graph_, producer) && only_reader(graph_, other) == id) return;
    group_.inputs.push_back(other);
    take(id);
  }
  void extend_by_relu() {
    const NodeId id = next();
    if (id < 0 || !relu(graph_, id)) return;
    take(id);
    group_.activation = *relu(graph_, id);
  }
  void extend_by_max_pool() {
    const NodeId id = next();
    if (id < 0 || !as<model::MaxPool2d>(graph_, id)) return;
    group_.activation = *relu(graph_, group_.main);
    group_.main = id;
    take(id);
  }

  void extend_by_linear() {
    const NodeId id = next();
    if (id < 0 || !as<model::Linear>(graph_, id)) return;
    group_.main = id;
    take(id);
    extend_by_post_op();
  }

  const Graph& graph_;
  std::vector<bool> taken_;
  Group group_{};
  std::vector<Group> groups_;
};

}  // namespace

std::vector<Group> make_groups(const Graph& graph, bool fuse) {
  if (fuse) {
    Grouping grouping(graph);
    for (NodeId id = 0; id < std::ssize(graph.nodes()); ++id) grouping.start(id);
    return grouping.finish();
  }
  std::vector<Group> groups;
  for (NodeId id = 0; id < std::ssize(graph.nodes()); ++id) {
    groups.push_back({id, {id}, graph.node(id).inputs, graph.node(id).output, {}});
  }
  return groups;
}

std::string group_name(const Graph& graph, const Group& group) {
  std::string name;
  for (const NodeId id : group.members) name += (name.empty() ? "" : "+") + graph.node(id).name;
  return name;
}

}  // namespace fanin::engine
