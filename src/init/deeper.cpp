// net2deeper: layers that the file does not have start as identities, residual branches that it does not have as 0.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/gains.h"
#include "init/fill.h"
#include "init/net2net.h"
#include "init/source_weights.h"

namespace fanin::init {
namespace {

using model::Graph;
using model::Node;
using model::NodeId;
using model::ValueId;

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// What becomes of a node's parameters.
enum class Fate {
  copied,
  identity,      // a new layer, or the norm behind one
  branch,        // of a new residual branch: by base
  branch_ending  // what makes the new branch 0
};

/// What is known of a value, channel by channel.
struct Range {
  bool never_negative = false;
  std::vector<double> mean, variance;  // over batch and positions; empty where they are not known
  bool normal = false;                 // as a norm's output is taken to be
};

bool is_weight_layer(const Node& node) {
  return std::holds_alternative<model::Conv2d>(node.op) || std::holds_alternative<model::Linear>(node.op);
}

bool is_norm(const Node& node) {
  return std::holds_alternative<model::BatchNorm>(node.op);
}

class DeeperPlan final : public NetworkPlan {
 public:
  DeeperPlan(const Graph& graph, const Spec& scheme)
      : graph_(graph),
        scheme_(scheme),
        options_(scheme, find_scheme("net2deeper").options, "scheme 'net2deeper'"),
        source_(options_, "net2deeper"),
        fates_(graph.nodes().size(), Fate::copied),
        ranges_(graph.values().size()) {
    source_.require_no_more(graph);
    for (std::size_t n = 0; n < fates_.size(); ++n)
      if (is_new(graph.nodes()[n])) fates_[n] = Fate::identity;
    for (const Node& node : graph.nodes())
      if (std::holds_alternative<model::Add>(node.op)) find_new_branch(node);
    for (std::size_t n = 0; n < fates_.size(); ++n) follow(n);
  }

  std::optional<FillReport> fill(std::size_t parameter, const WeightContext& context, std::span<float> out) override {
    const model::Parameter& wanted = graph_.parameters()[parameter];
    const Node& node = graph_.node(wanted.node);
    const auto filled = [&](Applied applied = {std::numeric_limits<double>::quiet_NaN()}) {
      return report_of(scheme_, context, applied, out);
    };
    switch (fates_[index(wanted.node)]) {
      case Fate::copied: {
        std::ranges::copy(copied(wanted).values, out.begin());
        return filled();
      }
      case Fate::identity:
        fill_identity(node, wanted, out);
        return filled();
      case Fate::branch_ending:
        if (is_norm(node) && !model::is_trainable(wanted.role)) return std::nullopt;
        std::ranges::fill(out, 0.0f);
        return filled();
      case Fate::branch:
        break;
    }
    const std::optional<Applied> applied = fill_by_base(context, options_, out);
    if (!applied) return std::nullopt;
    return filled(*applied);
  }

 private:
  /// The file's tensor for a parameter that is copied.
  const Tensor& copied(const model::Parameter& wanted) const {
    const Tensor& there = source_.require(wanted.name);
    if (there.shape != wanted.shape)
      source_.refuse(
          fmt::format("'{}' has shape {}; expected {} for the network's '{}' (option map: layers of other names)",
                      *source_.name_of(wanted.name), to_string(there.shape), to_string(wanted.shape), wanted.name));
    return there;
  }

  /// Whether the file lacks the node's parameters.
  bool is_new(const Node& node) const {
    if (node.parameters.empty()) return false;
    std::size_t found = 0;
    for (const model::ParameterId id : node.parameters) found += source_.find(graph_.parameter(id).name) != nullptr;
    if (found > 0 && found < node.parameters.size())
      for (const model::ParameterId id : node.parameters) source_.require(graph_.parameter(id).name);
    return found == 0;
  }

  std::vector<bool> ancestors(ValueId value) const {
    std::vector<bool> wanted(graph_.values().size(), false), result(graph_.nodes().size(), false);
    wanted[index(value)] = true;
    for (std::size_t n = result.size(); n-- > 0;) {
      const Node& node = graph_.nodes()[n];
      if (!wanted[index(node.output)]) continue;
      result[n] = true;
      for (const ValueId input : node.inputs) wanted[index(input)] = true;
    }
    return result;
  }

  /// A branch that is new as a whole, beside a shortcut that passes its input on: its end is 0, so the sum is the
  /// input.
  void find_new_branch(const Node& add) {
    const std::vector<bool> left = ancestors(add.inputs[0]), right = ancestors(add.inputs[1]);
    std::vector<std::size_t> sides[2];
    for (std::size_t n = 0; n < left.size(); ++n)
      if (left[n] != right[n]) sides[left[n] ? 0 : 1].push_back(n);
    if (sides[0].empty() == sides[1].empty()) return;
    const std::vector<std::size_t>& branch = sides[0].empty() ? sides[1] : sides[0];
    std::optional<std::size_t> ending;
    for (const std::size_t n : branch) {
      if (graph_.nodes()[n].parameters.empty()) continue;
      if (fates_[n] != Fate::identity) return;
      const Node& node = graph_.nodes()[n];
      if (is_weight_layer(node) || is_norm(node) || std::holds_alternative<model::Scale>(node.op)) ending = n;
    }
    if (!ending) return;
    for (const std::size_t n : branch)
      if (fates_[n] == Fate::identity) fates_[n] = Fate::branch;
    fates_[*ending] = Fate::branch_ending;
    // What follows the sum up to its activation must leave it as it was.
    empty_sums_.push_back({add.output, sides[0].empty() ? add.inputs[0] : add.inputs[1]});
  }

  std::optional<ValueId> passed_on(ValueId sum) const {
    for (const auto& [output, input] : empty_sums_)
      if (output == sum) return input;
    return std::nullopt;
  }

  /// What is known of the node's output; refuses where a new layer would change the function.
  void follow(std::size_t n) {
    const Node& node = graph_.nodes()[n];
    const Range& before = ranges_[index(node.inputs[0])];
    Range& after = ranges_[index(node.output)];
    if (fates_[n] == Fate::identity) {
      require_identity(node);
      after = before;
      check_activations(node.output, before, node.name);
    } else if (const std::optional<ValueId> input = passed_on(node.output)) {
      after = ranges_[index(*input)];
      check_activations(node.output, after, node.name);
    } else if (fates_[n] == Fate::copied) {
      after = range_behind(node, before);
    }
  }

  Range range_behind(const Node& node, const Range& before) const {
    Range after;
    if (is_norm(node)) {
      const Tensor& gamma = copied(graph_.parameter(node.parameters[0]));
      const Tensor& beta = copied(graph_.parameter(node.parameters[1]));
      after.normal = true;
      after.mean.assign(beta.values.begin(), beta.values.end());
      for (const float scale : gamma.values) after.variance.push_back(static_cast<double>(scale) * scale);
    } else if (const auto* activation = std::get_if<model::Activation>(&node.op)) {
      after = activated(*activation, before);
    } else if (std::holds_alternative<model::MaxPool2d>(node.op) ||
               std::holds_alternative<model::AveragePool2d>(node.op) ||
               std::holds_alternative<model::GlobalAveragePool>(node.op) ||
               std::holds_alternative<model::Flatten>(node.op) || std::holds_alternative<model::Dropout>(node.op) ||
               std::holds_alternative<model::Pad>(node.op) || std::holds_alternative<model::Add>(node.op) ||
               std::holds_alternative<model::Concat>(node.op)) {
      after.never_negative =
          std::ranges::all_of(node.inputs, [&](ValueId input) { return ranges_[index(input)].never_negative; });
    }
    return after;
  }

  static Range activated(const model::Activation& activation, const Range& before) {
    if (activation.kind == model::ActivationKind::identity ||
        (before.never_negative && keeps_positive(activation.kind)))
      return before;
    Range after;
    after.never_negative = activation.kind == model::ActivationKind::relu ||
                           activation.kind == model::ActivationKind::sigmoid ||
                           activation.kind == model::ActivationKind::softplus;
    if (!before.normal) return after;
    for (std::size_t c = 0; c < before.mean.size(); ++c) {
      if (!(before.variance[c] > 0)) {
        after.mean.push_back(model::activation_value(activation, before.mean[c]));
        after.variance.push_back(0);
        continue;
      }
      const ActivationMoments f = activation_moments(activation, before.mean[c], before.variance[c]);
      after.mean.push_back(f.mean);
      after.variance.push_back(std::max(0.0, f.second - f.mean * f.mean));
    }
    return after;
  }

  /// f(x) = x for all x >= 0.
  static bool keeps_positive(model::ActivationKind kind) {
    return kind == model::ActivationKind::relu || kind == model::ActivationKind::leaky_relu ||
           kind == model::ActivationKind::elu || kind == model::ActivationKind::identity;
  }

  /// The activations that read a new layer's output come in beside those of the small network: they must pass it on.
  void check_activations(ValueId value, const Range& range, std::string_view layer) const {
    for (const NodeId id : graph_.readers(value)) {
      const Node& reader = graph_.node(id);
      const auto* activation = std::get_if<model::Activation>(&reader.op);
      const bool prelu = std::holds_alternative<model::PReLU>(reader.op);
      if (activation == nullptr && !prelu) continue;
      if (activation != nullptr && activation->kind == model::ActivationKind::identity) continue;
      if (range.never_negative && (prelu || keeps_positive(activation->kind))) continue;
      throw Error(fmt::format(
          "scheme 'net2deeper': the new layer '{}' is followed by {}, which changes what the layer passes on; expected "
          "relu before and behind it",
          layer, prelu ? "prelu" : model::activation_name(activation->kind)));
    }
  }

  void require_identity(const Node& node) const {
    const Shape &in = graph_.value(node.inputs[0]).shape, &out = graph_.value(node.output).shape;
    bool possible = in == out;
    if (const auto* conv = std::get_if<model::Conv2d>(&node.op)) {
      possible = possible && conv->stride_h == 1 && conv->stride_w == 1 && conv->kernel_h % 2 == 1 &&
                 conv->kernel_w % 2 == 1 && conv->pad_top == conv->dilation_h * (conv->kernel_h / 2) &&
                 conv->pad_left == conv->dilation_w * (conv->kernel_w / 2);
    }
    if (possible) return;
    source_.refuse(
        fmt::format("no '{}', and '{}' here cannot start as the identity: {} (option map: layers of other "
                    "names)",
                    source_.name_of(graph_.parameter(node.parameters[0]).name).value_or("(new)"), node.name,
                    in == out ? "its kernel has no centre over its input"
                              : fmt::format("it makes {} of {}", to_string(out), to_string(in))));
  }

  void fill_identity(const Node& node, const model::Parameter& wanted, std::span<float> out) const {
    if (is_norm(node)) {
      fill_norm(node, wanted, out);
      return;
    }
    std::ranges::fill(out, 0.0f);
    if (const auto* prelu = std::get_if<model::PReLU>(&node.op))
      std::ranges::fill(out, static_cast<float>(prelu->initial));
    if (std::holds_alternative<model::Scale>(node.op)) std::ranges::fill(out, 1.0f);
    if (wanted.role != model::Role::weight) return;
    const Shape& shape = wanted.shape;
    const std::int64_t area = shape.size() == 4 ? shape[2] * shape[3] : 1;
    const std::int64_t centre = shape.size() == 4 ? shape[2] / 2 * shape[3] + shape[3] / 2 : 0;
    for (std::int64_t o = 0; o < shape[0]; ++o)  // with groups, a group's outputs read its own inputs only
      out[index((o * shape[1] + o % shape[1]) * area + centre)] = 1.0f;
  }

  /// gamma = sqrt(variance + epsilon), beta = mean: what is normalized comes back, in evaluation exactly; in training
  /// as far as the batch has these moments, which follow from the norm before (its output taken as normal).
  void fill_norm(const Node& node, const model::Parameter& wanted, std::span<float> out) const {
    const Range& range = ranges_[index(node.inputs[0])];
    const double epsilon = std::get<model::BatchNorm>(node.op).epsilon;
    for (std::size_t c = 0; c < out.size(); ++c) {
      const double mean = range.mean.empty() ? 0 : range.mean[c], variance = range.mean.empty() ? 1 : range.variance[c];
      double value = mean;  // the shift and the running mean
      if (wanted.role == model::Role::running_var) value = variance;
      if (wanted.role == model::Role::norm_scale)  // of the variance as it is stored
        value = std::sqrt(static_cast<double>(static_cast<float>(variance)) + epsilon);
      out[c] = static_cast<float>(value);
    }
  }

  const Graph& graph_;
  const Spec scheme_;
  const Options options_;
  const SourceReader source_;
  std::vector<Fate> fates_;                              // by node
  std::vector<Range> ranges_;                            // by value
  std::vector<std::pair<ValueId, ValueId>> empty_sums_;  // a sum whose branch is new, and what it passes on
};

}  // namespace

std::unique_ptr<NetworkPlan> net2deeper_plan(const Graph& graph, const Spec& scheme, std::uint64_t) {
  return std::make_unique<DeeperPlan>(graph, scheme);
}

}  // namespace fanin::init
