// Trials: they learn, pause and resume bit for bit, diverge and stall as results, and refuse what does not fit.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "fanin/adapt/initialize.h"
#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/model/builders.h"
#include "fanin/train/result_json.h"
#include "fanin/train/trial.h"
#include "train/synthetic.h"

namespace fanin::train {
namespace {

using ::testing::HasSubstr;

class TrialTest : public ::testing::Test {
 protected:
  TrialTest()
      : dataset(fanin::testing::synthetic_dataset()), data{dataset, data::compute_normalization(dataset.train)} {
    std::string pattern = (std::filesystem::temp_directory_path() / "fanin-trial-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~TrialTest() override { std::filesystem::remove_all(folder); }

  static TrialSettings settings() {
    TrialSettings settings;
    settings.model = parse_spec("vanilla:depth=4,width=8,norm=batch");
    settings.init = parse_spec("he_normal");
    settings.learning_rate = 0.05;
    settings.seed = 3;
    settings.batch = 32;
    settings.steps = 40;
    settings.evaluate_every = 10;
    settings.validation_size = 80;
    settings.augmentation = data::parse_augmentation("crop:1,cutout:2");
    return settings;
  }

  data::Dataset dataset;
  TrialData data;
  std::filesystem::path folder;
};

/// Results without the clock.
std::string figures(TrialResult result) {
  result.seconds = 0;
  return to_json_text(result);
}

void expect_same_bits(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].tensor.values, b[i].tensor.values) << a[i].name;
}

TEST_F(TrialTest, StartsUnderASchemeThatRunsTheNetworkOnItsTrainingImages) {
  TrialSettings chosen = settings();
  chosen.model = parse_spec("vanilla:depth=4,width=8");
  chosen.init = parse_spec("lsuv:batch=64");
  const Trial trial(data, chosen);
  const data::Split split = data::make_split(dataset.train, 0, 80, chosen.seed);
  const adapt::Samples samples(dataset.train, split.train, data.normalization);
  const model::Graph graph = model::build_model(chosen.model, {1, 14, 14}, dataset.classes());
  expect_same_bits(trial.parameters(), adapt::initialize(graph, chosen.init, chosen.seed, samples));

  Trial whole(data, chosen), part(data, chosen);
  whole.advance(20);
  part.advance(10);
  part.save_checkpoint(folder / "half");
  Trial rest(data, chosen, {}, Trial::Start::given);  // does not run the scheme again
  rest.restore_checkpoint(folder / "half");
  rest.advance(20);
  expect_same_bits(rest.parameters(), whole.parameters());

  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(Trial(data, chosen, source.get_token()), Interrupted);
  chosen.init = parse_spec("lsuv:base=zeros");
  EXPECT_THROW(Trial(data, chosen), Error);
}

TEST_F(TrialTest, LearnsAndKeepsACurve) {
  TrialSettings chosen = settings();
  chosen.augmentation = {};
  Trial trial(data, chosen);
  trial.advance(40);
  trial.evaluate_test();
  const TrialResult& result = trial.result();
  ASSERT_EQ(result.curve.size(), 5u);
  EXPECT_EQ(result.curve.front().step, 0);
  EXPECT_EQ(result.curve.back().step, 40);
  EXPECT_LT(result.final_train_loss, 0.5 * std::log(4.0));
  EXPECT_GT(*result.test_accuracy, 0.5);
  EXPECT_FALSE(result.stalled);
  EXPECT_TRUE(result.finished(40));
}

TEST_F(TrialTest, PausingAnywhereChangesNothing) {
  Trial whole(data, settings());
  whole.advance(40);
  Trial paused(data, settings());
  for (std::int64_t step : {1, 7, 10, 23, 40}) paused.advance(step);
  EXPECT_EQ(figures(whole.result()), figures(paused.result()));
  expect_same_bits(whole.parameters(), paused.parameters());
}

TEST_F(TrialTest, CheckpointsContinueBitForBit) {
  for (const char* optimizer : {"sgd:momentum=0.9,nesterov=true,weight_decay=0.001", "sgd", "adam", "adamw",
                                "rmsprop:momentum=0.9,centered=true"}) {
    TrialSettings chosen = settings();
    chosen.optimizer = parse_spec(optimizer);
    chosen.learning_rate = 0.01;
    chosen.schedule = parse_spec("cosine:warmup=5");
    chosen.clip_norm = 1.0;
    Trial whole(data, chosen);
    whole.advance(40);
    for (std::int64_t step : {0, 10, 13}) {
      {
        Trial first(data, chosen);
        first.advance(step);
        first.save_checkpoint(folder / "c");
      }
      Trial second(data, chosen);
      second.restore_checkpoint(folder / "c");
      EXPECT_EQ(second.result().step, step);
      second.advance(40);
      EXPECT_EQ(figures(whole.result()), figures(second.result())) << optimizer << " from step " << step;
      expect_same_bits(whole.parameters(), second.parameters());
    }
  }
}

TEST_F(TrialTest, MixupChangesTrainingAloneAndResumesBitForBit) {
  TrialSettings chosen = settings();
  chosen.model = parse_spec("mlp:hidden=8,layers=1");
  Trial plain(data, chosen);
  chosen.mixup = 0.4;
  Trial whole(data, chosen), again(data, chosen);
  plain.advance(40);
  whole.advance(40);
  again.advance(40);
  expect_same_bits(whole.parameters(), again.parameters());
  const CurvePoint &first = whole.result().curve.front(), &unmixed = plain.result().curve.front();
  EXPECT_EQ(first.validation_loss, unmixed.validation_loss) << "validation images are not mixed";
  EXPECT_NE(first.train_loss, unmixed.train_loss);
  EXPECT_GT(whole.result().final_train_loss, plain.result().final_train_loss) << "mixtures cannot be told apart";
  EXPECT_GT(whole.result().curve.back().validation_accuracy, 0.9);
  for (const std::int64_t step : {0, 10, 13}) {
    Trial before(data, chosen);
    before.advance(step);
    before.save_checkpoint(folder / "c");
    Trial resumed(data, chosen);
    resumed.restore_checkpoint(folder / "c");
    resumed.advance(40);
    EXPECT_EQ(figures(whole.result()), figures(resumed.result())) << "from step " << step;
    expect_same_bits(whole.parameters(), resumed.parameters());
  }
  chosen.mixup = 0.3;
  Trial other(data, chosen);
  EXPECT_THROW(other.restore_checkpoint(folder / "c"), Error);
  for (const double wrong : {-1.0, 1e-9, 1e9, std::nan("")}) {
    chosen.mixup = wrong;
    EXPECT_THROW(Trial(data, chosen), Error) << wrong;
  }
}

TEST_F(TrialTest, PatienceEndsATrialWhereItsBestPointIsTooFarBack) {
  TrialSettings chosen = settings();
  chosen.evaluate_every = 2;
  chosen.model = parse_spec("mlp:hidden=8,layers=1");
  chosen.learning_rate = 1e-30;  // the weights stay, so no point is better than the first
  chosen.patience = 3;
  Trial whole(data, chosen);
  whole.advance(40);
  ASSERT_TRUE(whole.result().stopped_at.has_value());
  EXPECT_EQ(*whole.result().stopped_at, 6);
  EXPECT_EQ(whole.result().step, 6);
  EXPECT_TRUE(whole.result().finished(40));
  EXPECT_EQ(whole.result().curve.size(), 4u);
  whole.advance(40);
  EXPECT_EQ(whole.result().step, 6);
  {
    Trial first(data, chosen);
    first.advance(5);
    EXPECT_FALSE(first.result().stopped_at.has_value());
    first.save_checkpoint(folder / "c");
  }
  Trial resumed(data, chosen);
  resumed.restore_checkpoint(folder / "c");
  resumed.advance(40);
  EXPECT_EQ(figures(whole.result()), figures(resumed.result()));
  EXPECT_EQ(resumed.result().stopped_at, whole.result().stopped_at);
  resumed.save_checkpoint(folder / "c");
  Trial again(data, chosen);
  again.restore_checkpoint(folder / "c");
  EXPECT_EQ(again.result().stopped_at, whole.result().stopped_at);
  chosen.patience = 0;
  Trial patient(data, chosen);
  EXPECT_THROW(patient.restore_checkpoint(folder / "c"), Error);
  chosen.patience = -1;
  EXPECT_THROW(Trial(data, chosen), Error);
}

TEST_F(TrialTest, InterruptionLosesNothing) {
  Trial whole(data, settings());
  whole.advance(40);
  Trial trial(data, settings());
  std::stop_source source;
  EXPECT_THROW(trial.advance(40, source.get_token(),
                             [&](std::int64_t step) {
                               if (step >= 16) source.request_stop();
                             }),
               Interrupted);
  EXPECT_LT(trial.result().step, 40);
  trial.save_checkpoint(folder / "c");
  Trial resumed(data, settings());
  resumed.restore_checkpoint(folder / "c");
  resumed.advance(40);
  EXPECT_EQ(figures(whole.result()), figures(resumed.result()));
}

TEST_F(TrialTest, DivergenceIsAResultWithItsStep) {
  TrialSettings chosen = settings();
  chosen.model = parse_spec("vanilla:depth=4,width=8");
  chosen.learning_rate = 1e30;
  Trial trial(data, chosen);
  trial.advance(40);
  ASSERT_TRUE(trial.result().diverged_at.has_value());
  EXPECT_LE(*trial.result().diverged_at, 40);
  EXPECT_TRUE(trial.result().finished(40));
  const std::int64_t step = trial.result().step;
  trial.advance(40);
  EXPECT_EQ(trial.result().step, step) << "a diverged trial stays where it is";
  trial.evaluate_test();
}

TEST_F(TrialTest, ZerosStall) {
  TrialSettings chosen = settings();
  chosen.model = parse_spec("vanilla:depth=4,width=8");
  chosen.init = parse_spec("zeros");
  Trial trial(data, chosen);
  trial.advance(40);
  EXPECT_TRUE(trial.result().stalled);
  EXPECT_NEAR(trial.result().curve.front().validation_loss, std::log(4.0), 1e-6);
}

TEST_F(TrialTest, ProfilesStartAndEnd) {
  TrialSettings chosen = settings();
  Trial trial(data, chosen);
  trial.record_profile_start();
  trial.advance(10);
  trial.record_profile_end();
  ASSERT_TRUE(trial.result().profile_start && trial.result().profile_end);
  EXPECT_EQ(trial.result().profile_start->layers.size(), 5u);
  Trial unwatched(data, chosen);
  unwatched.advance(10);
  expect_same_bits(trial.parameters(), unwatched.parameters());
}

TEST_F(TrialTest, SeedsShareBatchesAcrossSchemes) {
  // With a learning rate that does nothing, two schemes see the same batches; here the same scheme under two names.
  TrialSettings a = settings(), b = settings();
  b.init = parse_spec("kaiming_normal");
  Trial first(data, a), second(data, b);
  first.advance(10);
  second.advance(10);
  EXPECT_EQ(figures(first.result()), figures(second.result()));
}

TEST_F(TrialTest, DenormalsAreFlushedInsideOnly) {
  bool inside = false;
  Trial trial(data, settings());
  trial.advance(8, {}, [&](std::int64_t) { inside = DenormalGuard::active(); });
  EXPECT_TRUE(inside);
  EXPECT_FALSE(DenormalGuard::active());
}

TEST_F(TrialTest, RefusesWhatDoesNotFit) {
  const auto error = [&](auto change) -> std::string {
    TrialSettings chosen = settings();
    change(chosen);
    try {
      Trial trial(data, chosen);
    } catch (const Error& refused) {
      return refused.what();
    }
    return "accepted";
  };
  EXPECT_EQ(error([](auto& s) { s.batch = 0; }), "batch size is 0; expected at least 1");
  EXPECT_EQ(error([](auto& s) { s.steps = 0; }), "the budget is 0 steps; expected at least 1");
  EXPECT_THAT(error([](auto& s) { s.learning_rate = std::nan(""); }), HasSubstr("learning rate is nan"));
  EXPECT_THAT(error([](auto& s) { s.model = parse_spec("lenet"); }), HasSubstr("did you mean 'lenet5'"));
  EXPECT_THAT(error([](auto& s) { s.init = parse_spec("he_nromal"); }), HasSubstr("did you mean 'he_normal'"));
  EXPECT_THAT(error([](auto& s) { s.optimizer = parse_spec("sdg"); }), HasSubstr("did you mean 'sgd'"));
  EXPECT_THAT(error([](auto& s) { s.optimizer = parse_spec("sgd:nesterov=true"); }),
              HasSubstr("expected momentum above 0"));
  EXPECT_THAT(error([](auto& s) { s.schedule = parse_spec("cosin"); }), HasSubstr("did you mean 'cosine'"));
  EXPECT_NE(error([](auto& s) { s.batch = 100000; }), "accepted");
  EXPECT_NE(error([](auto& s) { s.train_size = 100000; }), "accepted");
}

TEST_F(TrialTest, DamagedOrForeignCheckpointsAreRefused) {
  Trial trial(data, settings());
  trial.advance(5);
  trial.save_checkpoint(folder / "c");
  const auto bytes = read_file(folder / "c");
  const auto refuse = [&](const std::vector<std::uint8_t>& damaged) {
    write_file_atomically(folder / "d", std::span<const std::uint8_t>(damaged));
    Trial other(data, settings());
    EXPECT_THROW(other.restore_checkpoint(folder / "d"), Error);
  };
  refuse({});
  refuse({bytes.begin(), bytes.begin() + 10});
  refuse({bytes.begin(), bytes.end() - 1});
  auto flipped = bytes;
  flipped[flipped.size() / 2] ^= 1;
  refuse(flipped);
  TrialSettings other = settings();
  other.seed = 4;
  Trial foreign(data, other);
  EXPECT_THROW(foreign.restore_checkpoint(folder / "c"), Error);
}

TEST(ResultJsonTest, KeepsEveryBit) {
  TrialResult result;
  result.curve = {{0, std::nan(""), std::numeric_limits<double>::infinity(), 0.1}, {7, 1.0 / 3.0, 5e-324, 1e300}};
  result.step = 7;
  result.diverged_at = 7;
  result.final_train_loss = -std::numeric_limits<double>::infinity();
  result.test_accuracy = 0.1 + 0.2;
  result.profile_start = probe::Profile{2.5, {{"conv1", 1, 2, 3, 4, 0.5, 6, -1, 1, {1, 2, 3}}}, false};
  const std::string text = to_json_text(result);
  EXPECT_EQ(to_json_text(result_from_json_text(text)), text);
  EXPECT_EQ(result_from_json_text(text).curve[1].validation_loss, 5e-324);
  EXPECT_TRUE(std::isnan(result_from_json_text(text).curve[0].train_loss));
  for (const char* bad : {"", "{", "[]", "{\"curve\": 1}", "{\"curve\": [[0]]}"}) {
    EXPECT_THROW(result_from_json_text(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace fanin::train
