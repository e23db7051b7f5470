// Whole comparisons with the fake network: the outcome, any number of jobs, stopping, failing and resuming at every
// record. No OpenMP inside, so these run under the thread sanitizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "compare/store.h"
#include "fake.h"
#include "fanin/base/error.h"
#include "fanin/base/lock.h"

namespace fanin::compare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class RunnerTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Results run(const RunSettings& settings, const TrialRunner& runner, int jobs = 2, bool resume = false) {
    RunOptions options;
    options.out = folder_;
    options.jobs = jobs;
    options.resume = resume;
    options.command = "fanin compare";
    return run_comparison(settings, dataset_, options, runner);
  }

  std::string json() const { return contents(folder_ / "results.json"); }
  std::string csv() const { return contents(folder_ / "results.csv"); }
  void clear() { std::filesystem::remove_all(folder_); }

  const data::Dataset dataset_ = fake::dataset();
  const std::filesystem::path folder_ =
      fake::fresh_folder(std::string("runner_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(RunnerTest, FindsEachSchemesRateAndTheWinner) {
  const Results results = run(fake::settings("zeros,he_normal,xavier_normal"), fake::runner());
  EXPECT_THAT(results.ranking, ElementsAre(1, 2, 0));
  EXPECT_DOUBLE_EQ(results.schemes[1].learning_rate, 0.1);
  EXPECT_DOUBLE_EQ(results.schemes[2].learning_rate, 0.01);  // of 0.01 and 0.1 the nearer to 0.03
  EXPECT_TRUE(results.schemes[0].trains_at_no_rate);
  EXPECT_EQ(results.schemes[0].stalled, 3);
  EXPECT_EQ(results.schemes[0].trials.size(), 3u);
  EXPECT_EQ(results.train_images + results.validation_images, 200);
  EXPECT_THAT(results.layer_names, testing::SizeIs(6));
  EXPECT_GT(results.parameter_count, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "timings.csv"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "checkpoints"));
}

TEST_F(RunnerTest, TheGridGrowsToABestRateBeyondIt) {
  const Results results = run(fake::settings("lecun_normal,he_normal"), fake::runner());
  EXPECT_DOUBLE_EQ(results.schemes[0].learning_rate, 10.0);
  EXPECT_FALSE(results.schemes[0].rate_at_end_of_grid);
  EXPECT_DOUBLE_EQ(results.schemes[1].rates.back().learning_rate, 100.0) << "the grid is the same for all";
  RunSettings bounded = fake::settings("lecun_normal,he_normal");
  bounded.lr_grow = 0;
  clear();
  EXPECT_TRUE(run(bounded, fake::runner()).schemes[0].rate_at_end_of_grid);
}

TEST_F(RunnerTest, DivergenceIsAResult) {
  RunSettings settings = fake::settings("normal,he_normal");
  settings.lr_low = 10.0;
  settings.lr_high = 100.0;
  settings.lr_points = 2;
  settings.lr_grow = 0;
  const Results results = run(settings, fake::runner());
  EXPECT_EQ(results.schemes[0].diverged, 3);
  EXPECT_TRUE(results.schemes[0].trains_at_no_rate);
  EXPECT_FALSE(results.schemes[0].trials[0].test_accuracy.has_value());
  EXPECT_EQ(results.schemes[0].trials[0].diverged_at, 16);
  EXPECT_TRUE(std::isnan(results.schemes[0].test_accuracy.mean));
}

TEST_F(RunnerTest, TasksCarryTheRunsSettings) {
  RunSettings settings = fake::settings();
  settings.first_seed = 40;
  settings.tune_seeds = 2;
  settings.optimizer = parse_spec("adamw");
  settings.clip_norm = 2.0;
  std::mutex mutex;
  std::set<std::uint64_t> tuning, final;
  run(settings, [&](const TrialTask& task, std::stop_token, const std::function<void(std::int64_t)>&) {
    const std::lock_guard lock(mutex);
    (task.final ? final : tuning).insert(task.settings.seed);
    EXPECT_EQ(task.settings.optimizer.name, "adamw");
    EXPECT_EQ(task.settings.clip_norm, 2.0);
    EXPECT_EQ(task.settings.steps, 80);
    EXPECT_EQ(task.final, task.checkpoint.empty());
    EXPECT_TRUE(task.until == 20 || task.until == 40 || task.until == 80);
    if (!task.final && task.until == 80) {
      EXPECT_THAT(task.pauses, ElementsAre(20, 40));
    }
    return fake::run(task);
  });
  EXPECT_THAT(final, ElementsAre(40, 41, 42));
  EXPECT_EQ(tuning.size(), 2u);
  for (const std::uint64_t seed : tuning) EXPECT_FALSE(final.contains(seed));
}

TEST_F(RunnerTest, AnyNumberOfJobsGivesTheSameBytes) {
  RunSettings settings = fake::settings("he_normal,normal,lecun_normal,zeros");
  settings.tune_seeds = 2;
  settings.target = 0.6;
  run(settings, fake::runner(), 1);
  const std::string expected_json = json(), expected_csv = csv();
  EXPECT_FALSE(expected_json.empty());
  for (const int jobs : {2, 8, 0}) {
    clear();
    // Delays in no order, so that results arrive in another one each time.
    std::atomic<std::uint64_t> calls = static_cast<std::uint64_t>(jobs) * 1000;
    run(
        settings,
        [&](const TrialTask& task, std::stop_token, const std::function<void(std::int64_t)>& on_steps) {
          std::this_thread::sleep_for(std::chrono::microseconds(mix64(++calls) % 3000));
          on_steps(task.until);
          return fake::run(task);
        },
        jobs);
    EXPECT_EQ(json(), expected_json) << jobs;
    EXPECT_EQ(csv(), expected_csv) << jobs;
  }
}

// A stand-in for a crash: the runner throws after k tasks. What was recorded stays; the rest is run on resuming.
TEST_F(RunnerTest, ResumingAfterAnyRecordGivesTheSameBytes) {
  RunSettings settings = fake::settings("he_normal,lecun_normal");
  settings.seeds = 2;
  settings.lr_points = 3;
  settings.lr_low = 0.01;
  std::atomic<int> total = 0;
  run(settings, [&](const TrialTask& task, std::stop_token, const std::function<void(std::int64_t)>&) {
    ++total;
    return fake::run(task);
  });
  const std::string expected_json = json(), expected_csv = csv();
  ASSERT_GT(total, 15);
  for (int crash_at = 0; crash_at < total; ++crash_at) {
    clear();
    std::atomic<int> calls = 0;
    const TrialRunner crashing = [&](const TrialTask& task, std::stop_token, const std::function<void(std::int64_t)>&) {
      if (calls++ == crash_at) throw Failure("the power went");
      return fake::run(task);
    };
    EXPECT_THROW(run(settings, crashing, 2, true), Failure);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "results.json"));
    std::atomic<int> again = 0;
    run(
        settings,
        [&](const TrialTask& task, std::stop_token, const std::function<void(std::int64_t)>&) {
          ++again;
          return fake::run(task);
        },
        2, true);
    EXPECT_EQ(json(), expected_json) << "stopped at " << crash_at;
    EXPECT_EQ(csv(), expected_csv) << "stopped at " << crash_at;
    EXPECT_LE(again, total - crash_at + 2) << "recorded trials were run again";
  }
}

TEST_F(RunnerTest, AFinishedRunIsNotRunAgain) {
  run(fake::settings(), fake::runner());
  const std::string expected = json();
  std::filesystem::remove(folder_ / "results.json");
  run(
      fake::settings(),
      [](const TrialTask&, std::stop_token, const std::function<void(std::int64_t)>&) -> train::TrialResult {
        throw Failure("must not run");
      },
      2, true);
  EXPECT_EQ(json(), expected);
}

TEST_F(RunnerTest, StoppingInterruptsAndKeepsWhatWasRecorded) {
  std::stop_source stop;
  std::atomic<int> calls = 0;
  RunOptions options;
  options.out = folder_;
  options.jobs = 3;
  options.stop = stop.get_token();
  const TrialRunner waiting = [&](const TrialTask& task, std::stop_token token,
                                  const std::function<void(std::int64_t)>&) {
    if (++calls == 5) stop.request_stop();
    if (calls >= 5) {
      while (!token.stop_requested()) std::this_thread::yield();
      throw Interrupted();
    }
    return fake::run(task);
  };
  EXPECT_THROW(run_comparison(fake::settings(), dataset_, options, waiting), Interrupted);
  const std::size_t recorded = Store::read(folder_).records().size();
  EXPECT_GE(recorded, 2u);
  EXPECT_LE(recorded, 4u);
  const Results partial = load_results(folder_);
  EXPECT_THAT(partial.conclusion, ElementsAre("The run is not complete: 0 of 6 final trials are recorded."));
  run(fake::settings(), fake::runner(), 2, true);
}

TEST_F(RunnerTest, ATrialsErrorEndsTheRunWithItsOwnWords) {
  const TrialRunner failing = [](const TrialTask& task, std::stop_token, const std::function<void(std::int64_t)>&) {
    if (task.settings.init.name == "zeros") throw Error("conv1: no such thing");
    return fake::run(task);
  };
  try {
    run(fake::settings(), failing);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "conv1: no such thing");
  }
}

TEST_F(RunnerTest, AFolderInUseIsRefused) {
  std::filesystem::create_directories(folder_);
  const FolderLock lock(folder_);
  EXPECT_THROW(run(fake::settings(), fake::runner()), Error);
}

TEST_F(RunnerTest, BadRequestsTouchNoFolder) {
  for (const char* scheme : {"he_nromal", "normal:std=-1"}) {
    EXPECT_THROW(run(fake::settings(scheme), fake::runner()), Error) << scheme;
  }
  RunSettings settings = fake::settings();
  settings.model = parse_spec("lenet6");
  EXPECT_THROW(run(settings, fake::runner()), Error);
  settings = fake::settings();
  settings.train_size = 1000;
  EXPECT_THROW(run(settings, fake::runner()), Error);
  EXPECT_THROW(run(fake::settings(), fake::runner(), -1), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run.sqlite"));
}

TEST_F(RunnerTest, ProgressEndsWithAllDone) {
  std::vector<Progress> reports;
  RunOptions options;
  options.out = folder_;
  options.jobs = 2;
  options.on_progress = [&](const Progress& progress) { reports.push_back(progress); };
  run_comparison(fake::settings(), dataset_, options, fake::runner());
  ASSERT_FALSE(reports.empty());
  const Progress& last = reports.back();
  EXPECT_EQ(last.steps_done, last.steps_planned);
  for (const Progress::Scheme& scheme : last.schemes) {
    EXPECT_EQ(scheme.phase, "done");
    EXPECT_EQ(scheme.trials_done, scheme.trials_planned);
  }
  EXPECT_EQ(last.schemes[0].name, "he_normal");
  EXPECT_NEAR(last.schemes[0].best, 0.93, 0.02);
}

TEST_F(RunnerTest, LoadedResultsAreTheReturnedOnes) {
  const Results results = run(fake::settings(), fake::runner());
  const Results loaded = load_results(folder_);
  EXPECT_EQ(results_json(loaded), results_json(results));
  EXPECT_EQ(results_json(results), json());
  EXPECT_EQ(loaded.command, "fanin compare");
  EXPECT_THAT(json(), testing::Not(HasSubstr("fanin compare"))) << "a resumed run has another command line";
}

TEST_F(RunnerTest, TimingsHaveARowARecord) {
  run(fake::settings("he_normal"), fake::runner());
  const std::string timings = contents(folder_ / "timings.csv");
  EXPECT_THAT(timings, HasSubstr("phase,scheme,learning_rate,seed,rung,steps,seconds\ntuning,he_normal,0.001,"));
  EXPECT_THAT(timings, HasSubstr("final,he_normal,0.1,2,,80,0.250\n"));
}

}  // namespace
}  // namespace fanin::compare
