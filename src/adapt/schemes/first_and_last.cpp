// Schemes that set one end of the network from the data: whitening filters in front, the classes' shares behind.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "adapt/patches.h"
#include "fanin/base/error.h"

namespace fanin::adapt::schemes {
namespace {

constexpr std::int64_t longest_filter = 1024;

/// All windows of one image without padding, at every position, as the layer's filters see them.
Patches windows(const model::Conv2d& conv, const Batch& image) {
  const Shape& shape = image.images.shape;  // (1, C, H, W)
  const std::int64_t reach_y = conv.dilation_h * (conv.kernel_h - 1), reach_x = conv.dilation_w * (conv.kernel_w - 1);
  Patches patches;
  patches.size = shape[1] * conv.kernel_h * conv.kernel_w;
  for (std::int64_t y = 0; y + reach_y < shape[2]; ++y)
    for (std::int64_t x = 0; x + reach_x < shape[3]; ++x) {
      ++patches.count;
      for (std::int64_t c = 0; c < shape[1]; ++c)
        for (std::int64_t i = 0; i < conv.kernel_h; ++i)
          for (std::int64_t j = 0; j < conv.kernel_w; ++j)
            patches.values.push_back(image.images.values[static_cast<std::size_t>(
                (c * shape[2] + y + i * conv.dilation_h) * shape[3] + x + j * conv.dilation_w)]);
    }
  return patches;
}

/// Eigenvalues and eigenvectors of the mean of x x^T over all images, of one matrix: eigenvectors of parts must not be
/// averaged, since their signs and order are arbitrary.
Components of_images(const Task& task, const model::Node& node) {
  const std::int64_t size = filter_size(task.graph, node);
  std::vector<double> sum(static_cast<std::size_t>(size * size), 0.0);
  std::int64_t count = 0;
  const std::int64_t images = std::min(task.options.integer("images"), task.samples.size());
  const auto* conv = std::get_if<model::Conv2d>(&node.op);
  constexpr std::int64_t block = 64;
  for (std::int64_t first = 0; first < images; first += block) {
    if (task.stop.stop_requested()) throw Interrupted();
    const Batch part = task.samples.take(first, std::min(block, images - first));
    const auto taken = static_cast<std::int64_t>(part.labels.size());
    if (conv == nullptr) {
      const Patches rows{taken, size, part.images.values};
      add_products(rows, sum);
      count += taken;
      continue;
    }
    const std::int64_t each = element_count(part.images.shape) / taken;
    for (std::int64_t n = 0; n < taken; ++n) {
      Batch one;
      one.images.shape = part.images.shape;
      one.images.shape[0] = 1;
      one.images.values.assign(part.images.values.begin() + n * each, part.images.values.begin() + (n + 1) * each);
      const Patches rows = windows(*conv, one);
      add_products(rows, sum);
      count += rows.count;
    }
  }
  if (count == 0)
    throw Error(
        fmt::format("scheme 'patch_whitening' finds no patch: the kernel of '{}' is larger than the image", node.name));
  for (double& value : sum) value /= static_cast<double>(count);
  return components_of(sum, size);
}

/// The layer whose bias is added to the logits: behind it only what passes a constant on.
const model::Node* output_layer(const model::Graph& graph) {
  model::ValueId value = graph.output();
  while (graph.value(value).producer >= 0) {
    const model::Node& node = graph.node(graph.value(value).producer);
    if (has_weight(node)) return node.parameters.size() > 1 ? &node : nullptr;
    const auto* activation = std::get_if<model::Activation>(&node.op);
    const bool passes = std::holds_alternative<model::GlobalAveragePool>(node.op) ||
                        std::holds_alternative<model::Flatten>(node.op) ||
                        std::holds_alternative<model::Dropout>(node.op) ||
                        (activation != nullptr && activation->kind == model::ActivationKind::identity);
    if (!passes) return nullptr;
    value = node.inputs.front();
  }
  return nullptr;
}

}  // namespace

void check_patch_whitening(const Task& task) {
  const std::vector<init::Place> places = init::places(task.graph);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const model::Node& node = task.graph.nodes()[i];
    if (!places[i].first || !has_weight(node)) continue;
    const auto* conv = std::get_if<model::Conv2d>(&node.op);
    if (conv != nullptr && conv->groups != 1)
      throw Error(fmt::format("scheme 'patch_whitening' needs a first layer without groups; '{}' has {}", node.name,
                              conv->groups));
    const std::int64_t size = filter_size(task.graph, node);
    if (size > longest_filter)
      throw Error(fmt::format("scheme 'patch_whitening' needs a first layer of at most {} inputs a filter; '{}' has {}",
                              longest_filter, node.name, size));
    const bool reads_image = node.inputs.front() == task.graph.input();
    const model::NodeId before = task.graph.value(node.inputs.front()).producer;
    if (!reads_image && (conv != nullptr || !std::holds_alternative<model::Flatten>(task.graph.node(before).op)))
      throw Error(fmt::format("scheme 'patch_whitening' needs a first layer that reads the image; '{}' reads '{}'",
                              node.name, task.graph.value(node.inputs.front()).name));
  }
}

std::vector<NamedTensor> patch_whitening(const Task& task) {
  std::vector<NamedTensor> state = base_state(task);
  const std::vector<init::Place> places = init::places(task.graph);
  const double epsilon = task.options.number("epsilon");
  for (std::size_t at = 0; at < places.size(); ++at) {
    const model::Node& node = task.graph.nodes()[at];
    if (!places[at].first || !has_weight(node)) continue;
    const std::int64_t size = filter_size(task.graph, node);
    const Components components = of_images(task, node);
    std::vector<float>& weight = state[static_cast<std::size_t>(node.parameters.front())].tensor.values;
    const std::int64_t outputs = static_cast<std::int64_t>(weight.size()) / size;
    // Filters u_1 to u_d, then -u_1 to -u_d: together they lose nothing behind a ReLU. An odd one is left to the base.
    const std::int64_t pairs = std::min(size, outputs / 2);
    for (std::int64_t k = 0; k < pairs; ++k)
      for (std::int64_t j = 0; j < size; ++j) {
        const double value = components.vectors[static_cast<std::size_t>(k * size + j)] /
                             std::sqrt(components.values[static_cast<std::size_t>(k)] + epsilon);
        weight[static_cast<std::size_t>(k * size + j)] = static_cast<float>(value);
        weight[static_cast<std::size_t>((pairs + k) * size + j)] = static_cast<float>(-value);
      }
    if (2 * pairs < outputs)
      task.notes.push_back(fmt::format(
          "patch_whitening left {} of {} filters of {} as the base made them: {}", outputs - 2 * pairs, outputs,
          node.name,
          pairs == size ? fmt::format("its patches have {} directions", size) : "its filters come in pairs"));
  }
  return state;
}

void check_class_prior(const Task& task) {
  if (output_layer(task.graph) == nullptr)
    throw Error(fmt::format("scheme 'class_prior' needs a last layer whose bias reaches the logits; {} has none",
                            task.graph.name()));
  const std::vector<std::int64_t> counts = task.samples.label_counts(task.graph.classes());
  const auto missing = std::ranges::find(counts, 0);
  if (missing != counts.end() && task.options.number("smoothing") == 0)
    throw Error(
        fmt::format("scheme 'class_prior' finds no image of class {}, whose share 0 has no logarithm; expected "
                    "smoothing above 0",
                    missing - counts.begin()));
}

std::vector<NamedTensor> class_prior(const Task& task) {
  std::vector<NamedTensor> state = base_state(task);
  const std::vector<std::int64_t> counts = task.samples.label_counts(task.graph.classes());
  const double extra = task.options.number("smoothing");
  double all = extra * static_cast<double>(counts.size());
  for (const std::int64_t count : counts) all += static_cast<double>(count);
  std::vector<float>& bias = state[static_cast<std::size_t>(output_layer(task.graph)->parameters[1])].tensor.values;
  for (std::size_t c = 0; c < counts.size(); ++c)
    bias[c] = static_cast<float>(std::log((static_cast<double>(counts[c]) + extra) / all));
  return state;
}

}  // namespace fanin::adapt::schemes
