// Statistics over the recorded trials, scheme by scheme and pair by pair.
#include "compare/assemble.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "compare/conclusion.h"
#include "compare/profiles.h"
#include "fanin/compare/statistics.h"
#include "fanin/probe/profile.h"

namespace fanin::compare {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void summarize_trials(const RunSettings& settings, std::int64_t classes, SchemeResult& scheme) {
  std::vector<double> accuracies, fallback, losses, areas;
  std::vector<std::optional<std::int64_t>> times;
  for (const train::TrialResult& trial : scheme.trials) {
    if (trial.diverged_at) ++scheme.diverged;
    if (trial.stalled && !trial.diverged_at) ++scheme.stalled;
    if (trial.test_accuracy && !trial.diverged_at) {
      fallback.push_back(*trial.test_accuracy);
      if (trained(trial)) accuracies.push_back(*trial.test_accuracy);
    }
    if (!trial.diverged_at) losses.push_back(trial.final_train_loss);
    areas.push_back(loss_area(trial, settings.steps, classes));
    times.push_back(settings.target > 0 && trained(trial) ? first_reaching(trial, settings.target) : std::nullopt);
  }
  scheme.test_accuracy = mean_interval(accuracies.empty() ? fallback : accuracies);
  scheme.final_train_loss = mean_interval(losses);
  scheme.loss_area = mean_interval(areas);
  scheme.failure_proportion =
      proportion_interval(scheme.diverged + scheme.stalled, static_cast<std::int64_t>(scheme.trials.size()));
  if (settings.target > 0 && !times.empty()) scheme.time_to_target = time_to_target(times, settings.steps);
}

SchemeResult make_scheme(const RunSettings& settings, std::int64_t classes, const Records& records,
                         const PlanState& state, std::size_t index) {
  SchemeResult scheme;
  scheme.scheme = settings.schemes[index];
  const SchemeTuning& tuning = state.tuning[index];
  scheme.rates = tuning.rates;
  scheme.learning_rate = state.tuning_done ? grid_rate(settings, tuning.best) : kNaN;
  if (!state.tuning_done) {
    for (RateResult& rate : scheme.rates) rate.chosen = false;  // the grid may still grow
  }
  const bool end = tuning.best == state.grid_low || tuning.best == state.grid_high;
  scheme.rate_at_end_of_grid = tunes(settings) && state.tuning_done && tuning.trains && end;
  const std::vector<std::uint64_t> seeds = final_seeds(settings);
  for (std::int64_t seed = 0; seed < settings.seeds; ++seed) {
    const auto found = records.find(TaskKey{true, index, 0, seed, 0});
    if (found == records.end()) continue;
    scheme.seeds.push_back(seeds[static_cast<std::size_t>(seed)]);
    scheme.trials.push_back(found->second);
  }
  summarize_trials(settings, classes, scheme);
  const bool none_trained = std::none_of(scheme.trials.begin(), scheme.trials.end(), trained);
  // Where nothing was tuned the final trials alone can tell.
  scheme.trains_at_no_rate =
      none_trained && state.tuning_done && (tunes(settings) ? !tuning.trains : !scheme.trials.empty());
  if (const auto profile = median_start_profile(scheme)) {
    const probe::SignalLoss loss = probe::find_signal_loss(*profile);
    scheme.activation_lost_at = loss.activation_layer;
    scheme.gradient_lost_at = loss.gradient_layer;
  }
  return scheme;
}

// 0: at least half of the final trials trained; 1: some; 2: none; 3: no trials yet. A high mean over the few seeds that
// survived must not rank above a scheme that can be relied on.
int reliability(const SchemeResult& scheme) {
  const auto trials = static_cast<std::int64_t>(scheme.trials.size());
  const std::int64_t good = trials - scheme.diverged - scheme.stalled;
  return trials == 0 ? 3 : good == 0 ? 2 : 2 * good >= trials ? 0 : 1;
}

std::vector<std::size_t> rank(const std::vector<SchemeResult>& schemes) {
  std::vector<std::size_t> order(schemes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int group_a = reliability(schemes[a]), group_b = reliability(schemes[b]);
    if (group_a != group_b) return group_a < group_b;
    const double mean_a = schemes[a].test_accuracy.mean, mean_b = schemes[b].test_accuracy.mean;
    if (std::isnan(mean_a) || std::isnan(mean_b)) return !std::isnan(mean_a) && std::isnan(mean_b);
    return mean_a > mean_b;
  });
  return order;
}

std::optional<PairResult> compare_pair(const std::vector<SchemeResult>& schemes, std::size_t a, std::size_t b) {
  std::vector<double> in_a, in_b, all_a, all_b;
  const auto accuracy = [](const SchemeResult& scheme, std::size_t i) {
    const train::TrialResult& trial = scheme.trials[i];
    return trained(trial) ? trial.test_accuracy : std::nullopt;
  };
  for (std::size_t i = 0; i < schemes[a].trials.size(); ++i) {
    if (const auto value = accuracy(schemes[a], i)) all_a.push_back(*value);
  }
  for (std::size_t j = 0; j < schemes[b].trials.size(); ++j) {
    const auto value = accuracy(schemes[b], j);
    if (!value) continue;
    all_b.push_back(*value);
    for (std::size_t i = 0; i < schemes[a].trials.size(); ++i) {
      const auto partner = accuracy(schemes[a], i);
      if (schemes[a].seeds[i] == schemes[b].seeds[j] && partner) {
        in_a.push_back(*partner);
        in_b.push_back(*value);
      }
    }
  }
  if (in_a.empty()) return std::nullopt;
  // The ranking is over each scheme's own seeds; over the common ones the order may be the other way round.
  if (std::accumulate(in_a.begin(), in_a.end(), 0.0) < std::accumulate(in_b.begin(), in_b.end(), 0.0)) {
    std::swap(a, b);
    in_a.swap(in_b);
    all_a.swap(all_b);
  }
  PairResult pair;
  pair.a = a;
  pair.b = b;
  pair.difference = paired_difference(in_a, in_b, pair.p_value);
  pair.probability_of_improvement = probability_of_improvement(all_a, all_b);
  return pair;
}

std::vector<PairResult> compare_pairs(const Results& results) {
  std::vector<PairResult> pairs;
  for (std::size_t i = 0; i < results.ranking.size(); ++i) {
    for (std::size_t j = i + 1; j < results.ranking.size(); ++j) {
      if (const auto pair = compare_pair(results.schemes, results.ranking[i], results.ranking[j])) {
        pairs.push_back(*pair);
      }
    }
  }
  std::vector<double> p_values;
  for (const PairResult& pair : pairs) p_values.push_back(pair.p_value);
  const std::vector<double> adjusted = holm(p_values);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].p_holm = adjusted[i];
    // Holm's first step asks this level of a difference, so it is the one that a lone real difference has to pass.
    const double level = 0.05 / static_cast<double>(pairs.size());
    pairs[i].smallest_detectable =
        smallest_detectable_difference(pairs[i].difference.std, pairs[i].difference.n, level);
  }
  return pairs;
}

}  // namespace

Results assemble_results(const RunSettings& settings, const RunFacts& facts, const Records& records) {
  Results results;
  results.settings = settings;
  results.dataset_name = facts.dataset_name;
  results.dataset_source = facts.dataset_source;
  results.classes = facts.classes;
  results.train_images = facts.train_images;
  results.validation_images = facts.validation_images;
  results.test_images = facts.test_images;
  results.normalization_mean = facts.normalization_mean;
  results.normalization_std = facts.normalization_std;
  results.parameter_count = facts.parameter_count;
  results.command = facts.command;
  results.version = facts.version;
  results.instruction_set = facts.instruction_set;
  results.library_versions = facts.library_versions;

  const PlanState state = evaluate_plan(settings, facts.classes, records);
  for (std::size_t scheme = 0; scheme < settings.schemes.size(); ++scheme) {
    results.schemes.push_back(make_scheme(settings, facts.classes, records, state, scheme));
    for (const train::TrialResult& trial : results.schemes.back().trials) {
      if (!trial.profile_start || !results.layer_names.empty()) continue;
      for (const probe::LayerProfile& layer : trial.profile_start->layers) results.layer_names.push_back(layer.name);
    }
  }
  results.ranking = rank(results.schemes);
  results.pairs = compare_pairs(results);
  results.conclusion = write_conclusion(results);
  results.notes = write_notes(results);
  return results;
}

}  // namespace fanin::compare
