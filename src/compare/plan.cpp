// Grid, rungs, growth. See plan.h for the rules and docs/statistics.md for the reasons.
#include "compare/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "fanin/base/error.h"
#include "fanin/base/hash.h"

namespace fanin::compare {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One scheme's tuning over the grid indices [low, high]. Records outside are not looked at: they belong to a later
// growth, whose start must not depend on them.
class SchemeTuner {
 public:
  SchemeTuner(const RunSettings& settings, std::int64_t classes, const Records& records, std::size_t scheme,
              std::int64_t low, std::int64_t high)
      : settings_(settings),
        classes_(classes),
        records_(records),
        scheme_(scheme),
        low_(low),
        high_(high),
        steps_(rung_steps(settings)) {}

  SchemeTuning run(std::vector<TaskKey>& ready) const {
    SchemeTuning tuning;
    tuning.complete = close_rungs(ready);
    for (std::int64_t rate = low_; rate <= high_; ++rate) {
      if (const auto result = summarize(rate)) tuning.rates.push_back(*result);
    }
    if (!tuning.complete) return tuning;
    const auto best = std::min_element(tuning.rates.begin(), tuning.rates.end(),
                                       [&](const RateResult& a, const RateResult& b) { return better(a, b); });
    best->chosen = true;
    tuning.best = best->grid_index;
    tuning.trains = std::any_of(tuning.rates.begin(), tuning.rates.end(),
                                [](const RateResult& rate) { return !rate.diverged && !rate.stalled; });
    return tuning;
  }

 private:
  // Walks the rungs; true when the last one is closed, else the missing records of the first open one are in `ready`.
  bool close_rungs(std::vector<TaskKey>& ready) const {
    std::vector<std::int64_t> members;
    for (std::int64_t rate = low_; rate <= high_; ++rate) members.push_back(rate);
    for (std::int64_t rung = 0; rung < static_cast<std::int64_t>(steps_.size()); ++rung) {
      bool closed = true;
      for (const std::int64_t rate : members) {
        for (std::int64_t seed = 0; seed < settings_.tune_seeds; ++seed) {
          const TaskKey key{false, scheme_, rate, seed, rung};
          if (!records_.contains(key)) {
            ready.push_back(key);
            closed = false;
          }
        }
      }
      if (!closed) return false;
      members = promoted(std::move(members), rung);
    }
    return true;
  }

  // The better half of a closed rung. The quota is that of the grid as first laid out, so that a grown rate has to beat
  // the same field; members that are known to diverge later do not fill it.
  std::vector<std::int64_t> promoted(std::vector<std::int64_t> members, std::int64_t rung) const {
    std::int64_t quota = settings_.lr_points;
    for (std::int64_t i = 0; i <= rung; ++i) quota = survivors(quota);
    std::sort(members.begin(), members.end(),
              [&](std::int64_t a, std::int64_t b) { return ahead(score(a, rung), score(b, rung), a, b); });
    std::vector<std::int64_t> result;
    for (const std::int64_t rate : members) {
      if (quota == 0 || std::isnan(score(rate, rung))) break;  // NaN ranks last: only NaN follows
      result.push_back(rate);
      if (!diverges_after(rate, rung)) --quota;
    }
    return result;
  }

  const train::TrialResult* find(std::int64_t rate, std::int64_t seed, std::int64_t rung) const {
    const auto found = records_.find(TaskKey{false, scheme_, rate, seed, rung});
    return found == records_.end() ? nullptr : &found->second;
  }

  bool diverges_after(std::int64_t rate, std::int64_t rung) const {
    for (std::int64_t later = rung + 1; later < static_cast<std::int64_t>(steps_.size()); ++later) {
      for (std::int64_t seed = 0; seed < settings_.tune_seeds; ++seed) {
        const train::TrialResult* result = find(rate, seed, later);
        if (result != nullptr && std::isnan(loss(*result))) return true;
      }
    }
    return false;
  }

  static double loss(const train::TrialResult& result) {
    if (result.diverged_at || result.curve.empty()) return kNaN;
    const double value = result.curve.back().validation_loss;
    return std::isfinite(value) ? value : kNaN;
  }

  // Mean validation loss over the tuning seeds; NaN when one diverged.
  double score(std::int64_t rate, std::int64_t rung) const {
    double sum = 0.0;
    for (std::int64_t seed = 0; seed < settings_.tune_seeds; ++seed) sum += loss(*find(rate, seed, rung));
    return sum / static_cast<double>(settings_.tune_seeds);
  }

  double distance_to_middle(std::int64_t rate) const {
    return std::abs(static_cast<double>(rate) - 0.5 * static_cast<double>(settings_.lr_points - 1));
  }

  // Strict order: lower score first, NaN last, ties to the middle of the grid, then to the lower rate.
  bool ahead(double score_a, double score_b, std::int64_t a, std::int64_t b) const {
    if (std::isnan(score_a) != std::isnan(score_b)) return std::isnan(score_b);
    if (!std::isnan(score_a) && score_a != score_b) return score_a < score_b;
    if (distance_to_middle(a) != distance_to_middle(b)) return distance_to_middle(a) < distance_to_middle(b);
    return a < b;
  }

  // For the choice: what did not diverge, then what got further (a rate that was cut lost to one that was not), then
  // the score.
  bool better(const RateResult& a, const RateResult& b) const {
    if (a.diverged != b.diverged) return b.diverged;
    if (!a.diverged && a.steps != b.steps) return a.steps > b.steps;
    return ahead(a.score, b.score, a.grid_index, b.grid_index);
  }

  // The furthest rung that all tuning seeds have reached; none when the first is not recorded.
  std::optional<RateResult> summarize(std::int64_t rate) const {
    std::int64_t rung = -1;
    const auto recorded = [&](std::int64_t at) {
      for (std::int64_t seed = 0; seed < settings_.tune_seeds; ++seed) {
        if (find(rate, seed, at) == nullptr) return false;
      }
      return true;
    };
    while (rung + 1 < static_cast<std::int64_t>(steps_.size()) && recorded(rung + 1)) ++rung;
    if (rung < 0) return std::nullopt;
    RateResult result;
    result.learning_rate = grid_rate(settings_, rate);
    result.grid_index = rate;
    result.steps = steps_[static_cast<std::size_t>(rung)];
    result.score = score(rate, rung);
    result.diverged = std::isnan(result.score);
    std::int64_t learning = 0;
    for (std::int64_t seed = 0; seed < settings_.tune_seeds; ++seed) {
      const train::TrialResult& trial = *find(rate, seed, rung);
      if (!trial.curve.empty()) result.validation_accuracy += trial.curve.back().validation_accuracy;
      if (trial.final_train_loss <= stall_loss(classes_)) ++learning;
    }
    result.stalled = !result.diverged && learning == 0;
    result.validation_accuracy /= static_cast<double>(settings_.tune_seeds);
    return result;
  }

  const RunSettings& settings_;
  std::int64_t classes_;
  const Records& records_;
  std::size_t scheme_;
  std::int64_t low_, high_;
  std::vector<std::int64_t> steps_;
};

// Tunes all schemes on the present grid and grows it; false while records are missing.
bool tune(const RunSettings& settings, std::int64_t classes, const Records& records, PlanState& state) {
  state.grid_high = settings.lr_points - 1;
  for (;;) {
    state.tuning.clear();
    for (std::size_t scheme = 0; scheme < settings.schemes.size(); ++scheme) {
      const SchemeTuner tuner(settings, classes, records, scheme, state.grid_low, state.grid_high);
      state.tuning.push_back(tuner.run(state.ready));
    }
    if (!state.ready.empty()) return false;
    bool low = false, high = false;
    for (const SchemeTuning& tuning : state.tuning) {
      low = low || (tuning.trains && tuning.best == state.grid_low);
      high = high || (tuning.trains && tuning.best == state.grid_high);
    }
    low = low && state.grid_low > -settings.lr_grow;
    high = high && state.grid_high < settings.lr_points - 1 + settings.lr_grow;
    if (!low && !high) return true;
    state.grid_low -= low ? 1 : 0;
    state.grid_high += high ? 1 : 0;
  }
}

}  // namespace

std::string TaskKey::text() const {
  return final ? fmt::format("final/{}/{}", scheme, seed) : fmt::format("tune/{}/{}/{}/{}", scheme, rate, seed, rung);
}

TaskKey parse_task_key(std::string_view text) {
  TaskKey key;
  std::vector<std::int64_t> numbers;
  const std::size_t slash = text.find('/');
  key.final = text.substr(0, slash) == "final";
  bool good = slash != std::string_view::npos && (key.final || text.substr(0, slash) == "tune");
  for (std::size_t at = slash; good && at < text.size();) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + at + 1, text.data() + text.size(), value);
    good = error == std::errc{} && (end == text.data() + text.size() || *end == '/');
    numbers.push_back(value);
    at = static_cast<std::size_t>(end - text.data());
  }
  good = good && numbers.size() == (key.final ? 2u : 4u) && numbers[0] >= 0;
  if (!good) throw Error(fmt::format("the record '{}' has no name that this version knows", text));
  key.scheme = static_cast<std::size_t>(numbers[0]);
  if (key.final) {
    key.seed = numbers[1];
  } else {
    key.rate = numbers[1];
    key.seed = numbers[2];
    key.rung = numbers[3];
  }
  return key;
}

double grid_rate(const RunSettings& settings, std::int64_t index) {
  if (index == 0) return settings.lr_low;
  const std::int64_t last = settings.lr_points - 1;
  if (index == last) return settings.lr_high;
  const double log_ratio = std::log(settings.lr_high / settings.lr_low) / static_cast<double>(last);
  const double rate = settings.lr_low * std::exp(log_ratio * static_cast<double>(index));
  // Three digits read well and hide the last bits of exp; a grid finer than 5 % keeps all digits, lest two rates merge.
  const std::string text = log_ratio > 0.05 ? fmt::format("{:.3g}", rate) : fmt::format("{:.9g}", rate);
  double rounded = rate;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

std::vector<std::int64_t> rung_steps(const RunSettings& settings) {
  std::vector<std::int64_t> steps;
  for (const std::int64_t divisor : {4, 2, 1}) {
    const std::int64_t at = (settings.steps + divisor - 1) / divisor;
    if (steps.empty() || at > steps.back()) steps.push_back(at);
  }
  // With two rates nobody is ever cut: one rung is enough.
  if (settings.lr_points <= 2) steps = {settings.steps};
  return steps;
}

std::int64_t survivors(std::int64_t rates) {
  return std::max<std::int64_t>(2, (rates + 1) / 2);
}

std::vector<std::uint64_t> final_seeds(const RunSettings& settings) {
  std::vector<std::uint64_t> seeds;
  for (std::int64_t i = 0; i < settings.seeds; ++i)
    seeds.push_back(settings.first_seed + static_cast<std::uint64_t>(i));
  return seeds;
}

std::vector<std::uint64_t> tuning_seeds(const RunSettings& settings) {
  const std::vector<std::uint64_t> taken = final_seeds(settings);
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t draw = 0; seeds.size() < static_cast<std::size_t>(settings.tune_seeds); ++draw) {
    const std::uint64_t seed = hash_text(fmt::format("fanin tuning seed {}", draw), settings.first_seed) >> 33;
    const auto is_seed = [&](std::uint64_t other) { return other == seed; };
    if (std::none_of(taken.begin(), taken.end(), is_seed) && std::none_of(seeds.begin(), seeds.end(), is_seed)) {
      seeds.push_back(seed);
    }
  }
  return seeds;
}

bool tunes(const RunSettings& settings) {
  return settings.lr_points > 1;
}

double stall_loss(std::int64_t classes) {
  return 0.98 * std::log(static_cast<double>(classes));
}

PlanState evaluate_plan(const RunSettings& settings, std::int64_t classes, const Records& records) {
  PlanState state;
  if (tunes(settings)) {
    state.tuning_done = tune(settings, classes, records, state);
    // Trials that are furthest along first: their scheme's rungs close sooner, and long tasks do not come last.
    std::stable_sort(state.ready.begin(), state.ready.end(), [](const TaskKey& a, const TaskKey& b) {
      if (a.rung != b.rung) return a.rung > b.rung;
      return a < b;
    });
  } else {
    RateResult only;
    only.learning_rate = settings.lr_low;
    only.score = only.validation_accuracy = kNaN;
    only.chosen = true;
    state.tuning.assign(settings.schemes.size(), SchemeTuning{{only}, true, 0, true});
    state.tuning_done = true;
  }
  if (!state.tuning_done) return state;
  // Seed by seed over all schemes, so that an early look is a paired one.
  for (std::int64_t seed = 0; seed < settings.seeds; ++seed) {
    for (std::size_t scheme = 0; scheme < settings.schemes.size(); ++scheme) {
      const TaskKey key{true, scheme, 0, seed, 0};
      if (!records.contains(key)) state.ready.push_back(key);
    }
  }
  state.done = state.ready.empty();
  return state;
}

std::int64_t task_steps(const RunSettings& settings, const TaskKey& key) {
  if (key.final) return settings.steps;
  const std::vector<std::int64_t> steps = rung_steps(settings);
  const auto rung = static_cast<std::size_t>(key.rung);
  return steps.at(rung) - (rung == 0 ? 0 : steps[rung - 1]);
}

std::int64_t tuning_steps(const RunSettings& settings, std::int64_t rates) {
  if (!tunes(settings)) return 0;
  std::int64_t total = 0, before = 0;
  for (const std::int64_t at : rung_steps(settings)) {
    total += rates * (at - before);
    before = at;
    rates = std::min(rates, survivors(rates));
  }
  return total;
}

}  // namespace fanin::compare
