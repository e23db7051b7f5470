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

constexpr double strip = 0.05;  // of the axis for each cross that stands over another

struct Rows {
  json line = json::array(), full = json::array(), early = json::array(), chosen = json::array(),
       failed = json::array();
  std::map<double, int> failed_at;  // by rate
  int most_failed = 0;
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
    double height = std::min(rate.score, ceiling);
    if (failed && in_background(results, series)) continue;  // the crosses would outgrow the losses
    if (failed) {  // above the losses; one over the other, else one scheme would hide the next
      const int below = rows.failed_at[rate.learning_rate]++;
      height = ceiling * (1 + strip * (below + 0.7));
      rows.most_failed = std::max(rows.most_failed, below + 1);
    }
    json row = {{"s", series},
                {"x", spec::value(rate.learning_rate)},
                {"y", spec::value(height)},
                {"ok", !failed},
                {"tip", tip(results, series, rate)}};
    (failed ? rows.failed : rate.chosen ? rows.chosen : rate.steps < longest ? rows.early : rows.full).push_back(row);
    rows.line.push_back(std::move(row));
  }
}

// About five, none above `high`.
json loss_ticks(double high) {
  const double magnitude = std::pow(10, std::floor(std::log10(high / 5)));
  double step = magnitude;
  for (const double factor : {2.0, 5.0, 10.0})
    if (high / step > 6.5) step = factor * magnitude;
  json ticks = json::array();
  for (int i = 0; i * step <= high; ++i) ticks.push_back(chart_value(i * step));
  return ticks;
}

}  // namespace

Figure sensitivity_figure(const Results& results) {
  Figure figure{"Sensitivity to the learning rate", "", {}, true};
  double low = std::numeric_limits<double>::infinity(), high = 0, highest = 0;
  bool tuned = false;
  for (const auto& scheme : results.schemes)
    for (const RateResult& rate : scheme.rates) {
      tuned = tuned || rate.diverged || std::isfinite(rate.score);
      if (!(rate.learning_rate > 0) || !std::isfinite(rate.learning_rate)) continue;
      low = std::min(low, rate.learning_rate);
      high = std::max(high, rate.learning_rate);
      if (rate.diverged || !std::isfinite(rate.score)) continue;
      highest = std::max(highest, rate.score);
    }
  if (high == 0) {
    figure.caption = "No learning rate has been tried yet.";
    return figure;
  }
  if (!tuned) {
    figure.caption = "One learning rate was given to all schemes; none was tried beside it.";
    return figure;
  }
  const double chance_loss = std::log(std::max<double>(2, static_cast<double>(results.classes)));
  const double ceiling = std::min(std::max(1.15 * highest, 1.1 * chance_loss), 2 * chance_loss);
  Rows rows;
  for (const std::size_t s : drawing_order(results)) add_scheme(rows, results, s, ceiling);

  json chart = spec::base(results, 300);
  chart["scales"].push_back(spec::log_scale("x", "width", low / 1.3, high * 1.3));
  chart["scales"].push_back(spec::linear_scale("y", "height", 0, ceiling * (1 + strip * (rows.most_failed + 0.4))));
  json bottom = spec::bottom_axis("learning rate (log scale)", "~g");
  if (high / low >= 10) bottom["values"] = spec::decade_ticks(low / 1.3, high * 1.3, 10);
  json left = spec::left_axis("validation loss (nats)");
  left["values"] = loss_ticks(ceiling);
  chart["axes"] = json::array({std::move(bottom), std::move(left)});
  spec::add_data(chart, "line", std::move(rows.line));
  spec::add_data(chart, "full", std::move(rows.full));
  spec::add_data(chart, "early", std::move(rows.early));
  spec::add_data(chart, "chosen", std::move(rows.chosen));
  spec::add_data(chart, "failed", std::move(rows.failed));
  chart["marks"].push_back(spec::reference_line(chance_loss, "guessing", spec::LabelPlace::middle));
  if (rows.most_failed > 0)
    chart["marks"].push_back(spec::reference_line(ceiling, "diverged", spec::LabelPlace::middle));
  chart["marks"].push_back(spec::lines("line", "y", 1.5));
  chart["marks"].push_back(spec::points("early", "circle", 36, false));
  chart["marks"].push_back(spec::points("full", "circle", 36, true));
  chart["marks"].push_back(spec::points("failed", "M-1,-1L1,1M-1,1L1,-1", 40, false));
  chart["marks"].push_back(spec::points("chosen", "diamond", 200, true));
  figure.panels.push_back({"", std::move(chart)});
  figure.caption =
      "Validation loss on the tuning seeds at each rate; a wide valley means that the scheme forgives a badly "
      "chosen rate. The diamond is the chosen rate; open points were cut before the full budget, so their loss "
      "is after fewer steps.";
  if (rows.most_failed > 0) figure.caption += " Crosses above the upper dotted line diverged.";
  if (highest > ceiling) figure.caption += " Losses above the axis are drawn at its upper end.";
  return figure;
}

}  // namespace fanin::report
