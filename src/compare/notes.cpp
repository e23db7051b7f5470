// The notes below a comparison: how it was made fair, and what to be careful about.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/conclusion.h"
#include "compare/phrases.h"
#include "compare/plan.h"
#include "fanin/compare/statistics.h"

namespace fanin::compare {
namespace {

std::string tuning_note(const Results& results) {
  const RunSettings& settings = results.settings;
  if (!tunes(settings)) {
    return fmt::format(
        "All schemes ran at the learning rate that was given, {}; none was tuned, and a scheme may owe its place to "
        "it.",
        rate_text(settings.lr_low));
  }
  return fmt::format(
      "The learning rate of each scheme was chosen from the same grid of {} rates from {} to {} by validation "
      "loss on {} that {} not used again.",
      settings.lr_points, rate_text(settings.lr_low), rate_text(settings.lr_high),
      counted(settings.tune_seeds, "tuning seed"), settings.tune_seeds == 1 ? "is" : "are");
}

void add_growth(const Results& results, std::vector<std::string>& notes) {
  std::int64_t below = 0, above = 0;
  for (const SchemeResult& scheme : results.schemes) {
    for (const RateResult& rate : scheme.rates) {
      below = std::max(below, -rate.grid_index);
      above = std::max(above, rate.grid_index - (results.settings.lr_points - 1));
    }
  }
  std::vector<std::string> sides;
  if (below > 0) sides.push_back(fmt::format("{} below", counted(below, "rate")));
  if (above > 0) sides.push_back(fmt::format("{} above", counted(above, "rate")));
  if (!sides.empty()) {
    notes.push_back(fmt::format("The grid grew for all schemes by {}, as a best rate was its end.", join_and(sides)));
  }
  for (const bool low : {false, true}) {
    std::vector<std::string> names;
    std::string rate;
    for (const SchemeResult& scheme : results.schemes) {
      if (!scheme.rate_at_end_of_grid || scheme.rates.empty()) continue;
      if (low != (scheme.learning_rate == scheme.rates.front().learning_rate)) continue;
      names.push_back(scheme.scheme.text());
      rate = rate_text(scheme.learning_rate);  // of all: the grid is one
    }
    if (names.empty()) continue;
    notes.push_back(fmt::format("The best rate of {}, {}, is still the {} of the grid: a {} one may be better.",
                                join_and(names), rate, low ? "lowest" : "highest", low ? "lower" : "higher"));
  }
}

void add_intervals(const Results& results, std::vector<std::string>& notes) {
  const std::int64_t seeds = results.settings.seeds;
  if (seeds < 2) {
    notes.push_back("With one seed there is no interval and no test: nothing here can be told from luck.");
    return;
  }
  std::string text = "Intervals are Student's t over seeds (95 %).";
  if (!results.pairs.empty()) {
    const auto pairs = static_cast<std::int64_t>(results.pairs.size());
    text += " Schemes see the same split, batches and augmentation at a seed, so differences are paired by seed";
    text +=
        pairs > 1 ? fmt::format("; p values are corrected by Holm over {}.", counted(pairs, "pair")) : std::string(".");
    const double factor = smallest_detectable_difference(1.0, seeds, 0.05 / static_cast<double>(pairs));
    text += fmt::format(
        " With {} a difference is seen in four cases of five when it is at least {:.2g} standard deviations of the "
        "paired differences.",
        counted(seeds, "seed"), factor);
  }
  notes.push_back(text);
}

void add_failures(const Results& results, std::vector<std::string>& notes) {
  std::int64_t stalled = 0;
  for (const SchemeResult& scheme : results.schemes) {
    stalled += scheme.stalled;
    std::vector<std::int64_t> steps;
    for (const train::TrialResult& trial : scheme.trials) {
      if (trial.diverged_at) steps.push_back(*trial.diverged_at);
    }
    if (steps.empty()) continue;
    const auto [first, last] = std::minmax_element(steps.begin(), steps.end());
    const std::string where =
        *first == *last ? fmt::format("at step {}", *first) : fmt::format("between steps {} and {}", *first, *last);
    notes.push_back(fmt::format("{} diverged {} in {} of {}.", scheme.scheme.text(), where, steps.size(),
                                counted(static_cast<std::int64_t>(scheme.trials.size()), "final trial")));
  }
  if (stalled > 0) {
    notes.push_back(fmt::format(
        "A trial counts as stalled when its final training loss is above 0.98 ln({}) = {:.3f}, that of guessing.",
        results.classes, stall_loss(results.classes)));
  }
}

}  // namespace

std::vector<std::string> write_notes(const Results& results) {
  std::vector<std::string> notes{tuning_note(results)};
  notes.push_back(
      "The test set was read once per final trial, after its last step; curves and tuning use the validation split.");
  add_growth(results, notes);
  add_intervals(results, notes);
  add_failures(results, notes);
  if (results.settings.target > 0) {
    notes.push_back(
        "The target counts as reached where the median of three validation points in a row reaches it, so times are "
        "rounded up to the points of the curve; failed trials never reach it.");
  }
  return notes;
}

}  // namespace fanin::compare
