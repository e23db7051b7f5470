// Histograms of the initial weights: first, middle and last layer, one row a scheme on a common axis.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/figures/figure.h"
#include "report/figures/spec.h"
#include "report/numbers.h"

namespace fanin::report {
namespace {

using compare::Results;
using probe::LayerProfile;
using spec::json;

constexpr int row_height = 64;

// The layer of the first trial that has a start profile with it.
const LayerProfile* find_layer(const compare::SchemeResult& scheme, std::size_t layer) {
  for (const auto& trial : scheme.trials)
    if (trial.profile_start && layer < trial.profile_start->layers.size()) return &trial.profile_start->layers[layer];
  return nullptr;
}

bool drawable(const LayerProfile& layer) {
  return std::isfinite(layer.histogram_low) && std::isfinite(layer.histogram_high) && !layer.histogram.empty();
}

// Bars between `base` and the next row's; each row is as high as its own highest bin.
void add_bars(json& bars, const LayerProfile& layer, std::size_t series, double base) {
  const auto peak = static_cast<double>(*std::max_element(layer.histogram.begin(), layer.histogram.end()));
  const double width = (layer.histogram_high - layer.histogram_low) / static_cast<double>(layer.histogram.size());
  if (peak <= 0) return;
  if (!(width > 0)) {  // all weights equal: one line
    bars.push_back({{"s", series},
                    {"a", spec::value(layer.histogram_low)},
                    {"b", spec::value(layer.histogram_low)},
                    {"y", base},
                    {"h", base + 0.62}});
    return;
  }
  for (std::size_t i = 0; i < layer.histogram.size(); ++i) {
    if (layer.histogram[i] == 0) continue;
    const double low = layer.histogram_low + width * static_cast<double>(i);
    bars.push_back({{"s", series},
                    {"a", spec::value(low)},
                    {"b", spec::value(low + width)},
                    {"y", base},
                    {"h", spec::value(base + 0.62 * static_cast<double>(layer.histogram[i]) / peak)}});
  }
}

json make_chart(const Results& results, std::size_t layer) {
  std::vector<std::size_t> drawn;
  for (std::size_t s = 0; s < results.schemes.size(); ++s)
    if (!in_background(results, s)) drawn.push_back(s);
  const std::size_t count = drawn.size();
  json bars = json::array(), names = json::array(), bases = json::array();
  double reach = 0;
  for (std::size_t row = 0; row < count; ++row) {
    const std::size_t s = drawn[row];
    const auto base = static_cast<double>(count - 1 - row);
    const LayerProfile* profile = find_layer(results.schemes[s], layer);
    const bool known = profile != nullptr && drawable(*profile);
    if (known) {
      reach = std::max({reach, std::abs(profile->histogram_low), std::abs(profile->histogram_high)});
      add_bars(bars, *profile, s, base);
    }
    const std::string rms = known ? "rms " + short_number(profile->weight_rms, 2) : "not recorded";
    names.push_back({{"s", s}, {"y", base + 0.82}, {"name", series_name(results, s)}, {"rms", rms}});
    bases.push_back({{"y", base}});
  }
  if (!(reach > 0)) reach = 1;
  json chart = spec::base(results, row_height * static_cast<int>(count));
  chart["scales"].push_back(spec::linear_scale("x", "width", -1.02 * reach, 1.02 * reach));
  chart["scales"].push_back(spec::linear_scale("y", "height", 0, static_cast<double>(count)));
  json bottom = spec::bottom_axis("weight", "~g");
  bottom["tickCount"] = {{"signal", "max(3, min(8, width / 60))"}};
  chart["axes"].push_back(std::move(bottom));
  spec::add_data(chart, "bars", std::move(bars));
  spec::add_data(chart, "names", std::move(names));
  spec::add_data(chart, "bases", std::move(bases));
  chart["marks"] = json::parse(R"json([
      {"type": "rect", "from": {"data": "bars"}, "encode": {"update": {"x": {"scale": "x", "field": "a"},
       "x2": {"scale": "x", "field": "b"}, "y": {"scale": "y", "field": "y"}, "y2": {"scale": "y", "field": "h"},
       "fill": {"scale": "color", "field": "s"}, "stroke": {"scale": "color", "field": "s"},
       "strokeWidth": {"value": 0.6}}}},
      {"type": "rule", "from": {"data": "bases"}, "encode": {"update": {"x": {"value": 0}, "x2": {"signal": "width"},
       "y": {"scale": "y", "field": "y"}}}},
      {"type": "text", "from": {"data": "names"}, "encode": {"update": {"x": {"value": 0},
       "y": {"scale": "y", "field": "y"}, "text": {"field": "name"}, "baseline": {"value": "middle"},
       "limit": {"signal": "width - 84"}}}},
      {"type": "text", "from": {"data": "names"}, "encode": {"update": {"x": {"signal": "width"},
       "y": {"scale": "y", "field": "y"}, "text": {"field": "rms"}, "baseline": {"value": "middle"},
       "align": {"value": "right"}, "fill": {"value": "var(--ink-soft)"}}}}])json");
  return chart;
}

}  // namespace

Figure histogram_figure(const Results& results) {
  Figure figure{"Initial weights", "", {}, false};
  std::size_t layers = 0;
  for (const auto& scheme : results.schemes)
    for (const auto& trial : scheme.trials)
      if (trial.profile_start) layers = std::max(layers, trial.profile_start->layers.size());
  if (layers == 0) {
    figure.caption = "No weight histograms were recorded.";
    return figure;
  }
  std::vector<std::size_t> shown{0, layers / 2, layers - 1};
  shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
  for (const std::size_t layer : shown) {
    std::string label = fmt::format("Layer {}", layer + 1);
    if (layer < results.layer_names.size()) label += ": " + results.layer_names[layer];
    figure.panels.push_back({label, make_chart(results, layer)});
  }
  figure.caption =
      "Weights before training at the first seed. The schemes of one layer share the axis, so a narrow heap is a "
      "small scale; heights are each relative to the scheme's own highest bin.";
  for (std::size_t s = 0; s < results.schemes.size(); ++s)
    if (in_background(results, s)) {
      figure.caption += " Only the leading schemes are drawn.";
      break;
    }
  return figure;
}

}  // namespace fanin::report
