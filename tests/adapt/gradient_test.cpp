// MetaInit and GradInit: their claims on small networks, and the curvature by differences that both rest on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapt/gradients.h"
#include "adapt/helpers.h"
#include "fanin/base/error.h"

namespace fanin::adapt {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// A task for the parts that are tested by themselves.
struct Alone {
  explicit Alone(const model::Graph& of) : graph(of), options({"alone", {}}, {}, "alone") {}
  const model::Graph& graph;
  Options options;
  Samples samples;
  std::stop_token stop;
  std::vector<std::string> notes;
  Task task{graph, "alone", options, 1, samples, stop, notes};
};

/// Softmax regression in double: gradient of the mean cross entropy for weights (C, F).
std::vector<double> regression_gradient(const std::vector<double>& weight, const Batch& batch, std::size_t classes) {
  const std::size_t features = static_cast<std::size_t>(batch.images.shape[1]), images = batch.labels.size();
  std::vector<double> gradient(weight.size(), 0.0);
  for (std::size_t n = 0; n < images; ++n) {
    const float* x = batch.images.values.data() + n * features;
    std::vector<double> p(classes);
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      double z = 0;
      for (std::size_t f = 0; f < features; ++f) z += weight[c * features + f] * static_cast<double>(x[f]);
      sum += p[c] = std::exp(z);
    }
    for (std::size_t c = 0; c < classes; ++c) {
      const double d = p[c] / sum - (batch.labels[n] == static_cast<std::int32_t>(c) ? 1 : 0);
      for (std::size_t f = 0; f < features; ++f)
        gradient[c * features + f] += d * static_cast<double>(x[f]) / static_cast<double>(images);
    }
  }
  return gradient;
}

TEST(Gradients, CurvatureAndQuotientAreThoseOfSoftmaxRegression) {
  model::Graph graph("regression", {6});
  graph.add("fc", model::Linear{3, false}, {graph.input()});
  const Batch batch = field(32, {6}, 3);
  Alone alone(graph);
  const auto state = init::initialize(graph, parse_spec("normal:std=0.5"), 1);
  Gradients gradients(alone.task, 32, state);
  gradients.take(batch, 0);
  std::vector<double> weight(state[0].tensor.values.begin(), state[0].tensor.values.end());
  const std::vector<double> g = regression_gradient(weight, batch, 3);
  std::vector<double> up = weight, down = weight;
  for (std::size_t i = 0; i < g.size(); ++i) {
    up[i] += 1e-5 * g[i];
    down[i] -= 1e-5 * g[i];
  }
  const std::vector<double> after = regression_gradient(up, batch, 3), before = regression_gradient(down, batch, 3);
  double length = 0, quotient = 0;
  for (const double value : g) length += value * value;
  length = std::sqrt(length);
  Block gradient, curved;
  gradients.at(gradients.start(), gradient);
  gradients.curvature(gradients.start(), gradient, curved);
  const std::vector<float> logical_gradient = gradients.logical(gradient)[0].tensor.values;
  const std::vector<float> logical_curved = gradients.logical(curved)[0].tensor.values;
  for (std::size_t i = 0; i < g.size(); ++i) {
    const double h = (after[i] - before[i]) / 2e-5;
    EXPECT_NEAR(logical_gradient[i], g[i], 1e-6);
    EXPECT_NEAR(logical_curved[i], h / length, 2e-4);
    quotient += std::abs((g[i] - h) / (g[i] + (g[i] < 0 ? -1e-5 : 1e-5)) - 1) / static_cast<double>(g.size());
  }
  EXPECT_NEAR(gradient_quotient(gradients, gradients.start(), 1e-5) / quotient, 1, 1e-2);
}

double quotient_of(const model::Graph& graph, const std::vector<NamedTensor>& state, const Batch& batch) {
  Alone alone(graph);
  Gradients gradients(alone.task, static_cast<std::int64_t>(batch.labels.size()), state);
  gradients.take(batch, 0);
  return gradient_quotient(gradients, gradients.start(), 1e-5);
}

double length_of(const NamedTensor& tensor) {
  return norm(tensor.tensor.values);
}

TEST(MetaInit, MendsATenfoldScale) {
  for (const char* model : {"mlp:layers=3,hidden=32", "vanilla:depth=5,width=8"}) {
    const model::Graph graph = build(model, {1, 14, 14}, 4);
    const Batch batch = field(64, {1, 14, 14}, 4, 9);
    const auto good = init::initialize(graph, parse_spec("he_normal"), 1);
    // He's gain for ReLU is sqrt 2; the last layer's is 1.
    const auto bad = init::initialize(graph, parse_spec("he_normal:gain=14.1421"), 1);
    const auto mended = initialize(graph, parse_spec("metainit:base=he_normal:gain=14.1421,steps=60,batch=16"), 1);
    EXPECT_LT(quotient_of(graph, mended, batch), 0.01 * quotient_of(graph, bad, batch)) << model;
    EXPECT_LT(quotient_of(graph, mended, batch), quotient_of(graph, good, batch)) << model;
    EXPECT_GT(Shown(graph, bad, batch).loss, 1000) << model;
    EXPECT_LT(Shown(graph, mended, batch).loss, 2 * std::log(4)) << model;
    for (std::size_t i = 0; i < good.size(); ++i) {  // directions are kept
      if (graph.parameters()[i].role != model::Role::weight) continue;
      const double factor = length_of(mended[i]) / length_of(bad[i]);
      EXPECT_NEAR(mended[i].tensor.values[5], bad[i].tensor.values[5] * factor,
                  1e-5 * std::abs(mended[i].tensor.values[5]));
      EXPECT_LT(factor, 1) << model << " " << good[i].name;
    }
  }
}

TEST(MetaInit, LowersTheQuotientOfAGoodStartToo) {
  const model::Graph graph = build("vanilla:depth=5,width=8", {1, 14, 14}, 4);
  const Batch batch = field(64, {1, 14, 14}, 4, 9);
  Report report;
  const auto state = initialize(graph, parse_spec("metainit:batch=16"), 1, {}, {}, &report);
  EXPECT_LT(quotient_of(graph, state, batch),
            0.5 * quotient_of(graph, init::initialize(graph, parse_spec("he_normal"), 1), batch));
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_THAT(report.notes[0], HasSubstr("metainit: gradient quotient"));
  EXPECT_THAT([&] { initialize(graph, parse_spec("metainit:base=zeros"), 1); },
              ThrowsMessage<Error>(HasSubstr("scheme 'metainit' finds no finite gradient other than 0")));
}

/// The loss on `second` after one step of length eta along the gradient of `first`.
double after_one_step(const model::Graph& graph, const std::vector<NamedTensor>& state, const Batch& first,
                      const Batch& second, double eta) {
  Alone alone(graph);
  Gradients gradients(alone.task, static_cast<std::int64_t>(first.labels.size()), state);
  gradients.take(first, 0);
  Block point = gradients.start(), gradient;
  gradients.at(point, gradient);
  const double length = norm(gradient);
  for (std::size_t i = 0; i < point.size(); ++i)
    point[i] = static_cast<float>(point[i] - eta / length * static_cast<double>(gradient[i]));
  gradients.take(second, 0);
  return gradients.at(point, gradient);
}

TEST(GradInit, LowersTheLossAfterOneStep) {
  for (const char* model : {"mlp:layers=2,hidden=16", "vanilla:depth=6,width=8", "resnet20:norm=none"}) {
    const model::Graph graph = build(model, {1, 14, 14}, 4);
    const Batch batch = field(96, {1, 14, 14}, 4, 9);
    const Samples samples(batch);
    const auto base = init::initialize(graph, parse_spec("he_normal:mode=fan_out"), 1);
    const auto learned = initialize(graph, parse_spec("gradinit:steps=100,batch=32"), 1, samples);
    const Batch first = samples.take(0, 32), second = samples.take(16, 32);
    EXPECT_LT(after_one_step(graph, learned, first, second, 0.1),
              0.97 * after_one_step(graph, base, first, second, 0.1))
        << model;
    for (std::size_t i = 0; i < base.size(); ++i) {
      if (graph.parameters()[i].role != model::Role::weight) continue;
      const auto count = static_cast<double>(base[i].tensor.values.size());
      const bool classifier = base[i].tensor.shape[0] == 4;  // starts from N(0, 0.01^2)
      const double start = classifier ? 0.01 * std::sqrt(count) : length_of(base[i]);
      EXPECT_GE(length_of(learned[i]), (classifier ? 0.007 : 0.0099) * start) << base[i].name;
      // The factors move by 0.01 a step: a hundred steps leave the classifier within (0.01, 2] of its start.
      if (classifier) {
        EXPECT_LE(length_of(learned[i]), 2.5 * start) << base[i].name;
      }
    }
  }
}

TEST(GradInit, LowersTheGradientsNormToGamma) {
  const model::Graph graph = build("vanilla:depth=6,width=8", {1, 14, 14}, 4);
  const Batch batch = field(48, {1, 14, 14}, 4, 9);
  Alone alone(graph);
  const auto length = [&](const std::vector<NamedTensor>& state) {
    Gradients gradients(alone.task, 48, state);
    gradients.take(batch, 0);
    Block gradient;
    gradients.at(gradients.start(), gradient);
    return norm(gradient);
  };
  const auto base = init::initialize(graph, parse_spec("he_normal:gain=2"), 1);
  ASSERT_GT(length(base), 2);
  const auto learned =
      initialize(graph, parse_spec("gradinit:base=he_normal:gain=2,steps=100,batch=32"), 1, Samples(batch));
  EXPECT_LT(length(learned), 1.5);
  EXPECT_THAT([&] { initialize(graph, parse_spec("gradinit:base=normal:std=1e12"), 1, Samples(batch)); },
              ThrowsMessage<Error>(HasSubstr("scheme 'gradinit' finds a gradient of norm")));
}

}  // namespace
}  // namespace fanin::adapt
