// What schemes change besides starting values, seen in training: learning rates of parameters, the network itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fanin/engine/program.h"
#include "fanin/init/effects.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "fanin/train/optimizer.h"
#include "fanin/train/trial.h"
#include "train/synthetic.h"

namespace fanin::train {
namespace {

/// Mean |change| of each linear layer's output after a few steps on one batch, by layer.
std::vector<double> moved(std::int64_t width, const char* scheme, const char* optimizer, double rate) {
  const model::Graph graph =
      model::build_model(parse_spec("mlp:layers=3,hidden=" + std::to_string(width)), {1, 8, 8}, 10);
  const Spec init = parse_spec(scheme), rule = parse_spec(optimizer);
  engine::Program program(graph, {.batch = 32, .fuse = false});
  program.load(init::initialize(graph, init, 1));
  Optimizer update(rule, program, init::learning_rate_factors(graph, init, update_rule(rule.name)));
  random::fill_normal(std::span(program.input(), 32 * 64), random::make_stream(5, "x", random::Purpose::augment), 0.0F,
                      1.0F);
  for (int i = 0; i < 32; ++i) program.labels()[i] = i % 10;
  std::vector<std::vector<float>> before;
  std::vector<double> change;
  constexpr int steps = 5;
  for (int step = 0; step <= steps; ++step) {
    program.forward_backward(1, step);
    std::size_t layer = 0;
    for (const model::Node& node : graph.nodes()) {
      if (!std::holds_alternative<model::Linear>(node.op)) continue;
      const std::vector<float> now = program.value(node.output).values;
      if (step == 0) before.push_back(now);
      if (step == steps) {
        double sum = 0;
        for (std::size_t i = 0; i < now.size(); ++i) sum += std::abs(now[i] - before[layer][i]);
        change.push_back(sum / static_cast<double>(now.size()));
      }
      ++layer;
    }
    update.step(rate, 0);
  }
  return change;
}

TEST(MuP, KeepsActivationsFlatInWidthWhereStandardScalingDoesNot) {
  for (const auto& [optimizer, rate] : {std::pair{"sgd", 0.005}, std::pair{"adam", 0.002}}) {
    SCOPED_TRACE(optimizer);
    const std::vector<double> narrow = moved(128, "mup", optimizer, rate), wide = moved(1024, "mup", optimizer, rate),
                              standard_narrow = moved(128, "he_normal", optimizer, rate),
                              standard_wide = moved(1024, "he_normal", optimizer, rate);
    ASSERT_EQ(narrow.size(), 4u);
    for (std::size_t layer = 0; layer < narrow.size(); ++layer) {
      EXPECT_GT(wide[layer] / narrow[layer], 0.7) << layer;
      EXPECT_LT(wide[layer] / narrow[layer], 1.4) << layer;
    }
    EXPECT_GT(standard_wide.back() / standard_narrow.back(), 2.5);  // eight times wider
  }
}

class EffectsTest : public ::testing::Test {
 protected:
  EffectsTest()
      : dataset(fanin::testing::synthetic_dataset()), data{dataset, data::compute_normalization(dataset.train)} {}

  TrialSettings settings(const char* model, const char* init) const {
    TrialSettings settings;
    settings.model = parse_spec(model);
    settings.init = parse_spec(init);
    settings.optimizer = parse_spec("sgd");
    settings.learning_rate = 0.05;
    settings.batch = 16;
    settings.steps = 2;
    settings.validation_size = 40;
    return settings;
  }

  data::Dataset dataset;
  TrialData data;
};

Tensor tensor_of(const std::vector<NamedTensor>& state, std::string_view name) {
  return std::ranges::find(state, name, &NamedTensor::name)->tensor;
}

TEST_F(EffectsTest, ATrialTrainsFixupsScalarsAtATenth) {
  Trial slow(data, settings("resnet20:norm=none", "fixup"));
  Trial usual(data, settings("resnet20:norm=none", "fixup:scalar_rate=1"));
  slow.advance(1);
  usual.advance(1);
  const Tensor a = tensor_of(slow.parameters(), "fc.bias"), b = tensor_of(usual.parameters(), "fc.bias");
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    EXPECT_NEAR(a.values[i], 0.1F * b.values[i], 1e-6F * std::abs(b.values[i]));
  }
  EXPECT_THAT(b.values,
              ::testing::Contains(::testing::Ne(0.0F)));  // where the batch has a class too often or too rarely
  EXPECT_EQ(tensor_of(slow.parameters(), "fc.weight").values, tensor_of(usual.parameters(), "fc.weight").values);
}

TEST_F(EffectsTest, ATrialRunsTheNetworkThatTheSchemeMade) {
  const TrialSettings tat = settings("vanilla:depth=20,width=4", "tat");
  Trial trial(data, tat);
  const model::Graph plain = model::build_model(tat.model, {1, 14, 14}, 4);
  const auto state = init::initialize(init::prepare(plain, tat.init), tat.init, tat.seed);
  EXPECT_EQ(tensor_of(trial.parameters(), "conv7.weight").values, tensor_of(state, "conv7.weight").values);
  // The same weights under plain ReLUs give another loss at the start.
  Trial relu(data, settings("vanilla:depth=20,width=4", "he_normal"));
  relu.set_parameters(state);
  trial.advance(1);
  relu.advance(1);
  EXPECT_NE(trial.result().curve.front().validation_loss, relu.result().curve.front().validation_loss);
}

TEST_F(EffectsTest, ResumingKeepsRatesAndNetwork) {
  std::string pattern = (std::filesystem::temp_directory_path() / "fanin-effects-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  for (const auto& [model, init] :
       {std::pair{"vanilla:depth=20,width=4", "tat"}, {"vanilla:depth=4,width=32", "mup"}}) {
    Trial whole(data, settings(model, init)), first(data, settings(model, init)), second(data, settings(model, init));
    whole.advance(2);
    first.advance(1);
    first.save_checkpoint(folder / "checkpoint");
    second.restore_checkpoint(folder / "checkpoint");
    second.advance(2);
    const auto a = whole.parameters(), b = second.parameters();
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].tensor.values, b[i].tensor.values) << a[i].name;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fanin::train
