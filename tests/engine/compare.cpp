// See the header.
#include "engine/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace fanin::testing {

Pair::Pair(const model::Graph& graph, const engine::CompileOptions& options, Dice& dice)
    : program(graph, options), network(graph) {
  randomize_parameters(network, dice);
  const std::vector<NamedTensor> tensors = tensors_of(network);
  program.load(tensors);
  network.load(tensors);
  const auto size = static_cast<std::size_t>(options.batch * element_count(graph.input_shape()));
  images = spaced_array(size, dice);
  for (std::size_t i = 0; i < size; ++i) {
    program.input()[i] = static_cast<float>(images[i]);
    images[i] = static_cast<double>(program.input()[i]);
  }
  for (std::int64_t i = 0; i < options.batch; ++i) {
    labels.push_back(static_cast<std::int32_t>(dice.between(0, graph.classes() - 1)));
    program.labels()[i] = labels.back();
  }
  for (std::int64_t i = 0; i < options.batch; ++i) {
    partners.push_back(static_cast<std::int32_t>(dice.between(0, graph.classes() - 1)));
    program.partner_labels()[i] = partners.back();
  }
}

std::vector<NamedTensor> tensors_of(const reference::Network& network) {
  std::vector<NamedTensor> tensors;
  const auto& parameters = network.graph().parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    NamedTensor item{parameters[i].name, {parameters[i].shape, {}}};
    for (const double x : network.parameter(static_cast<model::ParameterId>(i))) {
      item.tensor.values.push_back(static_cast<float>(x));
    }
    tensors.push_back(std::move(item));
  }
  return tensors;
}

double distance(const std::vector<float>& is, const reference::Array& expected, double floor) {
  if (is.size() != expected.size()) return INFINITY;
  double scale = floor, worst = 0;
  for (std::size_t i = 0; i < is.size(); ++i) {
    const double difference = std::abs(static_cast<double>(is[i]) - expected[i]);
    if (std::isnan(difference)) return INFINITY;
    worst = std::max(worst, difference);
    scale = std::max(scale, std::abs(expected[i]));
  }
  return worst / scale;
}

void expect_same_training(Pair& pair, const reference::TrainingPass& pass, double tolerance, bool values) {
  const auto expected = pair.network.forward_backward(pair.images, pair.labels, pass);
  pair.program.set_share(pass.mixture.share);
  const auto result = pair.program.forward_backward(pass.seed, pass.step);
  const model::Graph& graph = pair.network.graph();
  EXPECT_NEAR(result.loss, expected.loss, tolerance * (1 + std::abs(expected.loss)));
  for (const NamedTensor& gradient : pair.program.to_logical(pair.program.gradients())) {
    const auto& wanted = pair.network.parameter_gradient(graph.find_parameter(gradient.name));
    // The floor: a scale in front of a normalization has gradient 0, the sum of many numbers that cancel.
    EXPECT_LE(distance(gradient.tensor.values, wanted, 0.05), tolerance) << "gradient of " << gradient.name;
  }
  for (const NamedTensor& tensor : pair.program.store()) {
    EXPECT_LE(distance(tensor.tensor.values, pair.network.parameter(graph.find_parameter(tensor.name))), tolerance)
        << tensor.name;
  }
  if (!values) return;
  for (std::size_t i = 0; i < graph.values().size(); ++i) {
    const auto id = static_cast<model::ValueId>(i);
    EXPECT_LE(distance(pair.program.value(id).values, pair.network.value(id)), tolerance) << graph.value(id).name;
    if (i == 0) continue;
    EXPECT_LE(distance(pair.program.value_gradient(id).values, pair.network.value_gradient(id), 0.02), tolerance)
        << "gradient of " << graph.value(id).name;
  }
}

void expect_same_evaluation(Pair& pair, double tolerance) {
  const auto expected = pair.network.evaluate(pair.images, pair.labels);
  const auto count = static_cast<std::int64_t>(pair.labels.size());
  const auto result = pair.program.evaluate(count);
  EXPECT_NEAR(result.loss_sum / static_cast<double>(count), expected.loss, tolerance * (1 + std::abs(expected.loss)));
  const auto logits = pair.program.logits();
  EXPECT_LE(distance({logits.begin(), logits.end()}, pair.network.output()), tolerance);
}

}  // namespace fanin::testing
