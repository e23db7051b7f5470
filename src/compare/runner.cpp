// One coordinating thread and `jobs` workers around one mutex. Only the order in which results arrive is left to
// chance, and the plan does not look at it.
#include "compare/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "compare/progress.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"

namespace fanin::compare {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRefresh = std::chrono::milliseconds(250);

class Coordinator {
 public:
  Coordinator(const RunSettings& settings, std::int64_t classes, const RunOptions& options, const TrialRunner& runner,
              Store& store, Records& records)
      : settings_(settings),
        classes_(classes),
        options_(options),
        runner_(runner),
        store_(store),
        records_(records),
        rungs_(rung_steps(settings)),
        tuning_seeds_(tuning_seeds(settings)),
        final_seeds_(final_seeds(settings)),
        steps_in_flight_(worker_count(options.jobs)) {}

  ~Coordinator() { halt(); }  // the workers' destructors join

  void run() {
    const std::stop_callback on_stop(options_.stop, [this] { halt_.request_stop(); });
    replan();
    first_steps_ = measure_progress(settings_, state_, records_, 0).steps_done;
    if (!state_.done) {
      if (!state_.tuning_done) make_folder(checkpoints());
      for (std::size_t slot = 0; slot < steps_in_flight_.size(); ++slot) {
        workers_.emplace_back([this, slot] { work(slot); });
      }
    }
    while (!state_.done && !halt_.stop_requested()) {
      wait_for_results();
      if (record_finished()) replan();
      report_progress(false);
    }
    halt();
    workers_.clear();
    record_finished();  // what finished while the others were being stopped
    if (failure_) std::rethrow_exception(failure_);
    if (!evaluate_plan(settings_, classes_, records_).done) throw Interrupted();
    remove_checkpoints();
    report_progress(true);
  }

 private:
  struct Task {
    TaskKey key;
    TrialTask trial;
  };
  struct Finished {
    TaskKey key;
    train::TrialResult result;
  };

  std::filesystem::path checkpoints() const { return options_.out / "checkpoints"; }

  Task make_task(const TaskKey& key) const {
    Task task{key, {}};
    train::TrialSettings& trial = task.trial.settings;
    trial.model = settings_.model;
    trial.init = settings_.schemes[key.scheme];
    trial.optimizer = settings_.optimizer;
    trial.schedule = settings_.schedule;
    trial.learning_rate = grid_rate(settings_, key.final ? state_.tuning[key.scheme].best : key.rate);
    trial.seed = (key.final ? final_seeds_ : tuning_seeds_)[static_cast<std::size_t>(key.seed)];
    trial.batch = settings_.batch;
    trial.steps = settings_.steps;
    trial.evaluate_every = settings_.evaluate_every;
    trial.train_size = settings_.train_size;
    trial.validation_size = settings_.validation_size;
    trial.augmentation = settings_.augmentation;
    trial.clip_norm = settings_.clip_norm;
    trial.label_smoothing = settings_.label_smoothing;
    trial.mixup = settings_.mixup;
    trial.patience = settings_.patience;
    task.trial.final = key.final;
    task.trial.until = key.final ? settings_.steps : rungs_[static_cast<std::size_t>(key.rung)];
    if (!key.final) {
      task.trial.pauses.assign(rungs_.begin(), rungs_.begin() + key.rung);
      task.trial.checkpoint = checkpoint_path(key);
    }
    return task;
  }

  std::filesystem::path checkpoint_path(const TaskKey& key) const {
    return checkpoints() / fmt::format("scheme{}_rate{}_seed{}.checkpoint", key.scheme, key.rate, key.seed);
  }

  // Puts what may run now and does not run yet into the queue, in the plan's order.
  void replan() {
    state_ = evaluate_plan(settings_, classes_, records_);
    if (state_.tuning_done) remove_checkpoints();
    {
      const std::lock_guard lock(mutex_);
      queue_.clear();
      for (const TaskKey& key : state_.ready) {
        if (!in_flight_.contains(key)) queue_.push_back(make_task(key));
      }
    }
    work_available_.notify_all();
  }

  // Cut rates may be called back while tuning lasts, so their checkpoints stay until then.
  void remove_checkpoints() const {
    std::error_code ignored;
    std::filesystem::remove_all(checkpoints(), ignored);
  }

  void work(std::size_t slot) {
    for (;;) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        work_available_.wait(lock, [this] { return !queue_.empty() || halt_.stop_requested(); });
        if (halt_.stop_requested()) return;
        task = std::move(queue_.front());
        queue_.pop_front();
        in_flight_.insert(task.key);
      }
      const std::int64_t base = task.trial.until - task_steps(settings_, task.key);
      try {
        train::TrialResult result = runner_(task.trial, halt_.get_token(), [this, slot, base](std::int64_t steps) {
          steps_in_flight_[slot].store(std::max<std::int64_t>(0, steps - base), std::memory_order_relaxed);
        });
        const std::lock_guard lock(mutex_);
        finished_.push_back({task.key, std::move(result)});
      } catch (...) {
        const std::lock_guard lock(mutex_);
        // After a stop the exception is the stop's own echo.
        if (!halt_.stop_requested() && !failure_) failure_ = std::current_exception();
        halt_.request_stop();
      }
      steps_in_flight_[slot].store(0, std::memory_order_relaxed);
      result_available_.notify_one();
    }
  }

  void wait_for_results() {
    std::unique_lock lock(mutex_);
    result_available_.wait_for(lock, kRefresh, [this] { return !finished_.empty() || halt_.stop_requested(); });
  }

  bool record_finished() {
    std::vector<Finished> finished;
    {
      const std::lock_guard lock(mutex_);
      finished.swap(finished_);
    }
    for (Finished& item : finished) {
      store_.add(item.key, item.result);
      if (item.result.finished(settings_.steps) && !item.key.final) {
        std::error_code ignored;
        std::filesystem::remove(checkpoint_path(item.key), ignored);
      }
      records_.emplace(item.key, std::move(item.result));
      const std::lock_guard lock(mutex_);
      in_flight_.erase(item.key);
    }
    return !finished.empty();
  }

  void halt() {
    halt_.request_stop();
    { const std::lock_guard lock(mutex_); }  // no worker is between its look at the flag and its wait
    work_available_.notify_all();
  }

  void report_progress(bool last) {
    const Clock::time_point now = Clock::now();
    if (!options_.on_progress || (!last && now - reported_ < kRefresh)) return;
    reported_ = now;
    std::int64_t in_flight = 0;
    for (const auto& steps : steps_in_flight_) in_flight += steps.load(std::memory_order_relaxed);
    Progress progress = measure_progress(settings_, state_, records_, in_flight);
    add_speed(progress, progress.steps_done - first_steps_, std::chrono::duration<double>(now - started_).count(),
              settings_.batch);
    options_.on_progress(progress);
  }

  const RunSettings& settings_;
  const std::int64_t classes_;
  const RunOptions& options_;
  const TrialRunner& runner_;
  Store& store_;
  Records& records_;
  const std::vector<std::int64_t> rungs_;
  const std::vector<std::uint64_t> tuning_seeds_, final_seeds_;
  PlanState state_;
  std::int64_t first_steps_ = 0;  // what a resumed run found done: no part of the speed
  const Clock::time_point started_ = Clock::now();
  Clock::time_point reported_{};

  std::stop_source halt_;
  std::mutex mutex_;
  std::condition_variable work_available_, result_available_;
  std::deque<Task> queue_;       // guarded by mutex_, as the three below
  std::set<TaskKey> in_flight_;  // handed out and not yet recorded
  std::vector<Finished> finished_;
  std::exception_ptr failure_;
  std::vector<std::atomic<std::int64_t>> steps_in_flight_;  // a worker: steps done in its present task
  std::vector<std::jthread> workers_;                       // last: joined before the rest is gone
};

}  // namespace

std::size_t worker_count(int jobs) {
  if (jobs < 0) throw Error(fmt::format("the number of jobs is {}; expected 0 (all processors) or more", jobs));
  const unsigned wanted = jobs > 0 ? static_cast<unsigned>(jobs) : std::max(1u, std::thread::hardware_concurrency());
  return std::min(wanted, 1024u);  // a slip of the keyboard shall not start a million threads
}

void run_plan(const RunSettings& settings, std::int64_t classes, const RunOptions& options, const TrialRunner& runner,
              Store& store, Records& records) {
  Coordinator(settings, classes, options, runner, store, records).run();
}

}  // namespace fanin::compare
