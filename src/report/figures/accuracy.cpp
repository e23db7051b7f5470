// Final test accuracy: a row a scheme, best first, with every seed, the mean and its interval.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/figures/figure.h"
#include "report/figures/spec.h"
#include "report/numbers.h"

namespace fanin::report {
namespace {

using compare::Results;
using compare::SchemeResult;
using spec::json;

constexpr int row_height = 46;

std::string row_text(const Results& results, std::size_t series) {
  const SchemeResult& scheme = results.schemes[series];
  std::string outcome = percent(scheme.test_accuracy.mean);
  if (scheme.test_accuracy.n == 0)
    outcome = scheme.diverged > 0 ? "diverged: " + counted(scheme.diverged, "seed") : "no result yet";
  else if (scheme.diverged > 0)
    outcome += fmt::format(", {} of {} seeds diverged", scheme.diverged, scheme.trials.size());
  return series_name(results, series) + " (" + outcome + ")";
}

// The schemes in `order`, one below the other, on an axis from low to high. Rows are whole numbers on a linear scale,
// the first on top; points stand in the lower half of their row, the name in the upper.
json make_chart(const Results& results, const std::vector<std::size_t>& order, double low, double high) {
  json names = json::array(), seeds = json::array(), means = json::array(), intervals = json::array();
  for (std::size_t row = 0; row < order.size(); ++row) {
    const std::size_t s = order[row];
    const SchemeResult& scheme = results.schemes[s];
    const double y = static_cast<double>(order.size() - row) - 0.68;
    names.push_back({{"s", s}, {"y", y + 0.4}, {"name", row_text(results, s)}});
    for (std::size_t i = 0; i < scheme.trials.size(); ++i) {
      const auto& accuracy = scheme.trials[i].test_accuracy;
      if (!accuracy || !std::isfinite(*accuracy) || scheme.trials[i].diverged_at) continue;
      const std::string seed = i < scheme.seeds.size() ? fmt::format("seed {}", scheme.seeds[i]) : "one seed";
      seeds.push_back(
          {{"s", s}, {"x", spec::value(*accuracy)}, {"y", y}, {"tip", seed + ": " + percent(*accuracy, 2)}});
    }
    const auto& interval = scheme.test_accuracy;
    if (interval.n == 0 || !std::isfinite(interval.mean)) continue;
    const std::string range = percent_range(interval, 2);
    const std::string tip = series_name(results, s) + ": mean " + percent(interval.mean, 2) +
                            (range.empty() ? "" : ", 95 % interval " + range);
    means.push_back({{"s", s}, {"x", spec::value(interval.mean)}, {"y", y}, {"tip", tip}});
    if (std::isfinite(interval.low) && std::isfinite(interval.high))
      intervals.push_back(
          {{"s", s}, {"x", spec::value(interval.low)}, {"x2", spec::value(interval.high)}, {"y", y}, {"tip", tip}});
  }
  json chart = spec::base(results, row_height * static_cast<int>(order.size()));
  chart["scales"].push_back(spec::linear_scale("x", "width", low, high));
  chart["scales"].push_back(spec::linear_scale("y", "height", 0, static_cast<double>(order.size())));
  chart["axes"].push_back(spec::bottom_axis("test accuracy", high - low < 0.08 ? ".1%" : ".0%"));
  spec::add_data(chart, "names", std::move(names));
  spec::add_data(chart, "seeds", std::move(seeds));
  spec::add_data(chart, "means", std::move(means));
  spec::add_data(chart, "intervals", std::move(intervals));
  json group = json::parse(R"json({"type": "group", "clip": true, "encode": {"update": {"width": {"signal": "width"},
      "height": {"signal": "height"}}}, "marks": [
      {"type": "rule", "from": {"data": "intervals"}, "encode": {"update": {"x": {"scale": "x", "field": "x"},
       "x2": {"scale": "x", "field": "x2"}, "y": {"scale": "y", "field": "y"}, "tooltip": {"field": "tip"},
       "stroke": {"scale": "color", "field": "s"}, "strokeWidth": {"value": 7}, "strokeOpacity": {"value": 0.35},
       "strokeCap": {"value": "butt"}}}}]})json");
  json seed_points = spec::points("seeds", "circle", 40, false);
  seed_points["encode"]["update"]["strokeWidth"] = {{"value", 1.5}};
  group["marks"].push_back(std::move(seed_points));
  json mean_points = spec::points("means", "diamond", 110, true);
  group["marks"].push_back(std::move(mean_points));
  chart["marks"].push_back(std::move(group));
  chart["marks"].push_back(json::parse(R"json({"type": "text", "from": {"data": "names"}, "encode": {"update": {
      "x": {"value": 2}, "y": {"scale": "y", "field": "y"}, "text": {"field": "name"}, "baseline": {"value": "middle"},
      "limit": {"signal": "width - 4"}}}})json"));
  return chart;
}

struct Extent {
  double low = 1, high = 0;
  void add(const SchemeResult& scheme) {
    for (const auto& trial : scheme.trials)
      if (trial.test_accuracy && !trial.diverged_at) add(*trial.test_accuracy);
    add(scheme.test_accuracy.mean);
  }
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// Room on both sides, inside [0, 1]; intervals that reach further are cut at the edge.
json padded_chart(const Results& results, const std::vector<std::size_t>& order, Extent extent) {
  for (const std::size_t s : order) {  // an interval of few seeds may be far wider than its points
    const auto& interval = results.schemes[s].test_accuracy;
    const double reach = 1.5 * std::max(extent.high - extent.low, 0.01);
    if (interval.n > 0 && std::isfinite(interval.low)) extent.add(std::max(interval.low, interval.mean - reach));
    if (interval.n > 0 && std::isfinite(interval.high)) extent.add(std::min(interval.high, interval.mean + reach));
  }
  const double margin = std::max(0.05 * (extent.high - extent.low), 0.002);
  return make_chart(results, order, std::max(0.0, extent.low - margin), std::min(1.0, extent.high + margin));
}

}  // namespace

Figure accuracy_figure(const Results& results) {
  Figure figure{"Final test accuracy", "", {}, false};
  std::vector<std::size_t> order = results.ranking;
  for (std::size_t s = 0; s < results.schemes.size(); ++s)
    if (std::find(order.begin(), order.end(), s) == order.end()) order.push_back(s);
  std::erase_if(order, [&](std::size_t s) { return s >= results.schemes.size(); });

  Extent all;
  for (const std::size_t s : order)
    if (results.schemes[s].test_accuracy.n > 0) all.add(results.schemes[s]);
  if (all.low > all.high) {
    figure.caption = "No trial has been tested: every seed diverged or the run is not finished.";
    return figure;
  }
  figure.panels.push_back({"", padded_chart(results, order, all)});
  figure.caption =
      "Each ring is one seed, the diamond their mean, the bar its 95 % interval (Student t); best scheme on top. "
      "The test set was read once, after the last step.";
  // Schemes that learn lie close together once a failed one takes most of the axis: show them again, larger.
  std::vector<std::size_t> leading;
  Extent lead;
  for (const std::size_t s : order)
    if (const auto& scheme = results.schemes[s];
        scheme.test_accuracy.n > 0 && all.high - scheme.test_accuracy.mean < 0.1) {
      leading.push_back(s);
      lead.add(scheme);
    }
  if (leading.size() >= 2 && leading.size() < order.size() && all.high - all.low > 3 * (lead.high - lead.low)) {
    figure.panels[0].label = "All schemes";
    figure.panels.push_back({"The leading schemes, magnified", padded_chart(results, leading, lead)});
  }
  figure.caption += " The axis does not start at zero.";
  return figure;
}

}  // namespace fanin::report
