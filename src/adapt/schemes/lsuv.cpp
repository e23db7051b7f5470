// LSUV: one layer after the other is scaled until the variance of its output on a batch is the wanted one.
// Mishkin & Matas 2016, All you need is a good init, algorithm 1.
//
// A layer is linear in (weight, bias), so that for a fixed batch one scaling of both is exact; further rounds only mend
// rounding. Every weight layer takes part, the first too, and what is measured is the layer's own output, before any
// activation: a published port misses both (it counts from the second layer, and reads after an in-place ReLU).
#include <fmt/format.h>

#include <cmath>

#include "adapt/layers.h"
#include "fanin/base/error.h"

namespace fanin::adapt::schemes {
namespace {

constexpr double dead = 1e-12;  // a variance below this cannot be scaled up in float

void scale(std::span<float> values, double factor) {
  for (float& value : values) value = static_cast<float>(value * factor);
}

class Lsuv {
 public:
  explicit Lsuv(const Task& task)
      : task_(task),
        places_(init::places(task.graph)),
        layers_(task, first_images(task, task.options.integer("batch")), base_state(task)) {}

  std::vector<NamedTensor> run() {
    for (std::size_t i = 0; i < task_.graph.nodes().size(); ++i) {
      const model::Node& node = task_.graph.nodes()[i];
      if (!has_weight(node)) continue;
      if (feeds_norm(task_.graph, node)) {
        before_norm_.push_back(node.name);
      } else if (task_.options.text("scope") == "channel") {
        fit_channels(node, target(places_[i]));
      } else {
        fit(node, target(places_[i]));
      }
    }
    tell();
    return layers_.take_state();
  }

 private:
  /// The sum of B branches of variance 1 / B adds as much to the stream as one layer.
  double target(const init::Place& place) const {
    const double wanted = task_.options.number("target");
    const bool shares = place.branch_end && place.branch_layers > 0 && task_.options.text("branches") == "shared";
    return shares ? wanted / place.blocks : wanted;
  }

  void fit(const model::Node& node, double wanted) {
    for (std::int64_t round = 0; round < task_.options.integer("iterations"); ++round) {
      const double variance = layers_.moments_of(node).variance;
      refuse(node, variance);
      if (std::abs(variance / wanted - 1) <= task_.options.number("tol")) return;
      for (const model::ParameterId id : node.parameters) scale(layers_.change(id), std::sqrt(wanted / variance));
    }
  }

  void fit_channels(const model::Node& node, double wanted) {
    for (std::int64_t round = 0; round < task_.options.integer("iterations"); ++round) {
      const std::vector<Moments> channels = layers_.channel_moments_of(node);
      double largest = 0;
      std::int64_t silent = 0;
      bool done = true;
      for (const Moments& channel : channels) {
        largest = std::isfinite(channel.variance) ? std::max(largest, channel.variance) : channel.variance;
        silent += channel.variance < dead;
        done =
            done && (channel.variance < dead || std::abs(channel.variance / wanted - 1) <= task_.options.number("tol"));
        if (!std::isfinite(channel.variance)) break;
      }
      refuse(node, largest);
      if (round == 0 && silent > 0) silent_.push_back(fmt::format("{} ({} of {})", node.name, silent, channels.size()));
      if (done) return;
      for (const model::ParameterId id : node.parameters) {
        std::vector<float>& values = layers_.change(id);
        const std::size_t each = values.size() / channels.size();
        for (std::size_t c = 0; c < channels.size(); ++c)
          if (channels[c].variance >= dead)
            scale(std::span(values).subspan(c * each, each), std::sqrt(wanted / channels[c].variance));
      }
    }
  }

  void refuse(const model::Node& node, double variance) const {
    if (variance >= dead && std::isfinite(variance)) return;
    throw Error(
        fmt::format("scheme 'lsuv' cannot scale '{}': the variance of its output on the batch is {:.3g}, so the layer "
                    "or one before "
                    "it is dead; expected a base that lets the signal through, not '{}'",
                    node.name, variance, task_.options.text("base")));
  }

  void tell() {
    if (!before_norm_.empty())
      task_.notes.push_back(fmt::format(
          "lsuv left {} as the base made them: a normalization follows, which undoes any scale", listed(before_norm_)));
    if (!silent_.empty())
      task_.notes.push_back(
          fmt::format("lsuv left channels whose output is constant on the batch: {}", listed(silent_)));
  }

  const Task& task_;
  const std::vector<init::Place> places_;
  Layers layers_;
  std::vector<std::string> before_norm_, silent_;
};

}  // namespace

std::vector<NamedTensor> lsuv(const Task& task) {
  return Lsuv(task).run();
}

}  // namespace fanin::adapt::schemes
