// The terminal's table, best scheme first; stacked where the terminal is too narrow for a line a scheme.
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

/// One line a row, columns aligned; the header first.
std::vector<std::string> side_by_side(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  widths[0] = 1;  // the mark's, also when nobody wins
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line = fmt::format("{:<{}} {:<{}}", row[0], widths[0], row[1], widths[1]);
    for (std::size_t j = 2; j < row.size(); ++j) line += fmt::format("  {:>{}}", row[j], widths[j]);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

/// For narrow terminals: one text a scheme, its name and below it a line a column.
std::vector<std::string> stacked(const std::vector<Row>& rows) {
  const Row& header = rows.front();
  std::size_t label = 0;
  for (std::size_t j = 2; j < header.size(); ++j) label = std::max(label, header[j].size());
  std::vector<std::string> texts;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    std::string text = fmt::format("{:<1} {}", rows[i][0], rows[i][1]);
    for (std::size_t j = 2; j < header.size(); ++j)
      text += fmt::format("\n    {:<{}}  {}", header[j], label, rows[i][j]);
    texts.push_back(std::move(text));
  }
  return texts;
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
  std::vector<std::string> lines = side_by_side(rows);
  const auto fits = [&](const std::string& line) { return line.size() <= static_cast<std::size_t>(width); };
  if (width > 0 && !std::ranges::all_of(lines, fits)) {
    lines = stacked(rows);
    styles.erase(styles.begin());
  }
  std::string table;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    table +=
        color && *styles[i] != '\0' ? fmt::format("\x1b[{}m{}\x1b[0m\n", styles[i], line) : fmt::format("{}\n", line);
  }
  return table;
}

}  // namespace fanin::compare
