// The plan of a comparison as a pure function: settings and recorded results -> what may run next. It knows no clock,
// no thread and no order of arrival, so a resumed run and any number of jobs come to the same trials.
//
// Tuning: each scheme tries the same grid of learning rates in rungs (a quarter, a half, all of the steps). When all
// rates of a rung are recorded, the better half goes on, at least two; a rate that diverges later gives its place to
// the next in rank. When all schemes are through and one's best rate is an end of the grid, the grid grows for all on
// that side and the new rate enters the same rungs. Then the final seeds run at each scheme's best rate.
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::compare {

/// Names one record: a tuning trial's state at a rung, or a final trial.
struct TaskKey {
  bool final = false;
  std::size_t scheme = 0;
  std::int64_t rate = 0;  // tuning: index in the grid, beyond 0..points-1 where grown
  std::int64_t seed = 0;  // index among the tuning or the final seeds
  std::int64_t rung = 0;  // tuning
  auto operator<=>(const TaskKey&) const = default;
  std::string text() const;  // "tune/scheme/rate/seed/rung", "final/scheme/seed"
};
/// Throws Error on text that TaskKey::text did not make.
TaskKey parse_task_key(std::string_view text);

using Records = std::map<TaskKey, train::TrialResult>;

/// The rate at a grid index: log-spaced, the ends exact, the others rounded to three digits where the grid is coarse.
double grid_rate(const RunSettings& settings, std::int64_t index);
/// Steps at which the rungs close, ascending, the last being settings.steps.
std::vector<std::int64_t> rung_steps(const RunSettings& settings);
/// How many rates go on from `rates`: the better half, at least two.
std::int64_t survivors(std::int64_t rates);
/// first_seed, first_seed + 1, ...
std::vector<std::uint64_t> final_seeds(const RunSettings& settings);
/// Seeds of tuning alone: 31-bit numbers hashed from first_seed, distinct, none of them a final seed.
std::vector<std::uint64_t> tuning_seeds(const RunSettings& settings);
/// Whether there is anything to tune: more than one rate.
bool tunes(const RunSettings& settings);

/// Above this training loss a network has learned next to nothing: 0.98 ln(classes).
double stall_loss(std::int64_t classes);

struct SchemeTuning {
  std::vector<RateResult> rates;  // the recorded ones, ascending
  bool complete = false;
  std::int64_t best = 0;  // grid index; meaningful when complete
  bool trains = true;     // at least one rate neither diverged nor stalled
};

struct PlanState {
  std::vector<TaskKey> ready;                // may run now, in order of priority, those in flight included
  std::vector<SchemeTuning> tuning;          // by scheme
  std::int64_t grid_low = 0, grid_high = 0;  // indices of the grid's present ends
  bool tuning_done = false, done = false;
};
PlanState evaluate_plan(const RunSettings& settings, std::int64_t classes, const Records& records);

/// Steps that a task adds: to its rung from the rung before, or the whole budget.
std::int64_t task_steps(const RunSettings& settings, const TaskKey& key);
/// Steps of tuning one scheme on `rates` rates with one seed, when none diverges.
std::int64_t tuning_steps(const RunSettings& settings, std::int64_t rates);

}  // namespace fanin::compare
