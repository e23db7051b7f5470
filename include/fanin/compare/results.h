// The results of a comparison, as plain data: made from the store alone, read by the terminal's table, results.json,
// results.csv and the report. Holds no clock value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fanin/base/spec.h"
#include "fanin/train/trial.h"

namespace fanin::compare {

/// What the user asked for; canonical_text() identifies a run, a resumed one must be equal.
struct RunSettings {
  std::string data;  // --data as given
  Spec model;
  std::vector<Spec> schemes;  // in the order given, no two equal
  std::int64_t seeds = 5, tune_seeds = 1;
  std::uint64_t first_seed = 0;  // final seeds are first_seed .. first_seed + seeds - 1
  double lr_low = 0.001, lr_high = 1.0;
  std::int64_t lr_points = 7;
  std::int64_t lr_grow = 2;  // points a side by which the grid may grow; 0: none
  std::int64_t steps = 0;    // budget of a trial; from --epochs where that was given
  std::int64_t batch = 128, train_size = 0, validation_size = 0, evaluate_every = 0;
  Spec optimizer{"sgd", {{"momentum", "0.9"}}}, schedule{"constant", {}};
  data::Augmentation augmentation;
  double clip_norm = 0, label_smoothing = 0, mixup = 0;
  std::int64_t patience = 0;  // see train::TrialSettings
  double target = 0;          // validation accuracy of time-to-target; 0: none
  std::string canonical_text() const;
};

/// One learning rate of one scheme in tuning.
struct RateResult {
  double learning_rate = 0;
  std::int64_t grid_index = 0;  // 0 .. points-1; negative or beyond: grown
  std::int64_t steps = 0;       // how far it got before it was cut
  double score = 0;             // mean validation loss over tune seeds at `steps`; NaN: diverged
  double validation_accuracy = 0;
  bool diverged = false, stalled = false;  // at any tune seed; at all: training loss > 0.98 ln(classes)
  bool chosen = false;
};

struct Interval {
  double mean = 0, low = 0, high = 0;  // two-sided 95 %, Student t; low and high are NaN for fewer than 2 values
  double std = 0;                      // sample standard deviation
  std::int64_t n = 0;
};

struct TimeToTarget {
  std::int64_t reached = 0, censored = 0;  // seeds that did, that did not within the budget
  std::optional<double> median_steps;      // none when at least half were censored
  double restricted_mean_steps = 0;        // mean of min(T, budget)
};

struct SchemeResult {
  Spec scheme;
  std::vector<RateResult> rates;     // ascending by rate
  double learning_rate = 0;          // chosen
  bool rate_at_end_of_grid = false;  // still, after growing
  bool trains_at_no_rate = false;    // stalled or diverged at every rate
  std::vector<std::uint64_t> seeds;
  std::vector<train::TrialResult> trials;  // final trials, by seed
  std::int64_t diverged = 0, stalled = 0;  // of the final trials
  Interval test_accuracy;                  // over trials that trained; when none did, over those that did not diverge
  Interval final_train_loss, loss_area;    // over trials that did not diverge; over all trials (see loss_area())
  Interval failure_proportion;             // failed (diverged or stalled) / trials; low, high: Clopper-Pearson 95 %
  std::optional<TimeToTarget> time_to_target;
  // where the signal is lost at the start (median over seeds), as layer indices of the profiles; see probe::SignalLoss
  std::optional<std::size_t> activation_lost_at, gradient_lost_at;
};

/// Paired comparison of two schemes over the seeds at which both trained; schemes share none: no pair.
struct PairResult {
  std::size_t a = 0, b = 0;        // indices into schemes; a is the better by mean
  Interval difference;             // test accuracy of a minus b, paired t
  double p_value = 1, p_holm = 1;  // two-sided; corrected over all pairs
  double probability_of_improvement = 0.5;
  double smallest_detectable = 0;  // difference seen with 80 % power at level 0.05 / number of pairs; NaN: n < 2
};

struct Results {
  RunSettings settings;
  std::string dataset_name, dataset_source;
  std::int64_t classes = 0, train_images = 0, validation_images = 0, test_images = 0;
  std::vector<float> normalization_mean, normalization_std;
  std::int64_t parameter_count = 0;
  std::vector<std::string> layer_names;  // of the depth profiles
  std::vector<SchemeResult> schemes;     // in the order given
  std::vector<std::size_t> ranking;      // indices into schemes, best first
  std::vector<PairResult> pairs;
  std::vector<std::string> conclusion;  // sentences: who wins, by how much, why, and what cannot be concluded
  std::vector<std::string> notes;       // edge of grid, failed runs, interval coverage, ...
  std::string command;                  // exact command line of the run
  std::string version, instruction_set, library_versions;
};

}  // namespace fanin::compare
