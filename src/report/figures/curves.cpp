// Curves of training loss and validation accuracy.
//
// Mean and range are over the trials that did not diverge, at the steps where these were evaluated. A trial that
// diverged is no part of them: it is a thin line of its own that ends in a cross.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "report/figures/figure.h"
#include "report/figures/spec.h"
#include "report/numbers.h"

namespace fanin::report {
namespace {

using compare::Results;
using spec::json;
using train::CurvePoint;

using Reader = double (*)(const CurvePoint&);
double training_loss(const CurvePoint& point) {
  return point.train_loss;
}
double validation_accuracy(const CurvePoint& point) {
  return point.validation_accuracy;
}

struct Rows {
  json aggregate = json::array();  // s, x, y, low, high, ok, tip
  json lost = json::array();       // lines of diverged trials: t (a number for the trial), s, x, y, ok
  json crosses = json::array();    // where they end
  double highest = -std::numeric_limits<double>::infinity(), last_step = 0;
};

std::string shown(double value, bool as_percent) {
  return as_percent ? percent(value) : short_number(value);
}

void add_aggregate(Rows& rows, const Results& results, std::size_t series, Reader read, bool as_percent) {
  std::map<std::int64_t, std::vector<double>> by_step;
  for (const auto& trial : results.schemes[series].trials)
    if (!trial.diverged_at)
      for (const CurvePoint& point : trial.curve) by_step[point.step].push_back(read(point));
  for (const auto& [step, all] : by_step) {
    std::vector<double> values = all;
    std::erase_if(values, [](double v) { return !std::isfinite(v); });
    json row = {{"s", series}, {"x", step}, {"ok", !values.empty()}};
    if (!values.empty()) {
      double sum = 0;
      for (const double v : values) sum += v;
      const double mean = sum / static_cast<double>(values.size());
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      row["y"] = spec::value(mean);
      row["low"] = spec::value(*low);
      row["high"] = spec::value(*high);
      row["tip"] =
          fmt::format("{}, step {}: {}{}", series_name(results, series), grouped(step), shown(mean, as_percent),
                      values.size() > 1 ? fmt::format(" ({} to {} over {} seeds)", shown(*low, as_percent),
                                                      shown(*high, as_percent), values.size())
                                        : "");
      rows.highest = std::max(rows.highest, *high);
    }
    rows.last_step = std::max(rows.last_step, static_cast<double>(step));
    rows.aggregate.push_back(std::move(row));
  }
}

void add_diverged(Rows& rows, const Results& results, std::size_t series, Reader read, double ceiling, int& number) {
  const auto& scheme = results.schemes[series];
  for (std::size_t i = 0; i < scheme.trials.size(); ++i) {
    const auto& trial = scheme.trials[i];
    if (!trial.diverged_at) continue;
    ++number;
    const auto end = static_cast<double>(*trial.diverged_at);
    double last = ceiling;
    for (const CurvePoint& point : trial.curve) {
      const double y = read(point);
      if (!std::isfinite(y) || static_cast<double>(point.step) > end) continue;
      last = std::min(y, ceiling);
      rows.lost.push_back({{"t", number}, {"s", series}, {"x", point.step}, {"y", spec::value(last)}});
    }
    rows.lost.push_back({{"t", number}, {"s", series}, {"x", end}, {"y", spec::value(last)}});
    rows.last_step = std::max(rows.last_step, end);
    const std::string seed = i < scheme.seeds.size() ? fmt::format("seed {} ", scheme.seeds[i]) : "a seed ";
    rows.crosses.push_back({{"s", series},
                            {"x", end},
                            {"y", spec::value(last)},
                            {"tip", fmt::format("{}: {}diverged at step {}", series_name(results, series), seed,
                                                grouped(*trial.diverged_at))}});
  }
}

json make_chart(const Results& results, Rows rows, double low, double high, const char* y_title, const char* y_format,
                std::optional<double> chance) {
  json chart = spec::base(results, 280);
  chart["scales"].push_back(spec::linear_scale("x", "width", 0, std::max(rows.last_step, 1.0)));
  chart["scales"].push_back(spec::linear_scale("y", "height", low, high));
  chart["axes"] = json::array({spec::bottom_axis("training step", ",d"), spec::left_axis(y_title, y_format)});
  spec::add_data(chart, "mean", std::move(rows.aggregate));
  spec::add_data(chart, "lost", std::move(rows.lost));
  spec::add_data(chart, "crosses", std::move(rows.crosses));
  if (chance) chart["marks"].push_back(spec::reference_line(*chance, "guessing"));
  chart["marks"].push_back(spec::bands("mean"));
  chart["marks"].push_back(spec::lines("mean"));
  json lost = json::parse(R"json({"type": "group", "from": {"facet": {"name": "trial", "data": "lost", "groupby": "t"}},
      "encode": {"update": {"width": {"signal": "width"}, "height": {"signal": "height"}}},
      "marks": [{"type": "line", "clip": true, "from": {"data": "trial"}, "encode": {"update": {
      "x": {"scale": "x", "field": "x"}, "y": {"scale": "y", "field": "y"}, "stroke": {"scale": "color", "field": "s"},
      "strokeWidth": {"value": 1.2}, "strokeDash": {"value": [3, 2]}}}}]})json");
  chart["marks"].push_back(std::move(lost));
  chart["marks"].push_back(spec::points("crosses", "M-1,-1L1,1M-1,1L1,-1", 40, false));
  // Invisible points carry the tooltips of the lines.
  json hover = spec::points("mean", "circle", 90, true);
  hover["encode"]["update"]["opacity"] = {{"value", 0}};
  chart["marks"].push_back(std::move(hover));
  return chart;
}

Panel loss_panel(const Results& results, double chance_loss, bool& cut) {
  Rows rows;
  for (const std::size_t s : drawing_order(results)) add_aggregate(rows, results, s, training_loss, false);
  // Losses far above chance say only that something explodes; they must not flatten the others.
  double ceiling = 2 * chance_loss;
  for (const auto& scheme : results.schemes)
    for (const auto& trial : scheme.trials)
      if (!trial.diverged_at && std::isfinite(trial.final_train_loss))
        ceiling = std::max(ceiling, std::min(1.1 * trial.final_train_loss, 20 * chance_loss));
  cut = rows.highest > ceiling;
  if (!cut && std::isfinite(rows.highest)) ceiling = std::max(1.05 * rows.highest, 1.1 * chance_loss);
  int number = 0;
  for (const std::size_t s : drawing_order(results))
    add_diverged(rows, results, s, training_loss, 0.97 * ceiling, number);
  json chart = make_chart(results, std::move(rows), 0, ceiling, "training loss (nats)", "", chance_loss);
  return {"Training loss", std::move(chart)};
}

Panel accuracy_panel(const Results& results) {
  Rows rows;
  for (const std::size_t s : drawing_order(results)) add_aggregate(rows, results, s, validation_accuracy, true);
  int number = 0;
  for (const std::size_t s : drawing_order(results)) add_diverged(rows, results, s, validation_accuracy, 1, number);
  std::optional<double> chance;
  if (results.classes > 1) chance = 1.0 / static_cast<double>(results.classes);
  json chart = make_chart(results, std::move(rows), 0, 1, "validation accuracy", ".0%", chance);
  return {"Validation accuracy", std::move(chart)};
}

}  // namespace

Figure curves_figure(const Results& results) {
  Figure figure{"Learning curves", "", {}, true};
  bool any = false, diverged = false, several = false;
  for (const auto& scheme : results.schemes) {
    several = several || scheme.trials.size() > 1;
    for (const auto& trial : scheme.trials) {
      any = any || !trial.curve.empty();
      diverged = diverged || trial.diverged_at.has_value();
    }
  }
  if (!any) {
    figure.caption = "No final trial has a curve yet.";
    return figure;
  }
  bool cut = false;
  const double chance_loss = std::log(std::max<double>(2, static_cast<double>(results.classes)));
  figure.panels.push_back(loss_panel(results, chance_loss, cut));
  figure.panels.push_back(accuracy_panel(results));
  figure.caption =
      several ? "Lines are means over the seeds, each scheme at its own best learning rate; bands reach from the "
                "lowest to the highest seed."
              : "One seed a scheme, each at its own best learning rate; how much another seed would differ "
                "cannot be seen.";
  figure.caption += " The dotted line is what guessing gives.";
  if (diverged) figure.caption += " A thin dashed line that ends in a cross is a seed that diverged; it is in no mean.";
  if (cut) figure.caption += " Losses above the upper edge are cut off there.";
  return figure;
}

}  // namespace fanin::report
