// The runner that trains: a task becomes a train::Trial, continued from its checkpoint where that restores.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "fanin/base/error.h"
#include "fanin/compare/compare.h"
#include "fanin/train/trial.h"

namespace fanin::compare {
namespace {

// The trial as its checkpoint left it; none when there is no checkpoint, when it does not restore (cut off, of another
// build) or when it stands past the task. The trial then starts anew, to the same bits.
std::optional<train::Trial> restore(const train::TrialData& data, const TrialTask& task) {
  std::error_code error;
  if (task.checkpoint.empty() || !std::filesystem::exists(task.checkpoint, error)) return std::nullopt;
  try {
    train::Trial trial(data, task.settings, {}, train::Trial::Start::given);
    trial.restore_checkpoint(task.checkpoint);
    if (trial.result().step <= task.until) return trial;
  } catch (const Error&) {
  }
  return std::nullopt;
}

train::TrialResult train_task(const train::TrialData& data, const TrialTask& task, std::stop_token stop,
                              const std::function<void(std::int64_t)>& on_steps) {
  std::optional<train::Trial> trial = restore(data, task);
  if (!trial) trial.emplace(data, task.settings, stop);
  if (task.final && trial->result().step == 0) trial->record_profile_start(stop);
  for (const std::int64_t pause : task.pauses) {
    if (pause < task.until && pause > trial->result().step) trial->advance(pause, stop, on_steps);
  }
  trial->advance(task.until, stop, on_steps);
  const bool finished = trial->result().finished(task.settings.steps);
  if (!finished && !task.checkpoint.empty()) trial->save_checkpoint(task.checkpoint);
  if (task.final) {
    trial->record_profile_end(stop);
    if (!trial->result().diverged_at) trial->evaluate_test(stop);
  }
  return trial->result();
}

}  // namespace

TrialRunner make_trainer(const train::TrialData& data) {
  return [data](const TrialTask& task, std::stop_token stop, const std::function<void(std::int64_t)>& on_steps) {
    return train_task(data, task, std::move(stop), on_steps);
  };
}

Results run_comparison(const RunSettings& settings, const data::Dataset& dataset, const RunOptions& options) {
  return run_comparison(settings, dataset, options,
                        make_trainer({dataset, data::compute_normalization(dataset.train)}));
}

}  // namespace fanin::compare
