// Filters from data, each layer then normalized channel by channel on a batch.
//
// Kraehenbuehl, Doersch, Donahue & Darrell 2016, Data-dependent initializations of convolutional neural networks,
// algorithm 1: within each layer, with filters that are normal, principal components or k-means centres of patches.
// With normal filters and a shift of 0 it is the start of Salimans & Kingma 2016, Weight normalization, section 3: the
// direction of a filter's weights is drawn, its length and bias are read off the batch.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "adapt/equalize.h"
#include "adapt/layers.h"
#include "adapt/patches.h"
#include "fanin/base/error.h"
#include "fanin/random/stream.h"

namespace fanin::adapt::schemes {
namespace {

constexpr double dead = 1e-12;
constexpr std::int64_t longest_filter = 1024;  // an eigendecomposition of this size takes a second

enum class Filters { drawn, principal, clusters };

class WithinLayer {
 public:
  WithinLayer(const Task& task, Filters filters)
      : task_(task),
        filters_(filters),
        batch_(first_images(task, task.options.integer("batch"))),
        layers_(task, batch_, base_state(task)) {}

  std::vector<NamedTensor> run() {
    for (const model::Node& node : task_.graph.nodes()) {
      if (!has_weight(node)) continue;
      if (filters_ != Filters::drawn) set_filters(node);
      normalize(node);
    }
    if (!drawn_.empty())
      task_.notes.push_back(fmt::format("{} left the filters of {} as the base made them: more than {} inputs",
                                        task_.name, listed(drawn_), longest_filter));
    if (!silent_.empty())
      task_.notes.push_back(
          fmt::format("{} left channels whose output is constant on the batch: {}", task_.name, listed(silent_)));
    std::vector<NamedTensor> state = layers_.take_state();
    if (task_.options.flag("equalize")) equalize(task_, batch_, state);
    return state;
  }

 private:
  void set_filters(const model::Node& node) {
    const std::int64_t size = filter_size(task_.graph, node);
    if (size > longest_filter) {
      drawn_.push_back(node.name);
      return;
    }
    const model::Parameter& weight = task_.graph.parameter(node.parameters.front());
    const auto* conv = std::get_if<model::Conv2d>(&node.op);
    const std::int64_t groups = conv == nullptr ? 1 : conv->groups, outputs = weight.shape[0] / groups;
    const Tensor input = layers_.input_of(node);
    for (std::int64_t group = 0; group < groups; ++group) {
      const random::Stream stream = random::make_stream(task_.seed, weight.name + "/patches",
                                                        random::Purpose::initialize, static_cast<std::uint32_t>(group));
      Patches patches = sample_patches(node, input, group, task_.options.integer("patches"), stream);
      centre(patches);
      const std::vector<float> found =
          filters_ == Filters::principal ? principal(patches, outputs) : centres(patches, outputs, weight.name, group);
      std::ranges::copy(found, layers_.change(node.parameters.front()).begin() + group * outputs * size);
    }
  }

  /// At most `wanted` filters, one a component with a variance above rounding; those behind stay the base's.
  static std::vector<float> principal(const Patches& patches, std::int64_t wanted) {
    const Components components = spectrum(patches);
    std::vector<float> found;
    for (std::int64_t k = 0; k < std::min(wanted, patches.size); ++k) {
      if (components.values[static_cast<std::size_t>(k)] <= 1e-6 * components.values[0]) break;
      for (std::int64_t j = 0; j < patches.size; ++j)
        found.push_back(static_cast<float>(components.vectors[static_cast<std::size_t>(k * patches.size + j)]));
    }
    return found;
  }

  std::vector<float> centres(const Patches& patches, std::int64_t wanted, const std::string& weight,
                             std::int64_t group) const {
    const std::int64_t size = patches.size;
    const Components components = spectrum(patches);
    // The whitening: row k of Z is the k-th component over its standard deviation.
    std::vector<double> whitening(components.vectors.size(), 0.0);
    for (std::int64_t k = 0; k < size; ++k) {
      const double variance = components.values[static_cast<std::size_t>(k)];
      if (variance < 1e-6) continue;
      for (std::int64_t j = 0; j < size; ++j) {
        const auto at = static_cast<std::size_t>(k * size + j);
        whitening[at] = components.vectors[at] / std::sqrt(variance + 1e-3);
      }
    }
    Patches white{patches.count, size, std::vector<float>(patches.values.size())};
    multiply(patches.values, whitening, size, white.values, true);
    for (std::int64_t i = 0; i < white.count; ++i) {
      const std::span<float> row(white.values.data() + i * size, static_cast<std::size_t>(size));
      double square = 0;
      for (const float value : row) square += static_cast<double>(value) * value;
      if (square > 0)
        for (float& value : row) value = static_cast<float>(value / std::sqrt(square));
    }
    const std::vector<std::uint32_t> order =
        permutation(random::make_stream(task_.seed, weight + "/centres", random::Purpose::initialize,
                                        static_cast<std::uint32_t>(group)),
                    static_cast<std::uint32_t>(white.count));
    const std::vector<std::uint64_t> first(order.begin(), order.begin() + std::min(wanted, white.count));
    const std::vector<float> centroids = cluster(white, first, task_.options.integer("iterations"), task_.stop);
    std::vector<float> found(centroids.size());
    multiply(centroids, whitening, size, found, false);  // c Z x = (Z^T c) x
    return found;
  }

  static Components spectrum(const Patches& patches) {
    std::vector<double> covariance(static_cast<std::size_t>(patches.size * patches.size), 0.0);
    add_products(patches, covariance);
    for (double& value : covariance) value /= static_cast<double>(patches.count);
    return components_of(covariance, patches.size);
  }

  /// Each channel's output gets mean `bias` and variance 1 over the batch.
  void normalize(const model::Node& node) {
    const std::vector<Moments> channels = layers_.channel_moments_of(node);
    const double shift = task_.options.number("bias");
    std::vector<float>& weight = layers_.change(node.parameters[0]);
    std::vector<float>* bias = node.parameters.size() > 1 ? &layers_.change(node.parameters[1]) : nullptr;
    const std::size_t each = weight.size() / channels.size();
    std::size_t silent = 0;
    for (std::size_t c = 0; c < channels.size(); ++c) {
      if (!std::isfinite(channels[c].variance) || !std::isfinite(channels[c].mean)) refuse(node, "not finite");
      if (channels[c].variance < dead) {
        ++silent;
        continue;
      }
      const double std = std::sqrt(channels[c].variance);
      for (std::size_t i = c * each; i < (c + 1) * each; ++i) weight[i] = static_cast<float>(weight[i] / std);
      if (bias != nullptr) (*bias)[c] = static_cast<float>(((*bias)[c] - channels[c].mean) / std + shift);
    }
    if (silent == channels.size()) refuse(node, "constant");
    if (silent > 0) silent_.push_back(fmt::format("{} ({} of {})", node.name, silent, channels.size()));
  }

  void refuse(const model::Node& node, std::string_view what) const {
    throw Error(fmt::format(
        "scheme '{}' cannot normalize '{}': its output on the batch is {}, so the layer or one before it is "
        "dead; expected a base that lets the signal through, not '{}'",
        task_.name, node.name, what, task_.options.text("base")));
  }

  const Task& task_;
  const Filters filters_;
  const Batch batch_;
  Layers layers_;
  std::vector<std::string> drawn_, silent_;
};

}  // namespace

std::vector<NamedTensor> data_normal(const Task& task) {
  return WithinLayer(task, Filters::drawn).run();
}
std::vector<NamedTensor> pca(const Task& task) {
  return WithinLayer(task, Filters::principal).run();
}
std::vector<NamedTensor> kmeans(const Task& task) {
  return WithinLayer(task, Filters::clusters).run();
}

void check_within_layer(const Task& task) {
  if (task.options.flag("equalize")) require_chain(task);
}

}  // namespace fanin::adapt::schemes
