// `fanin compare`: the main command. Parses, runs the comparison, shows progress, prints the results.
#include "fanin/compare/compare.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/live.h"
#include "cli/report_file.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/values.h"
#include "fanin/data/dataset.h"
#include "fanin/model/builders.h"

namespace fanin::cli {

namespace {

namespace fs = std::filesystem;

int parse_jobs(const Arguments& arguments) {
  if (arguments.text("--jobs") == "auto") return 0;
  return static_cast<int>(integer(arguments, "--jobs", 1, 1024));
}

/// The command that makes the same figures: without the options that change none of them.
std::string command_of_run(const Arguments& arguments) {
  return arguments.command_line({"--resume", "--jobs", "--out", "--json", "--plan", "--color"});
}

/// Shows compare::Progress: a table on a terminal, else a line where a scheme enters a phase and one every 30 s.
class CompareProgress {
 public:
  void update(const compare::Progress& progress) {
    if (live_.is_live()) {
      if (live_.due()) live_.draw(frame(progress));
      return;
    }
    phases_.resize(progress.schemes.size());
    for (std::size_t i = 0; i < progress.schemes.size(); ++i) {
      const compare::Progress::Scheme& scheme = progress.schemes[i];
      if (phases_[i] == scheme.phase) continue;
      phases_[i] = scheme.phase;
      live_.say(fmt::format("{}: {}, {} of {} trials{}", scheme.name, scheme.phase, scheme.trials_done,
                            scheme.trials_planned, best_text(scheme, ", best ")));
    }
    if (live_.due()) live_.say(status(progress));
  }
  void clear() { live_.clear(); }

 private:
  static std::string best_text(const compare::Progress::Scheme& scheme, std::string_view before) {
    return std::isnan(scheme.best) ? "" : fmt::format("{}{:.2f} %", before, 100 * scheme.best);
  }

  static std::string status(const compare::Progress& progress) {
    std::int64_t done = 0, planned = 0;
    for (const compare::Progress::Scheme& scheme : progress.schemes) {
      done += scheme.trials_done;
      planned += scheme.trials_planned;
    }
    std::string text = fmt::format("{} of {} trials", done, planned);
    if (std::isfinite(progress.images_per_second)) text += fmt::format(", {:.0f} images/s", progress.images_per_second);
    if (std::isfinite(progress.seconds_left)) text += fmt::format(", {} left", format_duration(progress.seconds_left));
    return text;
  }

  static std::vector<std::string> frame(const compare::Progress& progress) {
    std::vector<std::vector<std::string>> rows = {{"SCHEME", "PHASE", "TRIALS", "BEST ACCURACY"}};
    for (const compare::Progress::Scheme& scheme : progress.schemes) {
      rows.push_back({scheme.name, scheme.phase, fmt::format("{}/{}", scheme.trials_done, scheme.trials_planned),
                      best_text(scheme, "")});
    }
    std::vector<std::string> lines;
    const std::string text = table(rows, 0);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      lines.push_back(text.substr(at, text.find('\n', at) - at));
    }
    lines.push_back(status(progress));
    return lines;
  }

  Live live_;
  std::vector<std::string> phases_;
};

/// Seconds of a step of one trial beside nothing else, from a few measured ones.
double measure_step(const compare::RunSettings& settings, const data::Dataset& dataset) {
  train::TrialSettings trial_settings;
  trial_settings.model = settings.model;
  trial_settings.init = settings.schemes.front();
  trial_settings.optimizer = settings.optimizer;
  trial_settings.schedule = settings.schedule;
  trial_settings.learning_rate = settings.lr_low;
  trial_settings.seed = settings.first_seed;
  trial_settings.batch = settings.batch;
  trial_settings.steps = std::max<std::int64_t>(settings.steps, 64);  // room to measure
  trial_settings.evaluate_every = trial_settings.steps;
  trial_settings.train_size = settings.batch;       // enough for a batch: a step's time does not depend on the rest,
  trial_settings.validation_size = settings.batch;  // and each pause evaluates one batch only
  trial_settings.augmentation = settings.augmentation;
  trial_settings.clip_norm = settings.clip_norm;
  trial_settings.label_smoothing = settings.label_smoothing;
  trial_settings.mixup = settings.mixup;
  train::Trial trial({dataset, data::compute_normalization(dataset.train)}, trial_settings);

  const auto seconds_to = [&](std::int64_t until) {
    const auto start = std::chrono::steady_clock::now();
    trial.advance(until);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  // A pause evaluates a batch, forward only: about a third of a step.
  constexpr double pause = 1.0 / 3;
  seconds_to(2);  // the first steps meet cold caches
  std::int64_t chunk = 1;
  double step = seconds_to(3) / (1 + pause);
  while (trial.result().step + 2 * chunk < trial_settings.steps && !trial.result().diverged_at &&
         step * static_cast<double>(2 * chunk) < 0.3) {
    chunk *= 2;
    step = seconds_to(trial.result().step + chunk) / (static_cast<double>(chunk) + pause);
  }
  return step;
}

/// Prints what would be run and for how long.
void print_plan(const compare::RunSettings& settings, const data::Dataset& dataset, int jobs, bool json) {
  const compare::Plan plan = compare::make_plan(settings);
  const int side_by_side = jobs > 0 ? jobs : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const double step = measure_step(settings, dataset);
  // Curves and test images go forward only, about a third of a training step a batch.
  const double validation =
      static_cast<double>(settings.validation_size > 0 ? settings.validation_size : default_validation_size(dataset));
  const double points = settings.evaluate_every > 0
                            ? static_cast<double>(plan.steps) / static_cast<double>(settings.evaluate_every)
                            : 20.0 * static_cast<double>(plan.steps) / static_cast<double>(settings.steps);
  const double evaluated = points * validation + static_cast<double>(plan.trials_final * dataset.test.count);
  const double step_equivalents = static_cast<double>(plan.steps) + evaluated / static_cast<double>(settings.batch) / 3;
  const double seconds = step * step_equivalents / side_by_side;
  if (json) {
    const nlohmann::ordered_json document = {{"schema", "fanin-plan"},
                                             {"schema_version", 1},
                                             {"trials_tuning", plan.trials_tuning},
                                             {"trials_final", plan.trials_final},
                                             {"growth_trials", plan.growth_trials},
                                             {"steps", plan.steps},
                                             {"jobs", side_by_side},
                                             {"seconds_per_step", step},
                                             {"estimated_seconds", seconds}};
    fmt::print("{}\n", document.dump(2));
    return;
  }
  fmt::print("{}{}", plan.text, plan.text.ends_with('\n') ? "" : "\n");
  fmt::print("About {} with {} {} side by side ({:.1f} ms a step).\n", format_duration(seconds), side_by_side,
             side_by_side == 1 ? "trial" : "trials", 1000 * step);
}

void print_results(const compare::Results& results, const Arguments& arguments, const fs::path& report) {
  const int width = is_live_terminal(1) ? terminal_width(1) : output_width();
  fmt::print("{}\n", compare::results_table(results, use_color(1, arguments.color()), width));
  for (const std::string& sentence : results.conclusion) fmt::print("{}", wrap(sentence, 0, output_width()));
  if (!results.notes.empty()) fmt::print("\n");
  for (const std::string& note : results.notes) fmt::print("{}", wrap("Note: " + note, 0, output_width()));
  fmt::print("\nreport: {}\n", report.string());
}

}  // namespace

int run_compare(const Arguments& arguments) {
  compare::RunSettings settings = run_settings(arguments);
  StopOnSignal stop;
  compare::RunOptions options;
  options.jobs = parse_jobs(arguments);
  options.out =
      arguments.given("--out") ? fs::path(arguments.text("--out")) : default_folder(settings.model, settings.data);
  if (options.out.empty()) throw UsageError("--out is empty; expected a folder");
  const data::Dataset dataset = data::load_dataset(settings.data);
  settings.steps = budget_steps(arguments, dataset);
  // Refuses what cannot be built, early.
  const model::Graph graph = model::build_model(settings.model, image_shape(dataset), dataset.classes());
  for (const Spec& scheme : settings.schemes) warn_of_scheme(graph, scheme);
  if (arguments.given("--plan")) {
    print_plan(settings, dataset, options.jobs, arguments.given("--json"));
    return 0;
  }

  const std::string to_go_on = arguments.command_line({"--resume"}) + " --resume";
  const std::string stopped =
      fmt::format("Stopped; what was finished is kept in {}. To go on: {}\n", options.out.string(), to_go_on);
  stop.keep(stopped);
  CompareProgress progress;
  options.resume = arguments.given("--resume");
  options.command = command_of_run(arguments);
  options.stop = stop.token();
  options.on_progress = [&](const compare::Progress& now) { progress.update(now); };
  compare::Results results;
  try {
    results = compare::run_comparison(settings, dataset, options);
  } catch (const Interrupted&) {
    progress.clear();
    fmt::print(stderr, "{}", stopped);
    throw;
  } catch (const Failure& failure) {
    progress.clear();
    throw Failure(
        fmt::format("{}\nWhat was finished is kept. To go on when that is mended: {}", failure.what(), to_go_on));
  }
  progress.clear();
  const fs::path report = options.out / "report.html";
  write_report(report, {results});
  if (arguments.given("--json")) {
    const std::string json = compare::results_json(results);
    fmt::print("{}{}", json, json.ends_with('\n') ? "" : "\n");
    fmt::print(stderr, "report: {}\n", report.string());
  } else {
    print_results(results, arguments, report);
  }
  return 0;
}

}  // namespace fanin::cli
