// The real trainer under the runner: tiny networks on generated images. Checkpoints, resuming and side-by-side trials
// must not change a bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <sstream>

#include "compare/record.h"
#include "fake.h"
#include "fanin/base/error.h"
#include "fanin/random/stream.h"

namespace fanin::compare {
namespace {

// Class k is a bright column k among noise: learnt in a few steps.
data::Dataset columns() {
  data::Dataset dataset = fake::dataset();
  for (data::Images* images : {&dataset.train, &dataset.test}) {
    const random::Stream stream =
        random::make_stream(1, images == &dataset.train ? "train" : "test", random::Purpose::subset);
    for (std::int64_t i = 0; i < images->count * 64; ++i) {
      const std::int64_t column = i % 8, label = images->labels[static_cast<std::size_t>(i / 64)];
      const auto noise = random::uniform_index(stream, static_cast<std::uint64_t>(i), 60);
      images->pixels[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(noise + (column == label % 8 ? 150 : 0));
    }
  }
  return dataset;
}

class TrainerTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunSettings settings() const {
    RunSettings settings = fake::settings("he_normal,zeros");
    settings.model = parse_spec("mlp");
    settings.seeds = 2;
    settings.lr_low = 0.01;
    settings.lr_points = 3;
    settings.lr_grow = 0;
    settings.steps = 24;
    settings.evaluate_every = 5;
    return settings;
  }

  Results run(int jobs, bool resume, const TrialRunner& runner) {
    RunOptions options;
    options.out = folder_;
    options.jobs = jobs;
    options.resume = resume;
    return run_comparison(settings(), dataset_, options, runner);
  }

  std::string json() const {
    std::ostringstream text;
    text << std::ifstream(folder_ / "results.json").rdbuf();
    return text.str();
  }

  const data::Dataset dataset_ = columns();
  const TrialRunner trainer_ = make_trainer({dataset_, data::compute_normalization(dataset_.train)});
  const std::filesystem::path folder_ =
      fake::fresh_folder(std::string("trainer_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(TrainerTest, HeTrainsAndZerosDoNot) {
  const Results results = run(2, false, trainer_);
  EXPECT_FALSE(results.schemes[0].trains_at_no_rate);
  EXPECT_TRUE(results.schemes[1].trains_at_no_rate);
  EXPECT_EQ(results.schemes[1].stalled, 2);
  EXPECT_THAT(results.conclusion.front(), testing::StartsWith("he_normal alone trains: "));
  EXPECT_THAT(results.conclusion.back(),
              testing::HasSubstr(
                  "zeros trains at no learning rate from 0.01 to 1: all weights are equal and the signal is zero"));
  EXPECT_FALSE(results.layer_names.empty());
  ASSERT_TRUE(results.schemes[0].trials[0].profile_end.has_value());
  EXPECT_GT(results.schemes[0].test_accuracy.mean, 0.3);
}

TEST_F(TrainerTest, JobsStopsAndLostCheckpointsChangeNothing) {
  run(1, false, trainer_);
  const std::string expected = json();
  int total = 0;
  // Stops after every third task; every other time the checkpoints are lost or cut.
  std::filesystem::remove_all(folder_);
  for (bool done = false; !done; ++total) {
    ASSERT_LT(total, 40);
    std::atomic<int> calls = 0;
    const TrialRunner stopping = [&](const TrialTask& task, std::stop_token stop,
                                     const std::function<void(std::int64_t)>& on_steps) {
      if (++calls > 3) throw Failure("stopped");
      return trainer_(task, stop, on_steps);
    };
    try {
      run(2, true, stopping);
      done = true;
    } catch (const Failure&) {
    }
    if (total % 3 == 1) std::filesystem::remove_all(folder_ / "checkpoints");
    if (total % 3 == 2 && std::filesystem::exists(folder_ / "checkpoints")) {
      for (const auto& entry : std::filesystem::directory_iterator(folder_ / "checkpoints")) {
        std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) / 2);
      }
    }
  }
  EXPECT_GT(total, 3);
  EXPECT_EQ(json(), expected);
}

TEST_F(TrainerTest, ARungContinuesFromItsCheckpointToTheSameBits) {
  std::filesystem::create_directories(folder_);
  TrialTask task;
  task.settings.model = parse_spec("mlp");
  task.settings.init = parse_spec("he_normal");
  task.settings.steps = 24;
  task.settings.batch = 16;
  task.settings.evaluate_every = 5;
  task.checkpoint = folder_ / "trial.checkpoint";
  const auto on_steps = [](std::int64_t) {};
  for (const std::int64_t until : {6, 12, 24}) {
    task.until = until;
    std::int64_t first = task.settings.steps;
    const auto watch = [&](std::int64_t steps) { first = std::min(first, steps); };
    const std::string continued = write_record(trainer_(task, {}, watch));
    EXPECT_GE(first, task.pauses.empty() ? 0 : task.pauses.back()) << "it did not start from its checkpoint";
    TrialTask anew = task;
    anew.checkpoint.clear();
    EXPECT_EQ(write_record(trainer_(anew, {}, on_steps)), continued) << until;
    EXPECT_TRUE(std::filesystem::exists(task.checkpoint));
    task.pauses.push_back(until);
  }
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(trainer_(task, stop.get_token(), on_steps), Interrupted);
}

}  // namespace
}  // namespace fanin::compare
