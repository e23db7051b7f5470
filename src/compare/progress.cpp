// Counting trials and steps, done and still to come.
#include "compare/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compare/settings.h"

namespace fanin::compare {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Count {
  std::int64_t tuning = 0, tuning_steps = 0, final = 0;
  double best_validation = kNaN, test_sum = 0;
  std::int64_t tested = 0;
};

std::vector<Count> count(const RunSettings& settings, const Records& records) {
  std::vector<Count> counts(settings.schemes.size());
  for (const auto& [key, result] : records) {
    Count& scheme = counts[key.scheme];
    if (key.final) {
      ++scheme.final;
      if (result.test_accuracy) {
        scheme.test_sum += *result.test_accuracy;
        ++scheme.tested;
      }
    } else {
      ++scheme.tuning;
      scheme.tuning_steps += task_steps(settings, key);
      if (!result.curve.empty() && !(scheme.best_validation >= result.curve.back().validation_accuracy)) {
        scheme.best_validation = result.curve.back().validation_accuracy;
      }
    }
  }
  return counts;
}

// Records that tuning one scheme makes on `rates` rates with one seed, when none diverges.
std::int64_t tuning_records(const RunSettings& settings, std::int64_t rates) {
  if (!tunes(settings)) return 0;
  std::int64_t total = 0;
  for (std::size_t rung = 0; rung < rung_steps(settings).size(); ++rung) {
    total += rates;
    rates = std::min(rates, survivors(rates));
  }
  return total;
}

std::string join_rates(const RunSettings& settings) {
  std::string text;
  for (std::int64_t i = 0; i < settings.lr_points; ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", grid_rate(settings, i));
  return text;
}

std::string join_seeds(const std::vector<std::uint64_t>& seeds) {
  if (seeds.size() == 1) return fmt::format("seed {}", seeds.front());
  if (seeds.size() > 8) return fmt::format("seeds {}, {}, ..., {}", seeds[0], seeds[1], seeds.back());
  return fmt::format("seeds {}", fmt::join(seeds, ", "));
}

std::string counted(std::int64_t n, const char* noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace

Progress measure_progress(const RunSettings& settings, const PlanState& state, const Records& records,
                          std::int64_t steps_in_flight) {
  Progress progress;
  const std::vector<Count> counts = count(settings, records);
  const std::int64_t rates = state.grid_high - state.grid_low + 1;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Count& done = counts[i];
    const bool tuned = i < state.tuning.size() && state.tuning[i].complete;
    // A finished tuning is what it was; an unfinished one is at least what it has already taken.
    const std::int64_t tuning =
        tuned ? done.tuning : std::max(done.tuning, tuning_records(settings, rates) * settings.tune_seeds);
    const std::int64_t steps =
        tuned ? done.tuning_steps : std::max(done.tuning_steps, tuning_steps(settings, rates) * settings.tune_seeds);
    Progress::Scheme scheme;
    scheme.name = settings.schemes[i].text();
    scheme.trials_done = done.tuning + done.final;
    scheme.trials_planned = tuning + settings.seeds;
    scheme.phase = done.final == settings.seeds ? "done" : state.tuning_done ? "final" : "tuning";
    scheme.best = done.tested > 0 ? done.test_sum / static_cast<double>(done.tested) : done.best_validation;
    progress.schemes.push_back(scheme);
    progress.steps_done += done.tuning_steps + done.final * settings.steps;
    progress.steps_planned += steps + settings.seeds * settings.steps;
  }
  progress.steps_done = std::min(progress.steps_planned, progress.steps_done + steps_in_flight);
  progress.images_per_second = progress.seconds_left = kNaN;
  return progress;
}

void add_speed(Progress& progress, std::int64_t steps, double seconds, std::int64_t batch) {
  if (steps <= 0 || seconds < 0.5) return;
  const double steps_per_second = static_cast<double>(steps) / seconds;
  progress.images_per_second = steps_per_second * static_cast<double>(batch);
  progress.seconds_left = static_cast<double>(progress.steps_planned - progress.steps_done) / steps_per_second;
}

Plan make_plan(const RunSettings& settings) {
  check_settings(settings);
  const auto schemes = static_cast<std::int64_t>(settings.schemes.size());
  Plan plan;
  plan.trials_final = schemes * settings.seeds;
  plan.steps = plan.trials_final * settings.steps;
  if (tunes(settings)) {
    plan.trials_tuning = schemes * settings.lr_points * settings.tune_seeds;
    plan.growth_trials = schemes * 2 * settings.lr_grow * settings.tune_seeds;
    plan.steps += schemes * settings.tune_seeds * tuning_steps(settings, settings.lr_points);
    plan.text += fmt::format("Tuning: {} x {} x {} = {}, halved within each scheme\n", counted(schemes, "scheme"),
                             counted(settings.lr_points, "learning rate"), counted(settings.tune_seeds, "seed"),
                             counted(plan.trials_tuning, "trial"));
    std::int64_t rates = settings.lr_points;
    for (const std::int64_t steps : rung_steps(settings)) {
      plan.text +=
          fmt::format("  {} to step {}\n", counted(rates, rates == settings.lr_points ? "rate" : "best rate"), steps);
      rates = std::min(rates, survivors(rates));
    }
    plan.text += fmt::format("  rates {}\n  {}, used for tuning alone\n", join_rates(settings),
                             join_seeds(tuning_seeds(settings)));
    if (settings.lr_grow > 0) {
      plan.text += fmt::format("  when a best rate is an end of the grid: up to {} more a side, up to {} more\n",
                               counted(settings.lr_grow, "rate"), counted(plan.growth_trials, "trial"));
    }
  } else {
    plan.text += fmt::format("No tuning: the learning rate {} was given\n", settings.lr_low);
  }
  plan.text += fmt::format("Final: {} x {} = {} of {}\n  {}\n", counted(schemes, "scheme"),
                           counted(settings.seeds, "seed"), counted(plan.trials_final, "trial"),
                           counted(settings.steps, "step"), join_seeds(final_seeds(settings)));
  plan.text += fmt::format("Together: {} of {}\n", counted(plan.steps, "step"), counted(settings.batch, "image"));
  return plan;
}

}  // namespace fanin::compare
