// Every operator's backward pass against central differences of its forward pass, on random shapes.
#include <gtest/gtest.h>

#include <cmath>

#include "reference/random_cases.h"

namespace fanin::reference {
namespace {

using testing::Dice;

double dot(const Array& a, const Array& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// d objective / d x[i] for all i must be `gradient`.
template <class Objective>
void expect_central_differences(Array& x, const Array& gradient, Objective objective, const std::string& what) {
  ASSERT_EQ(x.size(), gradient.size()) << what;
  const double h = 1e-5;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double kept = x[i];
    x[i] = kept + h;
    const double above = objective();
    x[i] = kept - h;
    const double below = objective();
    x[i] = kept;
    // Truncation grows with h^2, rounding with 1e-16 / h: both well below the bound.
    ASSERT_NEAR(gradient[i], (above - below) / (2 * h), 2e-7 * (1 + std::abs(gradient[i]))) << what << " element " << i;
  }
}

class OperatorGradients : public ::testing::TestWithParam<std::size_t> {};

TEST_P(OperatorGradients, AreCentralDifferences) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Dice dice(1000 * GetParam() + seed);
    Network network(testing::random_operator_graph(GetParam(), dice));
    testing::randomize_parameters(network, dice);
    const model::Graph& graph = network.graph();
    const std::int64_t batch = dice.between(2, 3);
    const bool training = dice.between(0, 3) != 0;
    Array x = testing::spaced_array(static_cast<std::size_t>(batch * element_count(graph.input_shape())), dice);
    const Array weights =
        testing::random_array(static_cast<std::size_t>(batch * element_count(graph.value(graph.output()).shape)), dice);
    // Dropout draws the same mask each time: the stream depends on seed, name and step alone.
    const auto objective = [&] { return dot(weights, network.forward(x, training, seed, 3)); };

    // Running statistics move in training but take no part in its output; in evaluation they stand still.
    objective();
    network.backward(weights);
    const std::string what = graph.name() + " (" + describe(graph.nodes().back().op) + ") on " +
                             to_string(graph.input_shape()) + ", seed " + std::to_string(seed);
    const Array input_gradient = network.value_gradient(graph.input());
    std::vector<Array> parameter_gradients;
    for (std::size_t i = 0; i < graph.parameters().size(); ++i) {
      parameter_gradients.push_back(network.parameter_gradient(static_cast<model::ParameterId>(i)));
    }
    expect_central_differences(x, input_gradient, objective, what + ", input");
    for (std::size_t i = 0; i < graph.parameters().size(); ++i) {
      const model::Parameter& parameter = graph.parameters()[i];
      if (!is_trainable(parameter.role)) continue;
      expect_central_differences(network.parameter(static_cast<model::ParameterId>(i)), parameter_gradients[i],
                                 objective, what + ", " + parameter.name);
    }
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, OperatorGradients,
                         ::testing::Range<std::size_t>(0, std::variant_size_v<model::Operator>),
                         [](const auto& row) { return std::string(model::operator_table()[row.param].name); });

TEST(LossGradient, IsTheCentralDifference) {
  for (const double smoothing : {0.0, 0.1, 0.7}) {
    Dice dice(5);
    Array logits = testing::random_array(3 * 4, dice);
    const std::vector<std::int32_t> labels = {2, 0, 3};
    Array gradient;
    cross_entropy(logits, 4, labels, smoothing, &gradient);
    expect_central_differences(
        logits, gradient, [&] { return cross_entropy(logits, 4, labels, smoothing, nullptr).loss; }, "loss");
  }
}

}  // namespace
}  // namespace fanin::reference
