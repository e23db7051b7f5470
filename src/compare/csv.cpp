// results.csv and timings.csv; columns: docs/results.md.
#include "compare/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "compare/assemble.h"
#include "fanin/compare/compare.h"
#include "fanin/compare/statistics.h"

namespace fanin::compare {
namespace {

// Empty where there is no value: spreadsheets and pandas both read it as missing.
std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "";
}

template <typename Value>
std::string number(const std::optional<Value>& value) {
  return value ? number(static_cast<double>(*value)) : "";
}

}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string results_csv(const Results& results) {
  std::string csv =
      "scheme,learning_rate,seed,outcome,steps,diverged_at,final_train_loss,validation_loss,validation_accuracy,"
      "test_loss,test_accuracy,loss_area,steps_to_target\n";
  for (const SchemeResult& scheme : results.schemes) {
    for (std::size_t i = 0; i < scheme.trials.size(); ++i) {
      const train::TrialResult& trial = scheme.trials[i];
      const char* outcome = trial.diverged_at ? "diverged" : trial.stalled ? "stalled" : "trained";
      const train::CurvePoint last = trial.curve.empty() ? train::CurvePoint{0, NAN, NAN, NAN} : trial.curve.back();
      std::optional<std::int64_t> reached;
      if (results.settings.target > 0 && trained(trial)) reached = first_reaching(trial, results.settings.target);
      csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(scheme.scheme.text()),
                         number(scheme.learning_rate), scheme.seeds[i], outcome, trial.step, number(trial.diverged_at),
                         number(trial.final_train_loss), number(last.validation_loss), number(last.validation_accuracy),
                         number(trial.test_loss), number(trial.test_accuracy),
                         number(loss_area(trial, results.settings.steps, results.classes)), number(reached));
    }
  }
  return csv;
}

std::string timings_csv(const RunSettings& settings, const Records& records, const std::vector<Timing>& timings,
                        const PlanState& state) {
  std::string csv = "phase,scheme,learning_rate,seed,rung,steps,seconds\n";
  const std::vector<std::uint64_t> tuning = tuning_seeds(settings), final = final_seeds(settings);
  std::vector<Timing> rows = timings;
  std::sort(rows.begin(), rows.end(), [](const Timing& a, const Timing& b) { return a.key < b.key; });
  for (const auto& [key, seconds] : rows) {
    const auto record = records.find(key);
    if (record == records.end()) continue;
    const double rate = key.final ? grid_rate(settings, state.tuning[key.scheme].best) : grid_rate(settings, key.rate);
    const std::uint64_t seed = (key.final ? final : tuning).at(static_cast<std::size_t>(key.seed));
    csv += fmt::format("{},{},{},{},{},{},{:.3f}\n", key.final ? "final" : "tuning",
                       csv_field(settings.schemes[key.scheme].text()), number(rate), seed,
                       key.final ? "" : fmt::format("{}", key.rung + 1), record->second.step, seconds);
  }
  return csv;
}

}  // namespace fanin::compare
