// The terminal's table, best scheme first.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/phrases.h"
#include "fanin/compare/compare.h"

namespace fanin::compare {
namespace {

using Row = std::vector<std::string>;

std::string target_cell(const SchemeResult& scheme, std::int64_t budget) {
  if (!scheme.time_to_target) return "-";
  if (!scheme.time_to_target->median_steps) return fmt::format("> {}", budget);
  return fmt::format("{:.0f}", *scheme.time_to_target->median_steps);
}

Row header(const RunSettings& settings) {
  Row row{"", "scheme", "rate", "test accuracy", "95 % interval", "failed", "loss area"};
  if (settings.target > 0) row.push_back(fmt::format("steps to {:g} %", 100.0 * settings.target));
  return row;
}

Row scheme_row(const Results& results, const SchemeResult& scheme, bool winner) {
  const auto trials = static_cast<std::int64_t>(scheme.trials.size());
  const std::int64_t failed = scheme.diverged + scheme.stalled;
  const Interval& accuracy = scheme.test_accuracy;
  Row row{winner ? "*" : "",
          scheme.scheme.text(),
          rate_text(scheme.learning_rate) + (scheme.rate_at_end_of_grid ? "!" : ""),
          std::isnan(accuracy.mean) ? "-" : percent(accuracy.mean),
          std::isnan(accuracy.low) ? "-" : percent_range(accuracy),
          trials == 0 ? "-" : fmt::format("{}/{}", failed, trials),
          std::isnan(scheme.loss_area.mean) ? "-" : fmt::format("{:.3f}", scheme.loss_area.mean)};
  if (results.settings.target > 0) row.push_back(target_cell(scheme, results.settings.steps));
  return row;
}

}  // namespace

std::string results_table(const Results& results, bool color, int width) {
  std::vector<Row> rows{header(results.settings)};
  std::vector<const char*> styles{"1"};  // bold
  for (const std::size_t index : results.ranking) {
    const SchemeResult& scheme = results.schemes[index];
    const auto failed = static_cast<std::size_t>(scheme.diverged + scheme.stalled);
    const bool none = failed == scheme.trials.size();
    const bool winner = index == results.ranking.front() && !none;
    rows.push_back(scheme_row(results, scheme, winner));
    styles.push_back(winner ? "1;32" : none ? "2" : "");  // bold green, dim
  }
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  widths[0] = 1;  // the mark's, also when nobody wins
  std::string table;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string line = fmt::format("{:<{}} {:<{}}", rows[i][0], widths[0], rows[i][1], widths[1]);
    for (std::size_t j = 2; j < rows[i].size(); ++j) line += fmt::format("  {:>{}}", rows[i][j], widths[j]);
    if (width > 0 && line.size() > static_cast<std::size_t>(width)) line.resize(static_cast<std::size_t>(width));
    line.erase(line.find_last_not_of(' ') + 1);
    table += color && *styles[i] != '\0' ? fmt::format("\x1b[{}m{}\x1b[0m\n", styles[i], line) : line + "\n";
  }
  return table;
}

}  // namespace fanin::compare
