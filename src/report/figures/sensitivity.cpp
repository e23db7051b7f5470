// Learning-rate sensitivity: the validation loss that tuning saw at each rate.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "report/figures/figure.h"
#include "report/figures/spec.h"
#include "report/numbers.h"

namespace fanin::report {
namespace {

using compare::RateResult;
using compare::Results;
using spec::json;

struct Rows {
  json line = json::array(), full = json::array(), early = json::array(), chosen = json::array(),
       failed = json::array();
  std::map<double, int> failed_at;
};

std::string tip(const Results& results, std::size_t series, const RateResult& rate) {
  std::string text =
      fmt::format("{}, learning rate {}: ", series_name(results, series), short_number(rate.learning_rate));
  if (rate.diverged || !std::isfinite(rate.score)) return text + "diverged";
  text += fmt::format("validation loss {} after {} steps", short_number(rate.score), grouped(rate.steps));
  if (std::isfinite(rate.validation_accuracy)) text += ", accuracy " + percent(rate.validation_accuracy);
  if (rate.stalled) text += ", stalled";
  if (rate.chosen) text += ", chosen";
  return text;
}

void add_scheme(Rows& rows, const Results& results, std::size_t series, double ceiling) {
  std::int64_t longest = 0;
  for (const RateResult& rate : results.schemes[series].rates) longest = std::max(longest, rate.steps);
  for (const RateResult& rate : results.schemes[series].rates) {
    if (!(rate.learning_rate > 0) || !std::isfinite(rate.learning_rate)) continue;
    const bool failed = rate.diverged || !std::isfinite(rate.score);
    // Crosses at the same rate stand below each other, else one scheme would hide the next.
    const double height = (0.97 - (failed ? 0.04 * rows.failed_at[rate.learning_rate]++ : 0.0)) * ceiling;
    json row = {{"s", series},
                {"x", spec::value(rate.learning_rate)},
                {"y", spec::value(failed ? height : std::min(rate.score, 0.97 * ceiling))},
                {"ok", !failed},
                {"tip", tip(results, series, rate)}};
    (failed ? rows.failed : rate.chosen ? rows.chosen : rate.steps < longest ? rows.early : rows.full).push_back(row);
    rows.line.push_back(std::move(row));
  }
}

}  // namespace

Figure sensitivity_figure(const Results& results) {
  Figure figure{"Sensitivity to the learning rate", "", {}, true};
  double low = std::numeric_limits<double>::infinity(), high = 0, lowest = low, highest = 0;
  for (const auto& scheme : results.schemes)
    for (const RateResult& rate : scheme.rates) {
      if (!(rate.learning_rate > 0) || !std::isfinite(rate.learning_rate)) continue;
      low = std::min(low, rate.learning_rate);
      high = std::max(high, rate.learning_rate);
      if (rate.diverged || !std::isfinite(rate.score)) continue;
      lowest = std::min(lowest, rate.score);
      highest = std::max(highest, rate.score);
    }
  if (high == 0) {
    figure.caption = "No learning rate has been tried yet.";
    return figure;
  }
  const double chance_loss = std::log(std::max<double>(2, static_cast<double>(results.classes)));
  const double ceiling = std::min(std::max(1.15 * highest, 1.1 * chance_loss), 2 * chance_loss);
  Rows rows;
  for (std::size_t s = 0; s < results.schemes.size(); ++s) add_scheme(rows, results, s, ceiling);

  json chart = spec::base(results, 300);
  chart["scales"].push_back(spec::log_scale("x", "width", low / 1.3, high * 1.3));
  chart["scales"].push_back(spec::linear_scale("y", "height", 0, ceiling));
  json bottom = spec::bottom_axis("learning rate (log scale)", "~g");
  if (high / low >= 10) bottom["values"] = spec::decade_ticks(low / 1.3, high * 1.3, 10);
  chart["axes"] = json::array({std::move(bottom), spec::left_axis("validation loss (nats)")});
  spec::add_data(chart, "line", std::move(rows.line));
  spec::add_data(chart, "full", std::move(rows.full));
  spec::add_data(chart, "early", std::move(rows.early));
  spec::add_data(chart, "chosen", std::move(rows.chosen));
  spec::add_data(chart, "failed", std::move(rows.failed));
  chart["marks"].push_back(spec::reference_line(chance_loss, "guessing"));
  chart["marks"].push_back(spec::lines("line", "y", 1.5));
  chart["marks"].push_back(spec::points("early", "circle", 36, false));
  chart["marks"].push_back(spec::points("full", "circle", 36, true));
  chart["marks"].push_back(spec::points("failed", "M-1,-1L1,1M-1,1L1,-1", 40, false));
  chart["marks"].push_back(spec::points("chosen", "diamond", 200, true));
  figure.panels.push_back({"", std::move(chart)});
  figure.caption =
      "Validation loss on the tuning seeds at each rate; a wide valley means that the scheme forgives a badly "
      "chosen rate. The diamond is the chosen rate; open points were cut before the full budget, so their loss "
      "is after fewer steps; crosses at the top diverged.";
  if (highest > ceiling) figure.caption += " Losses above the upper edge are drawn on it.";
  return figure;
}

}  // namespace fanin::report
