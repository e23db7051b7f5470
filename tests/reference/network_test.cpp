// Whole networks: gradients of the loss, an identity that a wrong backward pass breaks, training, errors.
#include "reference/network.h"

#include <gmock/gmock.h>

#include <cmath>

#include "fanin/model/builders.h"
#include "model/throws.h"
#include "reference/random_cases.h"

namespace fanin::reference {
namespace {

using testing::Dice;
using testing::error_of;

struct Problem {
  Network network;
  Array images;
  std::vector<std::int32_t> labels;
};

// Random weights of He's scale, so that signals stay alive through many layers.
Problem problem(model::Graph graph, std::int64_t batch, std::uint64_t seed) {
  Dice dice(seed);
  const std::int64_t classes = graph.classes();
  Problem made{Network(std::move(graph)), {}, {}};
  testing::randomize_parameters(made.network, dice);
  const model::Graph& g = made.network.graph();
  for (const model::Node& node : g.nodes()) {
    if (node.parameters.empty() || g.parameter(node.parameters[0]).role != model::Role::weight) continue;
    for (double& w : made.network.parameter(node.parameters[0])) w *= std::sqrt(6 / fans(g, node).in);
  }
  made.images = testing::random_array(static_cast<std::size_t>(batch * element_count(g.input_shape())), dice);
  for (std::int64_t n = 0; n < batch; ++n)
    made.labels.push_back(static_cast<std::int32_t>(dice.between(0, classes - 1)));
  return made;
}

model::Graph built(const char* spec, const Shape& input, std::int64_t classes = 4) {
  return model::build_model(parse_spec(spec), input, classes);
}

double dot(const Array& a, const Array& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

TEST(WholeNetworks, HaveTheGradientOfTheirLoss) {
  // In a deep ReLU network some unit is always near its kink: there the step is small and the bound wide.
  const bool smooth = true, kinks = false;
  const std::pair<const char*, bool> specs[] = {{"mlp:hidden=9,layers=2,activation=gelu", smooth},
                                                {"lenet5:activation=tanh", smooth},
                                                {"vanilla:depth=5,width=3,activation=silu", smooth},
                                                {"vanilla:depth=4,width=3,activation=sigmoid,norm=batch", smooth},
                                                {"resnet20:norm=none,branch_scale=scalar", kinks},
                                                {"resnet20", kinks}};
  for (const auto& [spec, differentiable] : specs) {
    const double h = differentiable ? 1e-5 : 1e-6, bound = differentiable ? 1e-7 : 1e-4;
    const std::int64_t side = differentiable ? 12 : 6;
    Problem p = problem(built(spec, {2, side, side}), 3, 11);
    const double smoothing = 0.1;
    p.network.forward_backward(p.images, p.labels, {.label_smoothing = smoothing});
    const auto loss = [&] {
      return cross_entropy(p.network.forward(p.images, true), 4, p.labels, smoothing, nullptr).loss;
    };
    Dice dice(2);
    for (std::size_t i = 0; i < p.network.graph().parameters().size(); ++i) {
      const auto id = static_cast<model::ParameterId>(i);
      if (!is_trainable(p.network.graph().parameter(id).role)) continue;
      // The slope along a random direction tests all elements of a parameter at once.
      Array& parameter = p.network.parameter(id);
      const Array kept = parameter, direction = testing::random_array(kept.size(), dice);
      const auto loss_at = [&](double distance) {
        for (std::size_t e = 0; e < kept.size(); ++e) parameter[e] = kept[e] + distance * direction[e];
        return loss();
      };
      const double slope = dot(p.network.parameter_gradient(id), direction);
      const double difference = (loss_at(h) - loss_at(-h)) / (2 * h);
      parameter = kept;
      EXPECT_NEAR(slope, difference, bound * (1 + std::abs(slope)))
          << spec << " " << p.network.graph().parameter(id).name;
    }
  }
}

// Without biases a plain ReLU network is homogeneous of degree 1 in each weight tensor, so by Euler's theorem
// <W, dL/dW> = <logits, dL/dlogits> for every layer.
TEST(WholeNetworks, BiasFreePlainReluHasOneWeightGradientProductForAllLayers) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    model::Graph graph("plain", {3, 13, 11});
    model::ValueId x = graph.input();
    for (int i = 0; i < 12; ++i) {
      const std::string number = std::to_string(i);
      x = graph.add("conv" + number,
                    model::Conv2d{.out_channels = 6,
                                  .kernel_h = 3,
                                  .kernel_w = 3,
                                  .stride_h = i == 2 ? 2 : 1,
                                  .pad_top = 1,
                                  .pad_left = 1,
                                  .pad_bottom = 1,
                                  .pad_right = i % 2,
                                  .groups = i % 3 == 2 ? 3 : 1,
                                  .bias = false},
                    {x});
      x = graph.add("relu" + number, model::Activation{}, {x});
    }
    x = graph.add("pool", model::MaxPool2d{}, {x});
    x = graph.add("flatten", model::Flatten{}, {x});
    graph.add("fc", model::Linear{5, false}, {x});
    Problem p = problem(std::move(graph), 4, seed);
    p.network.forward_backward(p.images, p.labels);
    const model::ValueId logits = p.network.graph().output();
    const double expected = dot(p.network.value(logits), p.network.value_gradient(logits));
    ASSERT_GT(std::abs(expected), 1e-6);
    for (std::size_t i = 0; i < p.network.graph().parameters().size(); ++i) {
      const auto id = static_cast<model::ParameterId>(i);
      EXPECT_NEAR(dot(p.network.parameter(id), p.network.parameter_gradient(id)), expected,
                  1e-12 * std::abs(expected) + 1e-13)
          << p.network.graph().parameter(id).name << ", seed " << seed;
    }
  }
}

TEST(WholeNetworks, LearnABatchByHeart) {
  for (const char* spec : {"resnet20", "lenet5"}) {
    Problem p = problem(built(spec, {1, 12, 12}), 3, 3);
    for (std::size_t i = 0; i < p.network.graph().parameters().size(); ++i) {
      const auto id = static_cast<model::ParameterId>(i);
      Array& parameter = p.network.parameter(id);
      const model::Role role = p.network.graph().parameter(id).role;
      if (role == model::Role::norm_scale) parameter.assign(parameter.size(), 1);
      if (role != model::Role::norm_scale && role != model::Role::weight) parameter.assign(parameter.size(), 0);
    }
    const double before = p.network.forward_backward(p.images, p.labels).loss;
    LossResult result;
    for (int step = 0; step < 20; ++step) {
      result = p.network.forward_backward(p.images, p.labels);
      for (std::size_t i = 0; i < p.network.graph().parameters().size(); ++i) {
        const auto id = static_cast<model::ParameterId>(i);
        for (std::size_t e = 0; e < p.network.parameter(id).size(); ++e) {
          p.network.parameter(id)[e] -= 0.03 * p.network.parameter_gradient(id)[e];
        }
      }
    }
    EXPECT_LT(result.loss, 0.2 * before) << spec;
    EXPECT_EQ(result.correct, 3) << spec;
  }
}

TEST(WholeNetworks, EvaluateWithoutChangingAnything) {
  Problem p = problem(built("vanilla:depth=3,width=4,norm=batch", {1, 8, 8}), 5, 1);
  p.network.forward_backward(p.images, p.labels, {.label_smoothing = 0.3});
  const Array statistics = p.network.parameter(p.network.graph().find_parameter("bn2.running_var"));
  const LossResult all = p.network.evaluate(p.images, p.labels);
  EXPECT_EQ(p.network.evaluate(p.images, p.labels).loss, all.loss);
  EXPECT_EQ(p.network.parameter(p.network.graph().find_parameter("bn2.running_var")), statistics);
  // In evaluation images do not see each other: the mean of single losses is the loss.
  double sum = 0;
  for (std::int64_t n = 0; n < 5; ++n) {
    const Array one(p.images.begin() + n * 64, p.images.begin() + (n + 1) * 64);
    sum += p.network.evaluate(one, std::span(p.labels).subspan(static_cast<std::size_t>(n), 1)).loss;
  }
  EXPECT_NEAR(sum / 5, all.loss, 1e-13);
}

TEST(WholeNetworks, StartWithNeutralParameters) {
  const Network network(built("resnet20:branch_scale=scalar", {3, 8, 8}));
  const auto of = [&](const char* name) { return network.parameter(network.graph().find_parameter(name)); };
  EXPECT_THAT(of("bn1.weight"), ::testing::Each(1));
  EXPECT_THAT(of("bn1.running_var"), ::testing::Each(1));
  EXPECT_THAT(of("bn1.running_mean"), ::testing::Each(0));
  EXPECT_THAT(of("layer1.0.scale.weight"), ::testing::ElementsAre(0));
  EXPECT_THAT(of("conv1.weight"), ::testing::Each(0));
}

TEST(Errors, SayWhatIsWrongWithParametersAndBatches) {
  Network network(built("mlp:layers=0", {3}, 2));
  const NamedTensor weight{"fc1.weight", {{2, 3}, {1, 2, 3, 4, 5, 6}}}, bias{"fc1.bias", {{2}, {7, 8}}};
  network.load({bias, weight});
  EXPECT_THAT(network.forward({1, 0, 0}, false), ::testing::ElementsAre(8, 12));
  EXPECT_EQ(error_of([&] { network.load({weight}); }), "parameter 'fc1.bias' is missing");
  EXPECT_EQ(error_of([&] { network.load({weight, weight, bias}); }), "parameter 'fc1.weight' is given twice");
  EXPECT_EQ(error_of([&] {
              network.load({weight, {"fc1.bias", {{3}, {1, 2, 3}}}});
            }),
            "parameter 'fc1.bias' has shape 3; 2 is expected");
  EXPECT_THAT(error_of([&] {
                network.load({weight, {"fc1.bia", {{2}, {1, 2}}}});
              }),
              ::testing::HasSubstr("did you mean 'fc1.bias'?"));
  EXPECT_EQ(error_of([&] { network.forward({1, 2, 3, 4}, true); }), "4 input numbers are not a batch of 3 images");
  const std::vector<std::int32_t> labels = {0, 2};
  EXPECT_EQ(error_of([&] { network.evaluate({1, 2, 3}, labels); }), "2 labels are given for 1 images");
  EXPECT_EQ(error_of([&] { network.evaluate({1, 2, 3, 4, 5, 6}, labels); }), "label 2 of image 1 is outside 0 to 1");
  network.forward({1, 2, 3}, true);
  EXPECT_EQ(error_of([&] { network.backward({1}); }), "the output's gradient has 1 numbers; 2 are expected");
}

}  // namespace
}  // namespace fanin::reference
