// The plan as a function of records: rungs, survivors, growth, ties, seeds, and that the order of arrival is nothing to
// it.
#include "compare/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "compare/progress.h"
#include "compare/settings.h"
#include "fake.h"
#include "fanin/base/error.h"

namespace fanin::compare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Loss by (scheme, grid index, rung); NaN: diverged.
using Losses = std::function<double(const TaskKey&)>;

train::TrialResult made(const RunSettings& settings, const TaskKey& key, double loss) {
  train::TrialResult result;
  result.step = key.final ? settings.steps : rung_steps(settings)[static_cast<std::size_t>(key.rung)];
  result.curve.push_back({result.step, loss, loss, 0.5});
  result.final_train_loss = loss;
  if (std::isnan(loss)) result.diverged_at = 1;
  return result;
}

// Runs the plan to its end, recording one ready task at a time as `pick` chooses.
Records run_all(
    const RunSettings& settings, const Losses& losses,
    const std::function<std::size_t(std::size_t)>& pick = [](std::size_t) { return 0; }) {
  Records records;
  for (PlanState state = evaluate_plan(settings, 10, records); !state.done;
       state = evaluate_plan(settings, 10, records)) {
    const TaskKey key = state.ready[pick(state.ready.size())];
    EXPECT_FALSE(records.contains(key));
    records.emplace(key, made(settings, key, losses(key)));
  }
  return records;
}

std::set<std::int64_t> rates_at(const Records& records, std::size_t scheme, std::int64_t rung) {
  std::set<std::int64_t> rates;
  for (const auto& [key, result] : records) {
    if (!key.final && key.scheme == scheme && key.rung == rung) rates.insert(key.rate);
  }
  return rates;
}

RunSettings seven_rates(const std::string& schemes = "he_normal") {
  RunSettings settings = fake::settings(schemes);
  settings.lr_points = 7;
  settings.steps = 1000;
  settings.seeds = 2;
  return settings;
}

TEST(Plan, GridIsLogSpacedWithExactEnds) {
  RunSettings settings = seven_rates();
  std::vector<double> rates;
  for (std::int64_t i = -1; i <= 7; ++i) rates.push_back(grid_rate(settings, i));
  EXPECT_THAT(rates, ElementsAre(0.000316, 0.001, 0.00316, 0.01, 0.0316, 0.1, 0.316, 1.0, 3.16));
  settings.lr_low = 0.1;
  settings.lr_high = 0.2;
  settings.lr_points = 100;
  for (std::int64_t i = 0; i < 99; ++i) EXPECT_LT(grid_rate(settings, i), grid_rate(settings, i + 1));
}

TEST(Plan, RungsCloseAtAQuarterHalfAndAll) {
  RunSettings settings = seven_rates();
  EXPECT_THAT(rung_steps(settings), ElementsAre(250, 500, 1000));
  settings.steps = 1;
  EXPECT_THAT(rung_steps(settings), ElementsAre(1));
  settings.steps = 2;
  EXPECT_THAT(rung_steps(settings), ElementsAre(1, 2));
  settings.steps = 1000;
  settings.lr_points = 2;
  EXPECT_THAT(rung_steps(settings), ElementsAre(1000));
}

TEST(Plan, TuningSeedsAreNoFinalSeeds) {
  RunSettings settings = seven_rates();
  settings.tune_seeds = 50;
  const std::vector<std::uint64_t> first = tuning_seeds(settings);
  EXPECT_EQ(std::set<std::uint64_t>(first.begin(), first.end()).size(), 50u);
  // Final seeds laid right over a tuning seed push it away.
  settings.first_seed = first[0];
  settings.seeds = 5;
  const std::vector<std::uint64_t> finals = final_seeds(settings);
  for (const std::uint64_t seed : tuning_seeds(settings)) {
    EXPECT_THAT(finals, testing::Not(testing::Contains(seed)));
  }
  EXPECT_THAT(tuning_seeds(seven_rates()), ElementsAre(first[0]));
}

TEST(Plan, TheBetterHalfGoesOnWithinEachScheme) {
  // Scheme 0 is best at rate 2, scheme 1 far worse throughout: it must not be cut for that.
  const RunSettings settings = seven_rates("he_normal,xavier_normal");
  const Records records = run_all(settings, [](const TaskKey& key) {
    return 0.1 * std::abs(static_cast<double>(key.rate) - 2.2) + (key.scheme == 1 ? 0.9 : 0.0);
  });
  for (const std::size_t scheme : {0u, 1u}) {
    EXPECT_THAT(rates_at(records, scheme, 0), ElementsAre(0, 1, 2, 3, 4, 5, 6));
    EXPECT_THAT(rates_at(records, scheme, 1), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(rates_at(records, scheme, 2), ElementsAre(2, 3));
  }
  const PlanState state = evaluate_plan(settings, 10, records);
  EXPECT_EQ(state.tuning[1].best, 2);
  EXPECT_TRUE(state.tuning[0].rates[2].chosen);
  EXPECT_EQ(state.tuning[0].rates[2].steps, 1000);
  EXPECT_EQ(state.tuning[0].rates[0].steps, 250);
}

TEST(Plan, ARungClosesOnlyWhenAllItsMembersAreRecorded) {
  const RunSettings settings = seven_rates();
  Records records;
  for (std::int64_t rate = 0; rate < 6; ++rate) {
    const TaskKey key{false, 0, rate, 0, 0};
    records.emplace(key, made(settings, key, 0.1));
  }
  EXPECT_THAT(evaluate_plan(settings, 10, records).ready, ElementsAre(TaskKey{false, 0, 6, 0, 0}));
}

TEST(Plan, TiesGoToTheMiddleRate) {
  const RunSettings settings = seven_rates();
  const Records records = run_all(settings, [](const TaskKey&) { return 1.0; });
  EXPECT_THAT(rates_at(records, 0, 1), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(rates_at(records, 0, 2), ElementsAre(2, 3));
  EXPECT_EQ(evaluate_plan(settings, 10, records).tuning[0].best, 3);
}

TEST(Plan, ARateThatDivergesLaterGivesItsPlaceToTheNext) {
  const RunSettings settings = seven_rates();
  const Records records = run_all(settings, [](const TaskKey& key) {
    if (key.rung == 2 && (key.rate == 4 || key.rate == 3)) return kNaN;
    return 1.0 - 0.1 * static_cast<double>(std::min<std::int64_t>(key.rate, 4)) + (key.rate > 4 ? 1.5 : 0.0);
  });
  const PlanState state = evaluate_plan(settings, 10, records);
  EXPECT_EQ(state.tuning[0].best, 2);
  EXPECT_EQ(state.tuning[0].rates[2].steps, 1000);
  EXPECT_TRUE(state.tuning[0].rates[4].diverged);
}

TEST(Plan, NaNRanksLastAndIsNeverContinued) {
  const RunSettings settings = seven_rates();
  const Records records = run_all(settings, [](const TaskKey& key) { return key.rate >= 1 ? kNaN : 1.0; });
  EXPECT_THAT(rates_at(records, 0, 1), testing::Contains(0));
  EXPECT_THAT(rates_at(records, 0, 1), testing::Each(testing::Le(0)));
}

TEST(Plan, TheGridGrowsForAllSchemesWhenOneIsBestAtItsEnd) {
  const RunSettings settings = seven_rates("he_normal,xavier_normal");
  const Records records = run_all(settings, [](const TaskKey& key) {
    const double best = key.scheme == 0 ? 7.0 : 3.0;  // scheme 0: one beyond the grid
    return 0.1 + 0.1 * std::abs(static_cast<double>(key.rate) - best);
  });
  const PlanState state = evaluate_plan(settings, 10, records);
  EXPECT_EQ(state.grid_low, 0);
  EXPECT_EQ(state.grid_high, 8);  // 7 was then the end, so one more; 8 is worse
  EXPECT_EQ(state.tuning[0].best, 7);
  EXPECT_EQ(state.tuning[1].best, 3);
  EXPECT_TRUE(rates_at(records, 1, 0).contains(8));
  EXPECT_FALSE(rates_at(records, 1, 1).contains(8)) << "a grown rate passes the same rungs";
}

TEST(Plan, GrowthIsBoundedOnEitherSide) {
  for (const std::int64_t grow : {0, 1, 2}) {
    RunSettings settings = seven_rates("he_normal,xavier_normal");
    settings.lr_grow = grow;
    const Records records = run_all(settings, [](const TaskKey& key) {
      const auto rate = static_cast<double>(key.rate);
      return 1.0 + (key.scheme == 0 ? 0.05 : -0.05) * rate;  // the lower the better, the higher the better
    });
    const PlanState state = evaluate_plan(settings, 10, records);
    EXPECT_EQ(state.grid_low, -grow);
    EXPECT_EQ(state.grid_high, 6 + grow);
    EXPECT_EQ(state.tuning[0].best, -grow);
    EXPECT_EQ(state.tuning[1].best, 6 + grow);
  }
}

TEST(Plan, ASchemeThatStallsOrDivergesEverywhereAsksForNoGrowth) {
  const RunSettings settings = seven_rates();
  // Above 0.98 ln 10 = 2.2565: stalled; best at the low end.
  const Records records = run_all(
      settings, [](const TaskKey& key) { return key.rate >= 4 ? kNaN : 2.26 + 0.01 * static_cast<double>(key.rate); });
  const PlanState state = evaluate_plan(settings, 10, records);
  EXPECT_EQ(state.grid_low, 0);
  EXPECT_FALSE(state.tuning[0].trains);
  EXPECT_TRUE(state.tuning[0].rates[0].stalled);
  const Records all = run_all(settings, [](const TaskKey&) { return kNaN; });
  EXPECT_EQ(evaluate_plan(settings, 10, all).tuning[0].best, 3) << "all diverged: the middle rate";
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& item) { return item.first.final; }), settings.seeds)
      << "its final trials run all the same";
}

TEST(Plan, ScoreIsTheMeanOverTuningSeeds) {
  RunSettings settings = seven_rates();
  settings.tune_seeds = 2;
  const Records records = run_all(settings, [](const TaskKey& key) {
    if (key.rate == 2) return key.seed == 0 ? 0.1 : 1.9;  // best once, poor in the mean
    return key.rate == 4 ? 0.8 : 1.5;
  });
  const PlanState state = evaluate_plan(settings, 10, records);
  EXPECT_EQ(state.tuning[0].best, 4);
  EXPECT_DOUBLE_EQ(state.tuning[0].rates[2].score, 1.0);
}

TEST(Plan, OneRateIsNotTuned) {
  RunSettings settings = seven_rates();
  settings.lr_low = settings.lr_high = 0.05;
  settings.lr_points = 1;
  const PlanState state = evaluate_plan(settings, 10, {});
  EXPECT_TRUE(state.tuning_done);
  EXPECT_THAT(state.ready, ElementsAre(TaskKey{true, 0, 0, 0, 0}, TaskKey{true, 0, 0, 1, 0}));
  EXPECT_EQ(make_plan(settings).trials_tuning, 0);
}

TEST(Plan, TheOrderOfArrivalChangesNothing) {
  RunSettings settings = seven_rates("he_normal,xavier_normal,zeros");
  settings.tune_seeds = 2;
  std::mt19937 generator(7);
  for (int world = 0; world < 20; ++world) {
    // A rugged world with divergence at every rung, so that places are passed on and grids grow.
    const Losses losses = [&](const TaskKey& key) {
      const double u = fake::noise(key.text() + "/" + std::to_string(world));
      return u < 0.15 ? kNaN : 0.3 * std::abs(static_cast<double>(key.rate) - (key.scheme == 0 ? 8.0 : -1.0)) + u;
    };
    const Records expected = run_all(settings, losses);
    for (int order = 0; order < 5; ++order) {
      const Records records = run_all(settings, losses, [&](std::size_t n) { return generator() % n; });
      ASSERT_EQ(records.size(), expected.size());
      for (const auto& [key, result] : expected) ASSERT_TRUE(records.contains(key)) << key.text();
    }
  }
}

TEST(Plan, KeysReadBack) {
  for (const TaskKey& key : {TaskKey{false, 3, -2, 1, 2}, TaskKey{true, 12, 0, 4, 0}, TaskKey{false, 0, 11, 0, 0}}) {
    EXPECT_EQ(parse_task_key(key.text()), key);
  }
  for (const char* text :
       {"", "tune", "tune/1/2/3", "final/1", "final/1/2/3", "tune/1/2/3/x", "other/1/2", "final/-1/0"}) {
    EXPECT_THROW(parse_task_key(text), Error) << text;
  }
}

TEST(Plan, TextNamesRungsRatesAndSeeds) {
  const RunSettings settings = seven_rates("he_normal,zeros");
  const Plan plan = make_plan(settings);
  EXPECT_EQ(plan.trials_tuning, 14);
  EXPECT_EQ(plan.trials_final, 4);
  EXPECT_EQ(plan.growth_trials, 8);
  // A scheme: 7 x 250 + 4 x 250 + 2 x 500 = 3750 steps of tuning, 2 x 1000 in the end.
  EXPECT_EQ(plan.steps, 2 * (3750 + 2000));
  EXPECT_THAT(plan.text,
              HasSubstr("Tuning: 2 schemes x 7 learning rates x 1 seed = 14 trials, halved within each scheme\n"
                        "  7 rates to step 250\n  4 best rates to step 500\n  2 best rates to step 1000\n"
                        "  rates 0.001, 0.00316, 0.01, 0.0316, 0.1, 0.316, 1\n"));
  EXPECT_THAT(plan.text, HasSubstr("Final: 2 schemes x 2 seeds = 4 trials of 1000 steps\n  seeds 0, 1\n"));
  EXPECT_THAT(plan.text, HasSubstr("Together: 11500 steps of 16 images\n"));
}

std::string refusal(const std::function<void(RunSettings&)>& change) {
  RunSettings settings = fake::settings();
  change(settings);
  try {
    check_settings(settings);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Plan, SettingsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(refusal([](RunSettings&) {}), "");
  EXPECT_EQ(refusal([](RunSettings& s) { s.schemes.clear(); }),
            "a comparison needs at least one scheme; none was given");
  EXPECT_EQ(refusal([](RunSettings& s) { s.schemes.push_back(s.schemes[0]); }),
            "the scheme 'he_normal' was given twice; each scheme is compared once");
  EXPECT_EQ(refusal([](RunSettings& s) { s.seeds = 0; }),
            "the number of seeds is 0; expected an integer from 1 to 10000");
  EXPECT_EQ(refusal([](RunSettings& s) { s.lr_low = kNaN; }),
            "the learning rate is nan; expected a finite number above 0");
  EXPECT_EQ(refusal([](RunSettings& s) { s.lr_low = 2.0; }),
            "the learning rates go from 2 to 1; expected the lower one first");
  EXPECT_THAT(refusal([](RunSettings& s) { s.lr_points = 1; }),
              HasSubstr("1 learning rate from 0.001 to 1 cannot be laid out"));
  EXPECT_THAT(refusal([](RunSettings& s) { s.first_seed = ~std::uint64_t{0}; }), HasSubstr("would not fit 64 bits"));
  EXPECT_THAT(refusal([](RunSettings& s) { s.steps = 0; }), HasSubstr("the number of steps is 0"));
  EXPECT_THAT(refusal([](RunSettings& s) { s.target = 1.5; }), HasSubstr("the target accuracy is 1.5"));
  EXPECT_THAT(refusal([](RunSettings& s) { s.clip_norm = -1; }), HasSubstr("the clipping norm is -1"));
  EXPECT_THAT(refusal([](RunSettings& s) { s.label_smoothing = 1; }), HasSubstr("the label smoothing is 1"));
  EXPECT_THAT(refusal([](RunSettings& s) { s.mixup = -1; }), HasSubstr("mixup's alpha is -1; expected 0 (none) or"));
}

}  // namespace
}  // namespace fanin::compare
