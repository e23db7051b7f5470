// `fanin train`: one network, one scheme, one seed; checkpoints on the way, weights and curve at the end.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/live.h"
#include "cli/settings.h"
#include "cli/step_profile.h"
#include "cli/values.h"
#include "fanin/base/file.h"
#include "fanin/base/lock.h"
#include "fanin/formats/safetensors.h"
#include "fanin/model/builders.h"
#include "fanin/train/trial.h"

namespace fanin::cli {

namespace {

namespace fs = std::filesystem;

struct Files {
  fs::path folder;
  fs::path checkpoint() const { return folder / "checkpoint.fanin"; }
  fs::path weights() const { return folder / "weights.safetensors"; }
  fs::path trace() const { return folder / "trace.json"; }
  fs::path curve() const { return folder / "curve.csv"; }
};

std::string curve_csv(const train::TrialResult& result) {
  std::string text = "step,train_loss,validation_loss,validation_accuracy\n";
  for (const train::CurvePoint& point : result.curve) {
    text +=
        fmt::format("{},{},{},{}\n", point.step, point.train_loss, point.validation_loss, point.validation_accuracy);
  }
  return text;
}

/// Says how far the training is, in place on a terminal, else a line a curve point.
class TrainProgress {
 public:
  explicit TrainProgress(std::int64_t total, std::int64_t start, std::int64_t batch)
      : total_(total), start_(start), batch_(batch), told_(start), began_(std::chrono::steady_clock::now()) {}

  void steps(const train::TrialResult& result, std::int64_t done) {
    for (const train::CurvePoint& point : result.curve) {
      if (point.step > told_) tell(point);
    }
    if (!live_.is_live() || !live_.due() || done <= start_) return;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    const double each = seconds / static_cast<double>(done - start_);
    live_.draw({fmt::format("step {} of {}, {:.0f} images/s, {} left", done, total_, static_cast<double>(batch_) / each,
                            format_duration(each * static_cast<double>(total_ - done)))});
  }
  void say(const std::string& line) { live_.say(line); }
  void clear() { live_.clear(); }

 private:
  void tell(const train::CurvePoint& point) {
    told_ = point.step;
    live_.say(fmt::format("step {:>6} of {}: training loss {:.4f}, validation loss {:.4f}, accuracy {:.2f} %",
                          point.step, total_, point.train_loss, point.validation_loss,
                          100 * point.validation_accuracy));
  }
  Live live_;
  std::int64_t total_, start_, batch_;
  std::int64_t told_;  // the last step whose point was told: by step, since a point at a pause is replaced
  std::chrono::steady_clock::time_point began_;
};

nlohmann::ordered_json to_json(const train::Trial& trial, const Files& files) {
  using Json = nlohmann::ordered_json;
  const train::TrialSettings& settings = trial.settings();
  const train::TrialResult& result = trial.result();
  Json curve = Json::array();
  for (const train::CurvePoint& point : result.curve) {
    curve.push_back({{"step", point.step},
                     {"train_loss", point.train_loss},
                     {"validation_loss", point.validation_loss},
                     {"validation_accuracy", point.validation_accuracy}});
  }
  const auto optional = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"schema", "fanin-trial"},
          {"schema_version", 1},
          {"model", settings.model.text()},
          {"init", settings.init.text()},
          {"optimizer", settings.optimizer.text()},
          {"schedule", settings.schedule.text()},
          {"learning_rate", settings.learning_rate},
          {"seed", settings.seed},
          {"batch", settings.batch},
          {"steps", settings.steps},
          {"steps_done", result.step},
          {"diverged_at", optional(result.diverged_at)},
          {"stopped_at", optional(result.stopped_at)},
          {"stalled", result.stalled},
          {"final_train_loss", result.final_train_loss},
          {"test_accuracy", optional(result.test_accuracy)},
          {"test_loss", optional(result.test_loss)},
          {"curve", curve},
          {"files",
           {{"weights", files.weights().string()},
            {"curve", files.curve().string()},
            {"checkpoint", files.checkpoint().string()}}}};
}

std::string result_text(const train::Trial& trial, const Files& files) {
  const train::TrialResult& result = trial.result();
  std::string text;
  if (result.diverged_at) {
    text = fmt::format("Diverged at step {} of {}: the loss is no number any more. Try a smaller --lr.\n",
                       *result.diverged_at, trial.settings().steps);
  } else {
    text = fmt::format("test accuracy {:.2f} %, test loss {:.4f}, after {} steps\n",
                       100 * result.test_accuracy.value_or(NAN), result.test_loss.value_or(NAN), result.step);
    if (result.stopped_at) {
      text += fmt::format("Stopped early, before {} steps: {} points without a lower validation loss.\n",
                          trial.settings().steps, trial.settings().patience);
    }
    if (result.stalled) text += "Stalled: the training loss is still that of guessing.\n";
  }
  return text + fmt::format("weights:    {}\ncurve:      {}\ncheckpoint: {}\n", files.weights().string(),
                            files.curve().string(), files.checkpoint().string());
}

void refuse_not_finite(const std::vector<NamedTensor>& weights, const std::string& file) {
  for (const auto& [name, tensor] : weights)
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      if (!std::isfinite(tensor.values[i]))
        throw Error(
            fmt::format("{}: '{}' holds {} at element {}; expected finite weights", file, name, tensor.values[i], i));
}

void refuse_trained_folder(const Arguments& arguments, const Files& files) {
  if (arguments.given("--resume") || !fs::exists(files.checkpoint())) return;
  throw Error(fmt::format("{} holds a trained network already; expected another --out, or --resume to go on with it",
                          files.folder.string()));
}

/// Trains to the end, leaving a checkpoint every `every` steps and where it is stopped.
void train_with_checkpoints(train::Trial& trial, std::int64_t every, const Files& files, std::stop_token stop,
                            TrainProgress& progress) {
  const std::int64_t budget = trial.settings().steps;
  try {
    // Once at least: a training that was stopped behind its last step may still lack that step's point of the curve.
    do {
      const std::int64_t next = std::min(budget, (trial.result().step / every + 1) * every);
      trial.advance(next, stop, [&](std::int64_t done) { progress.steps(trial.result(), done); });
      progress.steps(trial.result(), trial.result().step);
      trial.save_checkpoint(files.checkpoint());
    } while (!trial.result().finished(budget));
    if (!trial.result().diverged_at) trial.evaluate_test(stop);
  } catch (const Interrupted&) {
    trial.save_checkpoint(files.checkpoint());
    throw;
  }
}

}  // namespace

int run_train(const Arguments& arguments) {
  train::TrialSettings settings = trial_settings(arguments);
  StopOnSignal stop;
  const std::int64_t checkpoint_every = integer(arguments, "--checkpoint-every", 0, 1'000'000'000);
  const Files files{required(arguments, "--out", "a folder for checkpoint, weights and curve")};
  refuse_trained_folder(arguments, files);
  const data::Dataset dataset = data::load_dataset(arguments.text("--data"));
  settings.steps = budget_steps(arguments, dataset);
  warn_of_scheme(model::build_model(settings.model, image_shape(dataset), dataset.classes()), settings.init);
  const bool going_on = fs::exists(files.checkpoint()), weights_given = arguments.given("--weights") && !going_on;
  const auto start = going_on || weights_given ? train::Trial::Start::given : train::Trial::Start::scheme;
  train::Trial trial({dataset, data::compute_normalization(dataset.train)}, settings, stop.token(), start);
  if (weights_given) {
    const std::vector<NamedTensor> weights = formats::read_weights(arguments.text("--weights"));
    refuse_not_finite(weights, arguments.text("--weights"));
    try {
      trial.set_parameters(weights);
    } catch (const Error& error) {
      throw Error(
          fmt::format("{} does not fit {}: {}", arguments.text("--weights"), settings.model.text(), error.what()));
    }
  }
  // All that can be wrong with the request has been seen: from here on there is a folder.
  make_folder(files.folder);
  const FolderLock lock(files.folder);
  refuse_trained_folder(arguments, files);  // another process may have ended meanwhile
  const bool resume = fs::exists(files.checkpoint());
  if (going_on && !resume)
    throw Error(fmt::format("{} has gone meanwhile; expected no other process to change the folder",
                            files.checkpoint().string()));
  if (resume) trial.restore_checkpoint(files.checkpoint());
  const bool profile = arguments.given("--profile");
  if (profile) trial.start_timing();
  // About as many checkpoints as points of the curve, unless told.
  const std::int64_t every = checkpoint_every > 0 ? checkpoint_every : std::max<std::int64_t>(1, settings.steps / 20);
  const std::string to_go_on = arguments.command_line({"--resume"}) + " --resume";
  stop.keep(fmt::format("Stopped; the last checkpoint is kept. To go on: {}\n", to_go_on));
  TrainProgress progress(settings.steps, trial.result().step, settings.batch);
  if (resume) progress.say(fmt::format("going on from step {}", trial.result().step));
  try {
    train_with_checkpoints(trial, every, files, stop.token(), progress);
    formats::write_safetensors(files.weights(), trial.parameters(),
                               {{"model", settings.model.text()}, {"init", settings.init.text()}});
    write_file_atomically(files.curve(), std::string_view(curve_csv(trial.result())));
    trial.save_checkpoint(files.checkpoint());
    if (profile) write_file_atomically(files.trace(), std::string_view(step_trace_json(trial.timing())));
  } catch (const Interrupted&) {
    progress.clear();
    fmt::print(stderr, "Stopped at step {} of {}. To go on: {}\n", trial.result().step, settings.steps, to_go_on);
    throw;
  } catch (const Failure& failure) {
    progress.clear();
    throw Failure(fmt::format("{}\nTo go on when that is mended: {}", failure.what(), to_go_on));
  }
  progress.clear();
  if (arguments.given("--json")) {
    fmt::print("{}\n", to_json(trial, files).dump(2));
  } else {
    fmt::print("{}", result_text(trial, files));
    if (profile) {
      fmt::print("trace:      {}\n\n{}", files.trace().string(),
                 step_profile_text(trial.timing(), trial.settings().batch));
    }
  }
  return 0;
}

}  // namespace fanin::cli
