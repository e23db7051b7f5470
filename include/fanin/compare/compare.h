// Running a comparison: plan, tuning by halving within each scheme, final seeds, store, conclusion.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::compare {

/// A trial to be run, or to be continued, up to `until` steps.
struct TrialTask {
  train::TrialSettings settings;
  std::int64_t until = 0;
  bool final = false;                // a final seed: profiles at start and end, test set at the end
  std::filesystem::path checkpoint;  // to continue from and to leave for the next rung; may be absent; "" for none
  std::vector<std::int64_t> pauses;  // ascending: a point of the curve is due at each, so that a trial run in one go
                                     // and one continued from rung to rung have the same curve
};

/// How a task is run. The real one trains (make_trainer); tests give a fake. Called from several threads at once.
/// Reports steps through `on_steps(steps done)`; throws Interrupted when `stop` asks.
using TrialRunner =
    std::function<train::TrialResult(const TrialTask&, std::stop_token, const std::function<void(std::int64_t)>&)>;
TrialRunner make_trainer(const train::TrialData& data);

/// The state of the whole run for a live display. Copies; made a few times a second.
struct Progress {
  struct Scheme {
    std::string name, phase;                           // "tuning", "final", "done"
    std::int64_t trials_done = 0, trials_planned = 0;  // a trial that goes on to the next rung counts again; planned
                                                       // moves as the grid grows or rates diverge
    double best = 0;  // best validation (tuning) or mean test accuracy so far, [0, 1]; NaN: none
  };
  std::vector<Scheme> schemes;
  std::int64_t steps_done = 0, steps_planned = 0;
  double images_per_second = 0, seconds_left = 0;  // NaN while unknown
};

struct RunOptions {
  std::filesystem::path out;  // DIR; made where missing
  bool resume = false;        // continue DIR where it holds a run of equal settings
  int jobs = 0;               // trials side by side; 0: the number of processors
  std::string command;        // for the report
  std::stop_token stop;
  std::function<void(const Progress&)> on_progress;
};

/// What `--plan` prints.
struct Plan {
  std::int64_t trials_tuning = 0, trials_final = 0;  // without growth; growth_trials are the most it can add
  std::int64_t growth_trials = 0;
  std::int64_t steps = 0;  // all steps, without growth
  std::string text;        // for people: rungs, rates, seeds
};
Plan make_plan(const RunSettings& settings);

/// Runs (or continues) the comparison, writes DIR/results.json, results.csv and timings.csv and returns the results.
/// Throws Error when DIR holds another run, is locked by a running process, or holds a run and `resume` is not set;
/// Interrupted when stopped (what was recorded is kept); whatever a trial throws.
Results run_comparison(const RunSettings& settings, const data::Dataset& dataset, const RunOptions& options);
/// The same over any runner, for tests.
Results run_comparison(const RunSettings& settings, const data::Dataset& dataset, const RunOptions& options,
                       const TrialRunner& runner);

/// Results of a finished (or partial) run from DIR/run.sqlite.
Results load_results(const std::filesystem::path& out);

/// Deterministic views: equal bytes for equal results.
std::string results_json(const Results& results);  // schema: docs/results.md, "fanin-results", version 1
std::string results_csv(const Results& results);   // one row a final trial
/// The terminal's table; stacked, a line a column, where `width` characters (0: any number) do not hold a line a
/// scheme.
std::string results_table(const Results& results, bool color, int width);

}  // namespace fanin::compare
