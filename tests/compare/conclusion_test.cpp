// The sentences, tables and files for scripted results: every text here is what a user reads.
#include "compare/conclusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "compare/assemble.h"
#include "compare/csv.h"
#include "compare/json_text.h"
#include "compare/phrases.h"
#include "compare/profiles.h"
#include "fake.h"

namespace fanin::compare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kStalled = -1;  // in place of a test accuracy

// What a scheme shall come to: its final test accuracies by seed (NaN: diverged; kStalled), its best grid index (-100:
// nothing trains), its activation rms by layer at the start.
struct Script {
  std::vector<double> accuracies;
  std::int64_t best = 1;
  std::vector<double> activations{1, 0.95, 0.9, 0.85, 0.8, 0.75};
  bool equal_weights = false;
};

train::TrialResult scripted_trial(const RunSettings& settings, const TaskKey& key, const Script& script) {
  train::TrialResult result;
  result.step = settings.steps;
  const double guess = std::log(10.0);
  if (!key.final) {
    result.step = rung_steps(settings)[static_cast<std::size_t>(key.rung)];
    const double loss = script.best == -100 ? guess : 0.5 + 0.1 * std::abs(static_cast<double>(key.rate - script.best));
    result.curve = {{0, guess, guess, 0.1}, {result.step, loss, loss, 0.5}};
    result.final_train_loss = loss;
    return result;
  }
  const double accuracy = script.accuracies[static_cast<std::size_t>(key.seed)];
  const double loss = accuracy == kStalled ? guess : 0.4;
  const double reached = accuracy == kStalled ? 0.1 : 0.8;
  result.curve = {
      {0, guess, guess, 0.1}, {20, loss, loss, reached}, {40, loss, loss, reached}, {80, loss, loss, reached}};
  result.final_train_loss = loss;
  if (std::isnan(accuracy)) {
    result.diverged_at = 31;
    result.step = 31;
    result.curve = {{0, guess, guess, 0.1}, {31, kNaN, kNaN, 0.1}};
  } else {
    result.stalled = accuracy == kStalled;
    result.test_accuracy = result.stalled ? 0.1 : accuracy;
    result.test_loss = 0.45;
  }
  probe::Profile profile;
  profile.loss = guess;
  for (std::size_t i = 0; i < script.activations.size(); ++i) {
    probe::LayerProfile layer;
    layer.name = "conv" + std::to_string(i + 1);
    layer.activation_rms = layer.preactivation_rms = script.activations[i];
    layer.gradient_rms = layer.weight_gradient_rms = script.activations[i] == 0 ? 0 : 0.01;
    layer.histogram = script.equal_weights ? std::vector<std::int64_t>{0, 9} : std::vector<std::int64_t>{4, 5};
    profile.layers.push_back(layer);
  }
  result.profile_start = result.profile_end = profile;
  return result;
}

RunFacts facts() {
  RunFacts facts;
  facts.dataset_name = "fake";
  facts.dataset_source = "nowhere";
  facts.classes = 10;
  facts.train_images = 180;
  facts.validation_images = 20;
  facts.test_images = 50;
  facts.normalization_mean = {0.2860406f};
  facts.normalization_std = {0.35302424f};
  facts.parameter_count = 1234;
  facts.version = "0.1.0";
  facts.instruction_set = "avx2";
  facts.library_versions = "oneDNN 2.6.3";
  return facts;
}

Results scripted(const std::map<std::string, Script>& scripts, const std::function<void(RunSettings&)>& change = {},
                 std::size_t records_at_most = 10'000) {
  RunSettings settings = fake::settings("zeros");
  settings.schemes.clear();
  for (const auto& [name, script] : scripts) settings.schemes.push_back(parse_spec(name));
  settings.seeds = static_cast<std::int64_t>(scripts.begin()->second.accuracies.size());
  if (change) change(settings);
  Records records;
  for (PlanState state = evaluate_plan(settings, 10, records); !state.done && records.size() < records_at_most;
       state = evaluate_plan(settings, 10, records)) {
    const TaskKey key = state.ready.front();
    records.emplace(key, scripted_trial(settings, key, scripts.at(settings.schemes[key.scheme].text())));
  }
  return assemble_results(settings, facts(), records);
}

const Script kHe{{.912, .905, .918, .909, .914}};
const Script kXavier{{.901, .900, .907, .905, .902}, 2};
const Script kOrthogonal{{.911, .908, .913, .912, .910}};
const Script kZeros{{kStalled, kStalled, kStalled, kStalled, kStalled}, -100, {0, 0, 0, 0, 0, 0}, true};
const Script kSmall{{kStalled, kStalled, kStalled, kStalled, kStalled}, -100, {1, 0.2, 0.03, 0.004, 6e-4, 1e-4}};

const std::string kKeepsScale =
    "At the start the activations of he_normal keep their scale within a factor of 1.2 over 5 hidden layers.";

TEST(Conclusion, WhoComesFirstWhoIsBeatenAndWhoDoesNotTrain) {
  const Results results = scripted({{"he_normal", kHe},
                                    {"xavier_normal", kXavier},
                                    {"orthogonal", kOrthogonal},
                                    {"zeros", kZeros},
                                    {"normal:std=0.01", kSmall}});
  EXPECT_THAT(
      results.conclusion,
      ElementsAre(
          "he_normal comes first: 91.2 % test accuracy (95 % interval 90.5 to 91.8, 5 seeds) at learning rate 0.01.",
          "orthogonal cannot be told apart from he_normal: the difference is 0.08 points (-0.4 to 0.5; p = 0.660 "
          "after Holm); with 5 seeds a true difference below 0.9 points can easily be missed.",
          "he_normal beats xavier_normal by 0.9 points (0.4 to 1.3; p = 0.014 after Holm).", kKeepsScale,
          "normal:std=0.01 trains at no learning rate from 0.001 to 1: the signal falls below a thousandth of the "
          "first layer's at layer 5 of 6 (conv5).",
          "zeros trains at no learning rate from 0.001 to 1: all weights are equal and the signal is zero from the "
          "first layer on, so that units stay identical and learn nothing."));
  EXPECT_EQ(results.pairs.size(), 3u) << "schemes that do not train are no partners";
  EXPECT_THAT(
      results.notes,
      ElementsAre("The learning rate of each scheme was chosen from the same grid of 4 rates from 0.001 to 1 by "
                  "validation loss on 1 tuning seed that is not used again.",
                  "The test set was read once per final trial, after its last step; curves and tuning use the "
                  "validation split.",
                  "Intervals are Student's t over seeds (95 %). Schemes see the same split, batches and "
                  "augmentation at a seed, so differences are paired by seed; p values are corrected by Holm over "
                  "3 pairs. With 5 seeds a difference is seen in four cases of five when it is at least 2.3 "
                  "standard deviations of the paired differences.",
                  "A trial counts as stalled when its final training loss is above 0.98 ln(10) = 2.257, that of "
                  "guessing."));
  EXPECT_EQ(results_table(results, false, 100),
            "  scheme           rate  test accuracy  95 % interval  failed  loss area\n"
            "* he_normal        0.01         91.2 %   90.5 to 91.8     0/5      0.638\n"
            "  orthogonal       0.01         91.1 %   90.8 to 91.3     0/5      0.638\n"
            "  xavier_normal     0.1         90.3 %   89.9 to 90.7     0/5      0.638\n"
            "  normal:std=0.01  0.01         10.0 %   10.0 to 10.0     5/5      2.303\n"
            "  zeros            0.01         10.0 %   10.0 to 10.0     5/5      2.303\n");
}

TEST(Conclusion, AWinnerBeatsAllThatTrain) {
  const Results results = scripted({{"he_normal", kHe}, {"xavier_normal", kXavier}});
  EXPECT_THAT(
      results.conclusion,
      ElementsAre("he_normal wins: 91.2 % test accuracy (95 % interval 90.5 to 91.8, 5 seeds) at learning rate 0.01.",
                  "he_normal beats xavier_normal by 0.9 points (0.4 to 1.3; p = 0.007).", kKeepsScale));
  ASSERT_EQ(results.pairs.size(), 1u);
  EXPECT_NEAR(results.pairs[0].p_value, 0.0070546273, 1e-9);
  EXPECT_EQ(results.pairs[0].p_holm, results.pairs[0].p_value);
  EXPECT_DOUBLE_EQ(results.pairs[0].probability_of_improvement, 0.94);  // 23 wins and a tie of 25
}

TEST(Conclusion, SeveralBeatenShareASentence) {
  const Script poor{{.801, .800, .807, .805, .802}};
  const Results results = scripted({{"he_normal", kHe}, {"lecun_normal", poor}, {"xavier_normal", kXavier}});
  EXPECT_THAT(results.conclusion[1],
              HasSubstr("he_normal beats xavier_normal by 0.9 points (0.4 to 1.3; p = 0.007 after "
                        "Holm) and lecun_normal by 10.9 points ("));
}

// Thirty schemes do not make thirty sentences.
TEST(Conclusion, ManySchemesShareSentences) {
  std::map<std::string, Script> scripts = {{"he_normal", kHe}, {"orthogonal", kOrthogonal}};
  for (int i = 1; i <= 5; ++i) {
    Script alike = kOrthogonal, poor{{.801, .800, .807, .805, .802}}, lost = kSmall;
    lost.activations[static_cast<std::size_t>(i)] = 1e-7;
    scripts.emplace("orthogonal:gain=" + std::to_string(i), alike);
    scripts.emplace("uniform:high=" + std::to_string(i), poor);
    scripts.emplace("normal:std=0.0" + std::to_string(i), lost);
  }
  for (int i = 1; i <= 5; ++i) scripts.emplace("constant:value=" + std::to_string(i), kZeros);
  Script grows{{kStalled, kStalled, kStalled, kStalled, kStalled}, -100, {1, 20, 2e4, 2e6, 2e8, 2e9}};
  for (int i = 1; i <= 5; ++i) {
    grows.activations[1] = i < 3 ? 2000 : 20;
    scripts.emplace("normal:std=" + std::to_string(i), grows);
  }
  const Results results = scripted(scripts);
  ASSERT_EQ(results.conclusion.size(), 7u);
  EXPECT_THAT(results.conclusion[1], HasSubstr("orthogonal, orthogonal:gain=1, orthogonal:gain=2, orthogonal:gain=3, "
                                               "orthogonal:gain=4 and orthogonal:gain=5 cannot be told apart from "
                                               "he_normal: the differences are 0.08 points at most, and true ones "
                                               "below"));
  EXPECT_THAT(results.conclusion[2], HasSubstr("he_normal beats uniform:high=1, uniform:high=2, uniform:high=3, "
                                               "uniform:high=4 and uniform:high=5 by 10.9 points (p < 0.001 after "
                                               "Holm at most)."));
  EXPECT_THAT(results.conclusion[4], HasSubstr("constant:value=4 and constant:value=5 train at no learning rate from "
                                               "0.001 to 1: all weights are equal"));
  EXPECT_THAT(results.conclusion[5],
              HasSubstr("Train at no learning rate from 0.001 to 1, because the signal falls below a thousandth of the "
                        "first layer's: normal:std=0.01 at layer 2 of 6 (conv2); normal:std=0.02 at layer 3 of 6"));
  EXPECT_EQ(results.conclusion[6],
            "Train at no learning rate from 0.001 to 1, because the signal grows beyond a thousand times the first "
            "layer's: normal:std=1 and normal:std=2 at layer 2 of 6 (conv2); normal:std=3, normal:std=4 and "
            "normal:std=5 at layer 3 of 6 (conv3).");
}

TEST(Conclusion, OneSeedConcludesNothing) {
  const Results results = scripted({{"he_normal", {{.9}}}, {"xavier_normal", {{.88}}}});
  EXPECT_THAT(
      results.conclusion,
      ElementsAre("he_normal comes first: 90.0 % test accuracy (1 seed) at learning rate 0.01.",
                  "xavier_normal is 2.0 points behind he_normal; with one seed in common that may be luck, so that "
                  "nothing can be concluded from it: give --seeds 5 or more.",
                  kKeepsScale));
  EXPECT_THAT(results.notes,
              testing::Contains("With one seed there is no interval and no test: nothing here can be told from luck."));
}

TEST(Conclusion, ADifferenceBeyondTheScaleIsNotGivenInPoints) {
  const Results results = scripted({{"he_normal", {{.9, .5}}}, {"xavier_normal", {{.3, .8}}}});
  EXPECT_THAT(results.conclusion[1], testing::EndsWith("with 2 seeds a true difference of any size can be missed."));
}

TEST(Conclusion, TwoSeedsSayHowLittleTheyCanSee) {
  const Results results = scripted({{"he_normal", {{.9, .91}}}, {"xavier_normal", {{.88, .87}}}});
  EXPECT_EQ(
      results.conclusion[1],
      "xavier_normal cannot be told apart from he_normal: the difference is 3.0 points (-9.7 to 15.7; p = 0.205); with "
      "2 seeds a true difference below 16.3 points can easily be missed.");
}

TEST(Conclusion, FailuresStandBesideTheMean) {
  const Results results = scripted({{"he_normal", {{.95, kNaN, .96, kNaN, kStalled}}},
                                    {"xavier_normal", kXavier},
                                    {"orthogonal", {{kNaN, kNaN, kNaN, kNaN, kNaN}}}});
  EXPECT_EQ(results.schemes[results.ranking[0]].scheme.text(), "xavier_normal") << "reliable before lucky";
  EXPECT_THAT(results.conclusion,
              testing::Contains("he_normal failed in 3 of 5 final trials (2 diverged and 1 stalled); its "
                                "accuracy is the mean of the other 2."));
  EXPECT_THAT(
      results.conclusion,
      testing::Contains("orthogonal failed in 5 of 5 final trials (5 diverged) although it trained in tuning."));
  EXPECT_THAT(results.notes, testing::Contains("he_normal diverged at step 31 in 2 of 5 final trials."));
  const SchemeResult& he = results.schemes[0];
  EXPECT_EQ(he.diverged, 2);
  EXPECT_EQ(he.stalled, 1);
  EXPECT_NEAR(he.test_accuracy.mean, 0.955, 1e-12) << "the mean is over what trained";
  EXPECT_NEAR(he.failure_proportion.mean, 0.6, 1e-12);
  EXPECT_EQ(results.pairs.size(), 1u);
  EXPECT_EQ(results.pairs[0].difference.n, 2);
}

TEST(Conclusion, ALessReliableSchemeThatIsAheadIsNamed) {
  const Results results =
      scripted({{"he_normal", {{.99, .99, kNaN, kNaN, kNaN}}}, {"xavier_normal", {{.9, .9, .9, .9, .9}}}});
  EXPECT_EQ(results.conclusion[1],
            "Over the 2 seeds at which both trained he_normal is ahead of xavier_normal by 9.0 points (9.0 to 9.0; p < "
            "0.001), "
            "but it is the less reliable one.");
}

TEST(Conclusion, TrainingAtTimesIsNotReliable) {
  const Results results = scripted({{"he_normal", {{.2, kStalled, kStalled}}}, {"zeros", kZeros}});
  EXPECT_THAT(results.conclusion,
              testing::IsSupersetOf(
                  {"No scheme trains reliably: each failed in more than half of its final trials.",
                   "he_normal alone trains: 20.0 % test accuracy (1 seed) at learning rate 0.01.",
                   "he_normal failed in 2 of 3 final trials (2 stalled); its accuracy is that of the other one."}));
}

TEST(Conclusion, NothingTrains) {
  const Results results = scripted({{"zeros", kZeros}, {"normal:std=0.01", kSmall}});
  EXPECT_EQ(results.conclusion.front(), "No scheme trains this network.");
  EXPECT_EQ(results.conclusion.size(), 3u);
}

TEST(Conclusion, SchemesThatFailAlikeShareASentence) {
  const Results results = scripted({{"zeros", kZeros}, {"constant:value=0", kZeros}, {"he_normal", kHe}});
  EXPECT_THAT(results.conclusion.back(),
              testing::StartsWith(
                  "constant:value=0 and zeros train at no learning rate from 0.001 to 1: all weights are equal"));
  EXPECT_EQ(
      results.conclusion.front(),
      "he_normal alone trains: 91.2 % test accuracy (95 % interval 90.5 to 91.8, 5 seeds) at learning rate 0.01.");
}

TEST(Conclusion, AGivenRateIsNotCalledTuned) {
  const Results results = scripted({{"he_normal", kHe}, {"zeros", kZeros}}, [](RunSettings& settings) {
    settings.lr_points = 1;
    settings.lr_low = settings.lr_high = 0.05;
  });
  EXPECT_THAT(results.conclusion.back(), testing::StartsWith("zeros does not train at learning rate 0.05: "));
  EXPECT_EQ(results.notes.front(),
            "All schemes ran at the learning rate that was given, 0.05; none was tuned, and a scheme may owe its place "
            "to it.");
}

TEST(Conclusion, WhatASchemeThatTrainsShowsTooIsNoReason) {
  Script trains = kHe;
  trains.activations = kSmall.activations;
  const Results results = scripted({{"uniform", trains}, {"normal:std=0.01", kSmall}});
  EXPECT_THAT(results.conclusion.back(), testing::StartsWith("normal:std=0.01 trains at no learning rate from "));
  EXPECT_THAT(results.conclusion.back(), testing::Not(HasSubstr(":  "))) << "no empty reason";
  EXPECT_THAT(results.conclusion.back(), testing::Not(HasSubstr("falls below")));
}

TEST(Conclusion, SchemesAtOneEdgeShareANote) {
  const Results results = scripted({{"he_normal", {kHe.accuracies, 9}}, {"xavier_normal", {kXavier.accuracies, 9}}});
  EXPECT_THAT(results.notes,
              testing::Contains("The best rate of he_normal and xavier_normal, 100, is still the highest "
                                "of the grid: a higher one may be better."));
}

TEST(Conclusion, GrowthAndEdgesAreNoted) {
  const Results results = scripted({{"he_normal", {kHe.accuracies, 9}}, {"xavier_normal", {kXavier.accuracies, -9}}});
  EXPECT_THAT(
      results.notes,
      testing::IsSupersetOf(
          {"The grid grew for all schemes by 2 rates below and 2 rates above, as a best rate was its end.",
           "The best rate of he_normal, 100, is still the highest of the grid: a higher one may be better.",
           "The best rate of xavier_normal, 1e-05, is still the lowest of the grid: a lower one may be better."}));
  EXPECT_THAT(results_table(results, false, 100), HasSubstr(" 100!  "));
}

TEST(Conclusion, TheTargetIsReachedOrNot) {
  const auto target = [](double value) {
    return scripted({{"he_normal", kHe}, {"zeros", kZeros}}, [=](RunSettings& settings) { settings.target = value; });
  };
  EXPECT_THAT(target(0.75).conclusion,
              testing::Contains(
                  "75 % validation accuracy is reached by he_normal after 40 steps (medians); zeros reaches it in "
                  "no trial."));
  EXPECT_THAT(target(0.85).conclusion, testing::Contains("No trial reaches 85 % validation accuracy."));
  const Script mostly_stalled{{.91, kStalled, kStalled, kStalled, .9}};
  const auto to_three_quarters = [](RunSettings& settings) { settings.target = 0.75; };
  EXPECT_THAT(
      scripted({{"he_normal", kHe}, {"xavier_normal", mostly_stalled}, {"zeros", kZeros}}, to_three_quarters)
          .conclusion,
      testing::Contains("75 % validation accuracy is reached by he_normal after 40 steps (medians); xavier_normal "
                        "reaches it in at most half of the trials; zeros reaches it in no trial."));
  EXPECT_THAT(scripted({{"xavier_normal", mostly_stalled}, {"zeros", kZeros}}, to_three_quarters).conclusion,
              testing::Contains("No scheme reaches 75 % validation accuracy in more than half of its trials."));
  EXPECT_THAT(results_table(target(0.75), false, 100), HasSubstr("steps to 75 %\n"));
  EXPECT_THAT(results_table(target(0.75), false, 100), HasSubstr("> 80\n"));
}

TEST(Conclusion, AWeakSignalOfARivalIsNamed) {
  const Results results =
      scripted({{"he_normal", kHe}, {"xavier_normal", {kXavier.accuracies, 1, {1, .3, .1, .05, .02, .01}}}});
  EXPECT_EQ(results.conclusion.back(), kKeepsScale.substr(0, kKeepsScale.size() - 1) +
                                           "; those of xavier_normal fall to 0.02 of the first layer's.");
}

TEST(Conclusion, ReasonsOfFailure) {
  const auto reason = [](std::vector<double> activations, std::vector<double> gradients, bool equal = false,
                         double dead = 0) {
    SchemeResult scheme;
    scheme.trials.resize(1);
    probe::Profile profile;
    for (std::size_t i = 0; i < activations.size(); ++i) {
      probe::LayerProfile layer;
      layer.name = "conv" + std::to_string(i + 1);
      layer.activation_rms = activations[i];
      layer.gradient_rms = gradients[i];
      layer.dead_fraction = dead;
      layer.histogram = equal ? std::vector<std::int64_t>{0, 9, 0} : std::vector<std::int64_t>{1, 0, 8};
      profile.layers.push_back(layer);
    }
    scheme.trials[0].profile_start = profile;
    const probe::SignalLoss loss = probe::find_signal_loss(*median_start_profile(scheme));
    scheme.activation_lost_at = loss.activation_layer;
    scheme.gradient_lost_at = loss.gradient_layer;
    return explain_failure(scheme);
  };
  EXPECT_EQ(reason({1, 1, 1}, {1, 1, 1}), "");
  EXPECT_EQ(reason({1, 1, 1}, {1, 1, 1}, true),
            "the units of a layer start with equal weights, get equal gradients and stay identical");
  EXPECT_EQ(reason({0, 0, 0}, {0, 0, 1}), "the signal is zero at layer 1 of 3 (conv1)");
  EXPECT_EQ(reason({1, 50, 2e3}, {1, 1, 1}),
            "the signal grows beyond a thousand times the first layer's at layer 3 of 3 (conv3)");
  EXPECT_EQ(reason({1, kNaN, kNaN}, {1, 1, 1}),
            "the signal grows beyond a thousand times the first layer's at layer 2 of 3 (conv2)");
  EXPECT_EQ(reason({1, 1, 1}, {1e-6, 1e-4, 1}),
            "on its way back the gradient falls below a thousandth of the last layer's at layer 2 of 3 (conv2)");
  EXPECT_EQ(reason({1, 1, 1}, {1, 1, 1}, false, 1.0), "all units are dead at layer 1 of 3 (conv1)");
  EXPECT_EQ(explain_failure({}), "");
}

TEST(Conclusion, AnUnfinishedRunSaysSo) {
  EXPECT_THAT(scripted({{"he_normal", kHe}}, {}, 3).conclusion,
              ElementsAre("The run is not complete: 0 of 5 final trials are recorded."));
  const Results results = scripted({{"he_normal", kHe}}, {}, 10);
  EXPECT_THAT(results.conclusion.front(), HasSubstr("The run is not complete: "));
  EXPECT_THAT(results.conclusion[1], testing::StartsWith("he_normal reaches 9"));
  EXPECT_THAT(results_table(scripted({{"he_normal", kHe}}, {}, 0), false, 80), HasSubstr("  he_normal     -"));
  EXPECT_THAT(results_json(scripted({{"he_normal", kHe}}, {}, 0)), HasSubstr("\"learning_rate\": null"));
}

TEST(Table, IsStackedWhereItIsNarrowAndColoured) {
  const Results results = scripted({{"he_normal", kHe}, {"zeros", kZeros}});
  const std::string wide = results_table(results, false, 0);
  const int line = static_cast<int>(wide.find('\n'));
  EXPECT_EQ(results_table(results, false, line), wide) << "no narrower than its widest line";
  EXPECT_EQ(results_table(results, false, line - 1),
            "* he_normal\n    rate           0.01\n    test accuracy  91.2 %\n    95 % interval  90.5 to 91.8\n"
            "    failed         0/5\n    loss area      0.638\n"
            "  zeros\n    rate           0.01\n    test accuracy  10.0 %\n    95 % interval  10.0 to 10.0\n"
            "    failed         5/5\n    loss area      2.303\n");
  EXPECT_THAT(results_table(results, true, 40), HasSubstr("\x1b[1;32m* he_normal\n    rate"));
  EXPECT_THAT(results_table(results, true, 100), HasSubstr("\x1b[1;32m* he_normal"));
  EXPECT_THAT(results_table(results, true, 100), HasSubstr("\x1b[2m  zeros"));
  EXPECT_THAT(results_table(results, false, 100), testing::Not(HasSubstr("\x1b")));
}

TEST(Csv, HasARowAFinalTrialAndQuotesWhatNeedsIt) {
  const Results results = scripted({{"he_normal", {{.9, kNaN}}}, {"normal:std=0.01,mean=0", {{kStalled, .5}}}});
  EXPECT_EQ(results_csv(results),
            "scheme,learning_rate,seed,outcome,steps,diverged_at,final_train_loss,validation_loss,validation_accuracy,"
            "test_loss,test_accuracy,loss_area,steps_to_target\n"
            "he_normal,0.01,0,trained,80,,0.4,0.4,0.8,0.45,0.9,0.6378231366242557,\n"
            "he_normal,0.01,1,diverged,31,31,0.4,,0.1,,,2.302585092994046,\n"
            "\"normal:std=0.01,mean=0\",0.01,0,stalled,80,,2.302585092994046,2.302585092994046,0.1,0.45,0.1,"
            "2.302585092994046,\n"
            "\"normal:std=0.01,mean=0\",0.01,1,trained,80,,0.4,0.4,0.8,0.45,0.5,0.6378231366242557,\n");
  EXPECT_EQ(csv_field("a\"b"), "\"a\"\"b\"");
}

TEST(Json, IsTheDocumentedSchema) {
  const Results results = scripted({{"he_normal", {{.9, kNaN}, 1, {1, .5}}}}, [](RunSettings& settings) {
    settings.lr_points = 1;
    settings.lr_low = settings.lr_high = 0.05;
    settings.target = 0.75;
  });
  const std::string text = results_json(results);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["schema"], "fanin-results");
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["settings"]["lr_low"], 0.05);
  EXPECT_EQ(json["dataset"]["normalization_mean"][0], 0.2860406);
  EXPECT_EQ(json["ranking"], nlohmann::json::array({"he_normal"}));
  EXPECT_TRUE(json["schemes"][0]["trials"][1]["curve"]["train_loss"][1].is_null());
  EXPECT_EQ(json["schemes"][0]["trials"][1]["diverged_at"], 31);
  EXPECT_TRUE(json["schemes"][0]["test_accuracy"]["low"].is_null()) << "one seed has no interval";
  EXPECT_EQ(json["schemes"][0]["time_to_target"]["censored"], 1);
  EXPECT_THAT(
      text,
      HasSubstr(
          "          \"profile_start\": {\n            \"loss\": 2.302585092994046,\n            \"finite\": true,\n"
          "            \"preactivation_rms\": [1, 0.5],\n"));
  EXPECT_EQ(text.back(), '\n');
}

TEST(Json, TextIsStableAndSafe) {
  nlohmann::ordered_json json;
  json["b"] = {1.0, 0.1, kNaN, -0.0, 1e22};
  json["a"] = nlohmann::ordered_json::array();
  json["bad"] = "\xff<";
  json["empty"] = nlohmann::ordered_json::object();
  json["words"] = {"x", "y"};
  EXPECT_EQ(to_text(json),
            "{\n  \"b\": [1, 0.1, null, -0, 1e+22],\n  \"a\": [],\n  \"bad\": \"\xef\xbf\xbd<\",\n  \"empty\": {},\n"
            "  \"words\": [\n    \"x\",\n    \"y\"\n  ]\n}\n");
}

TEST(Phrases, RoundForReaders) {
  EXPECT_EQ(join_and({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(points(-0.00001), "0.00 points");
  EXPECT_EQ(points(0.0004), "0.04 points");
  EXPECT_EQ(percent(kNaN), "none");
  EXPECT_EQ(percent_range({0.99, 0.97, 1.01, 0, 3}), "97.0 to 100.0");
  EXPECT_EQ(p_text(0.0004), "p < 0.001");
  EXPECT_EQ(p_text(0.0496), "p = 0.050");
  EXPECT_EQ(rate_text(0.0316), "0.0316");
}

}  // namespace
}  // namespace fanin::compare
