// net2wider: which unit of the small network each unit of the wide one copies, followed through the graph.
//
// Values whose channels are one to one (through norms, activations, pooling, additions) share a map; a map starts where
// a convolution or linear layer writes, and is made from others behind a flattening, a padding of channels and a
// concatenation. Layer o <- i of the small network becomes W'[o, i] = W[g(o), g(i)] / copies of g(i).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <variant>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/fill.h"
#include "init/net2net.h"
#include "init/rows/rows.h"
#include "init/source_weights.h"

namespace fanin::init {
namespace {

using model::Graph;
using model::Node;
using model::ValueId;

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// Of the channels (or features) of a value: which one of the small network's each copies.
struct ChannelMap {
  std::int64_t there = 0;            // channels in the small network
  std::vector<std::int64_t> source;  // by channel here
  std::vector<std::int64_t> copies;  // by channel there
  std::vector<bool> is_copy;         // by channel here: an earlier one has the same source

  ChannelMap() = default;
  ChannelMap(std::int64_t count_there, std::vector<std::int64_t> sources)
      : there(count_there), source(std::move(sources)), copies(index(count_there), 0) {
    for (const std::int64_t from : source) is_copy.push_back(copies[index(from)]++ > 0);
  }
  static ChannelMap identity(std::int64_t count) {
    std::vector<std::int64_t> all(index(count));
    std::iota(all.begin(), all.end(), 0);
    return {count, std::move(all)};
  }
  bool operator==(const ChannelMap& other) const { return there == other.there && source == other.source; }
};

bool is_weight_layer(const Node& node) {
  return std::holds_alternative<model::Conv2d>(node.op) || std::holds_alternative<model::Linear>(node.op);
}

class WiderPlan final : public NetworkPlan {
 public:
  WiderPlan(const Graph& graph, const Spec& scheme, std::uint64_t seed)
      : graph_(graph),
        scheme_(scheme),
        seed_(seed),
        options_(scheme, find_scheme("net2wider").options, "scheme 'net2wider'"),
        source_(options_, "net2wider"),
        parent_(graph.values().size()),
        maps_(graph.values().size()),
        states_(graph.values().size(), State::unknown) {
    source_.require_no_more(graph);
    std::iota(parent_.begin(), parent_.end(), 0);
    for (const Node& node : graph.nodes())
      if (keeps_channels(node))
        for (const ValueId input : node.inputs) parent_[index(root(node.output))] = root(input);
  }

  std::optional<FillReport> fill(std::size_t parameter, const WeightContext& context, std::span<float> out) override {
    const model::Parameter& wanted = graph_.parameters()[parameter];
    const Node& node = graph_.node(wanted.node);
    const Tensor& there = source_.require(wanted.name);
    if (wanted.role == model::Role::weight) {
      fill_weight(node, context, there, out);
    } else if (element_count(wanted.shape) == 1 && !is_weight_layer(node)) {  // a Scale, a shared PReLU
      expect_shape(wanted.name, there, wanted.shape);
      std::ranges::copy(there.values, out.begin());
    } else {
      const ChannelMap& map = map_of(node.output);
      expect_shape(wanted.name, there, {map.there});
      for (std::size_t o = 0; o < out.size(); ++o) out[o] = there.values[index(map.source[o])];
    }
    return report_of(scheme_, context, {std::numeric_limits<double>::quiet_NaN()}, out);
  }

 private:
  enum class State { unknown, in_progress, known };

  bool is_depthwise(const Node& node) const {
    const auto* conv = std::get_if<model::Conv2d>(&node.op);
    return conv != nullptr && conv->groups > 1 && conv->groups == conv->out_channels &&
           graph_.value(node.inputs[0]).shape[0] == conv->groups;
  }

  bool keeps_channels(const Node& node) const {
    if (is_weight_layer(node)) return is_depthwise(node);
    return !makes_map(node);
  }

  /// Whether the map behind the node is made from those before it.
  static bool makes_map(const Node& node) {
    const auto* pad = std::get_if<model::Pad>(&node.op);
    return std::holds_alternative<model::Flatten>(node.op) || std::holds_alternative<model::Concat>(node.op) ||
           (pad != nullptr && pad->channels_before + pad->channels_after > 0);
  }

  ValueId root(ValueId value) const {
    while (parent_[index(value)] != value) value = parent_[index(value)];
    return value;
  }

  const ChannelMap& map_of(ValueId value) {
    const std::size_t at = index(root(value));
    if (states_[at] == State::known) return maps_[at];
    if (states_[at] == State::in_progress)
      throw Error(fmt::format("scheme 'net2wider' cannot follow the channels of '{}': they depend on themselves",
                              graph_.value(value).name));
    states_[at] = State::in_progress;
    maps_[at] = make_map(root(value));
    states_[at] = State::known;
    return maps_[at];
  }

  ChannelMap make_map(ValueId representative) {
    std::vector<const Node*> owners, makers;
    for (const Node& node : graph_.nodes()) {
      if (root(node.output) != representative) continue;
      if (is_weight_layer(node) && !is_depthwise(node)) owners.push_back(&node);
      if (makes_map(node)) makers.push_back(&node);
    }
    std::optional<std::int64_t> there;
    for (const Node* owner : owners) {
      const std::int64_t outputs = outputs_there(*owner);
      if (there && *there != outputs)
        source_.refuse(
            fmt::format("'{}' writes {} channels there, and '{}', which meets it here, {}; expected the same",
                        owners[0]->name, *there, owner->name, outputs));
      there = outputs;
    }
    const std::int64_t here = graph_.value(representative).shape[0];
    std::optional<ChannelMap> map;
    if (root(graph_.input()) == representative) map = ChannelMap::identity(here);
    for (const Node* maker : makers) {
      ChannelMap made = made_by(*maker, there);
      if (map && !(*map == made))
        source_.refuse(fmt::format("the channels that meet at '{}' are not copied alike", maker->name));
      map = std::move(made);
    }
    if (map) {
      if (there && *there != map->there)
        source_.refuse(fmt::format("'{}' writes {} channels there; expected {}, as what it is added to has",
                                   owners[0]->name, *there, map->there));
      return *std::move(map);
    }
    if (owners.empty()) throw Error("scheme 'net2wider' met channels that no layer writes");
    return drawn(*owners[0], *there, here, root(graph_.output()) == representative);
  }

  std::int64_t outputs_there(const Node& node) const {
    const Tensor& weight = source_.require(graph_.parameter(node.parameters[0]).name);
    return weight.shape.empty() ? 0 : weight.shape[0];
  }

  /// The first channels are the old ones, each further one copies one of them.
  ChannelMap drawn(const Node& owner, std::int64_t there, std::int64_t here, bool logits) const {
    if (there < 1 || there > here || (logits && there != here))
      source_.refuse(fmt::format("'{}' has {} outputs there and {} here; expected {}", owner.name, there, here,
                                 logits ? "the same classes" : "no fewer here"));
    return {there, copies(owner.name, there, here)};
  }

  std::vector<std::int64_t> copies(const std::string& name, std::int64_t there, std::int64_t here) const {
    const random::Stream stream = random::make_stream(seed_, name + ".net2wider", random::Purpose::initialize);
    std::vector<std::int64_t> sources;
    for (std::int64_t j = 0; j < here; ++j)
      sources.push_back(j < there ? j
                                  : static_cast<std::int64_t>(random::uniform_index(
                                        stream, static_cast<std::uint64_t>(j), static_cast<std::uint64_t>(there))));
    return sources;
  }

  ChannelMap made_by(const Node& node, std::optional<std::int64_t> there) {
    if (std::holds_alternative<model::Flatten>(node.op)) {
      const Shape& shape = graph_.value(node.inputs[0]).shape;
      const std::int64_t area = element_count(shape) / shape[0];
      const ChannelMap& before = map_of(node.inputs[0]);
      std::vector<std::int64_t> sources;
      for (const std::int64_t channel : before.source)
        for (std::int64_t p = 0; p < area; ++p) sources.push_back(channel * area + p);
      return {before.there * area, std::move(sources)};
    }
    if (const auto* pad = std::get_if<model::Pad>(&node.op)) return padded(node, *pad, there);
    std::int64_t total = 0;
    std::vector<std::int64_t> sources;
    for (const ValueId input : node.inputs) {
      const ChannelMap& part = map_of(input);
      for (const std::int64_t channel : part.source) sources.push_back(total + channel);
      total += part.there;
    }
    return {total, std::move(sources)};
  }

  /// Zero channels copy zero channels: how many the small network puts before and after follows from what the sum with
  /// the padded value has there.
  ChannelMap padded(const Node& node, const model::Pad& pad, std::optional<std::int64_t> there) {
    const ChannelMap& inner = map_of(node.inputs[0]);
    const std::int64_t zeros_here = pad.channels_before + pad.channels_after;
    const std::int64_t zeros = there ? *there - inner.there : zeros_here;
    const std::int64_t before = zeros * pad.channels_before / zeros_here, after = zeros - before;
    if (zeros < 0 || before > pad.channels_before || after > pad.channels_after ||
        (before == 0 && pad.channels_before > 0) || (after == 0 && pad.channels_after > 0))
      source_.refuse(fmt::format("'{}' pads with {} and {} channels, which cannot copy {} and {} there", node.name,
                                 pad.channels_before, pad.channels_after, before, after));
    std::vector<std::int64_t> sources;
    if (before > 0) sources = copies(node.name + ".before", before, pad.channels_before);
    for (const std::int64_t channel : inner.source) sources.push_back(before + channel);
    if (after > 0)
      for (const std::int64_t channel : copies(node.name + ".after", after, pad.channels_after))
        sources.push_back(before + inner.there + channel);
    return {before + inner.there + after, std::move(sources)};
  }

  void fill_weight(const Node& node, const WeightContext& context, const Tensor& there, std::span<float> out) {
    const ChannelMap& outputs = map_of(node.output);
    const ChannelMap& inputs = map_of(node.inputs[0]);
    Shape expected = context.shape;
    expected[0] = outputs.there;
    const bool depthwise = is_depthwise(node);
    if (context.groups == 1) {
      expected[1] = inputs.there;
    } else if (!depthwise && (outputs.there != context.shape[0] || inputs.there != context.shape[1] * context.groups)) {
      source_.refuse(fmt::format("'{}' has {} groups; expected depthwise or no groups where channels are added",
                                 node.name, context.groups));
    }
    expect_shape(context.name, there, expected);
    const std::int64_t columns = context.shape[1], area = element_count(context.shape) / (context.shape[0] * columns);
    const std::vector<float> noise = noise_for(context, there);
    for (std::size_t at = 0; at < out.size(); ++at) {
      const std::int64_t tap = static_cast<std::int64_t>(at) % area, i = static_cast<std::int64_t>(at) / area % columns;
      const std::size_t o = at / index(area * columns);
      const std::int64_t from = context.groups == 1 ? inputs.source[index(i)] : i;
      const double share = context.groups == 1 ? static_cast<double>(inputs.copies[index(from)]) : 1;
      const double value = there.values[index((outputs.source[o] * expected[1] + from) * area + tap)] / share;
      out[at] = static_cast<float>(outputs.is_copy[o] && !noise.empty() ? value + noise[at] : value);
    }
  }

  std::vector<float> noise_for(const WeightContext& context, const Tensor& there) const {
    const double noise = options_.number("noise");
    if (noise == 0) return {};
    double mean = 0, squares = 0;
    const double count = static_cast<double>(there.values.size());
    for (const float value : there.values) mean += value / count;
    for (const float value : there.values) squares += (value - mean) * (value - mean) / count;
    std::vector<float> values(index(element_count(context.shape)));
    random::fill_normal(std::span<float>(values), random::make_stream(seed_, context.name, random::Purpose::initialize),
                        0.0f, static_cast<float>(noise * std::sqrt(squares)));
    return values;
  }

  void expect_shape(std::string_view parameter, const Tensor& there, const Shape& expected) const {
    if (there.shape == expected) return;
    source_.refuse(fmt::format("'{}' has shape {}; expected {} for the network's '{}'", *source_.name_of(parameter),
                               to_string(there.shape), to_string(expected), parameter));
  }

  const Graph& graph_;
  const Spec scheme_;
  const std::uint64_t seed_;
  const Options options_;
  const SourceReader source_;
  std::vector<ValueId> parent_;  // union of values whose channels are one to one
  std::vector<ChannelMap> maps_;
  std::vector<State> states_;
};

}  // namespace

std::unique_ptr<NetworkPlan> net2wider_plan(const Graph& graph, const Spec& scheme, std::uint64_t seed) {
  return std::make_unique<WiderPlan>(graph, scheme, seed);
}

}  // namespace fanin::init
