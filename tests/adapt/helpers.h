// What the tests of the schemes that run a network share: images, a network, and what its layers give.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fanin/adapt/initialize.h"
#include "fanin/base/spec.h"
#include "fanin/engine/program.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"

namespace fanin::adapt {

/// Images of mean 0 and variance 1 whose neighbours are alike (a random field, smoothed), labels in turn.
inline Batch field(std::int64_t count, Shape image, std::int64_t classes, std::uint64_t seed = 1) {
  Batch batch;
  batch.images.shape = {count};
  batch.images.shape.insert(batch.images.shape.end(), image.begin(), image.end());
  std::vector<float>& values = batch.images.values;
  values.resize(static_cast<std::size_t>(element_count(batch.images.shape)));
  random::fill_normal(std::span<float>(values), random::make_stream(seed, "field", random::Purpose::subset), 0, 1);
  if (image.size() == 3) {
    const std::int64_t width = image[2];
    for (std::size_t i = 1; i < values.size(); ++i) values[i] = 0.5F * values[i] + 0.866F * values[i - 1];
    for (std::size_t i = static_cast<std::size_t>(width); i < values.size(); ++i)
      values[i] = 0.5F * values[i] + 0.866F * values[i - static_cast<std::size_t>(width)];
  }
  double mean = 0, square = 0;
  for (const float value : values) mean += value / static_cast<double>(values.size());
  for (const float value : values) square += (value - mean) * (value - mean) / static_cast<double>(values.size());
  for (float& value : values) value = static_cast<float>((value - mean) / std::sqrt(square));
  for (std::int64_t i = 0; i < count; ++i) batch.labels.push_back(static_cast<std::int32_t>(i % classes));
  return batch;
}

inline model::Graph build(std::string_view spec, Shape input = {1, 28, 28}, std::int64_t classes = 10) {
  return model::build_model(parse_spec(spec), std::move(input), classes);
}

/// A compiled network that shows its values: what a test measures with, apart from the code under test.
class Shown {
 public:
  Shown(const model::Graph& graph, const std::vector<NamedTensor>& state, const Batch& batch, bool training = false)
      : graph_(graph), program_(graph, options(static_cast<std::int64_t>(batch.labels.size()))) {
    program_.load(state);
    std::ranges::copy(batch.images.values, program_.input());
    std::ranges::copy(batch.labels, program_.labels());
    if (training) {
      loss = program_.forward_backward(0, 0).loss;
    } else {
      loss = program_.evaluate(static_cast<std::int64_t>(batch.labels.size())).loss_sum /
             static_cast<double>(batch.labels.size());
    }
  }

  /// (N, C, ...) of the node of that name.
  Tensor output(std::string_view name) const {
    for (const model::Node& node : graph_.nodes())
      if (node.name == name) return program_.value(node.output);
    ADD_FAILURE() << "no node " << name;
    return {};
  }
  double variance(std::string_view name) const { return moments(output(name).values).second; }
  const engine::Program& program() const { return program_; }

  static std::pair<double, double> moments(const std::vector<float>& values) {
    double mean = 0, variance = 0;
    for (const float value : values) mean += value;
    mean /= static_cast<double>(values.size());
    for (const float value : values) variance += (value - mean) * (value - mean);
    return {mean, variance / static_cast<double>(values.size())};
  }

  double loss = 0;

 private:
  static engine::CompileOptions options(std::int64_t batch) {
    engine::CompileOptions chosen;
    chosen.batch = batch;
    chosen.fuse = false;
    return chosen;
  }
  const model::Graph& graph_;
  engine::Program program_;
};

/// The values of one channel of (N, C, ...).
inline std::vector<float> channel(const Tensor& tensor, std::int64_t c) {
  const std::int64_t channels = tensor.shape[1];
  const std::int64_t positions = element_count(tensor.shape) / (tensor.shape[0] * channels);
  std::vector<float> result;
  for (std::int64_t n = 0; n < tensor.shape[0]; ++n)
    for (std::int64_t i = 0; i < positions; ++i)
      result.push_back(tensor.values[static_cast<std::size_t>((n * channels + c) * positions + i)]);
  return result;
}

}  // namespace fanin::adapt
