// Depth profiles: what reaches each layer, forward and backward, before and after training.
//
// Scales are logarithmic, so zero, infinity and values beyond 1e-20 .. 1e20 have no place: they are drawn on the edge
// as triangles that point outwards. The two panels of a figure share their axis.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/figures/figure.h"
#include "report/figures/spec.h"
#include "report/numbers.h"

namespace fanin::report {
namespace {

using compare::Results;
using probe::LayerProfile;
using probe::Profile;
using spec::json;

constexpr double smallest_shown = 1e-20, largest_shown = 1e20;

using Reader = double (*)(const LayerProfile&);
double activation(const LayerProfile& layer) {
  return layer.activation_rms;
}
double gradient(const LayerProfile& layer) {
  return layer.gradient_rms;
}
double dead(const LayerProfile& layer) {
  return layer.dead_fraction;
}

struct Quantity {
  const char* title;
  const char* axis_title;
  Reader read;
  bool logarithmic;
  bool forward;  // for the cross that marks where the signal is lost
};

const Profile* profile_of(const train::TrialResult& trial, bool start) {
  const auto& profile = start ? trial.profile_start : trial.profile_end;
  return profile ? &*profile : nullptr;
}

struct LayerValues {
  double median = 0, low = 0, high = 0;
  bool known = false;
};

// Over the seeds. Infinite values take part in the order; NaN counts as infinite, since only an overflow makes one.
LayerValues over_seeds(const compare::SchemeResult& scheme, std::size_t layer, bool start, Reader read) {
  std::vector<double> values;
  for (const auto& trial : scheme.trials)
    if (const Profile* profile = profile_of(trial, start); profile != nullptr && layer < profile->layers.size()) {
      const double value = read(profile->layers[layer]);
      values.push_back(std::isnan(value) ? std::numeric_limits<double>::infinity() : value);
    }
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double middle = values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
  return {middle, values.front(), values.back(), true};
}

std::size_t layer_count(const Results& results) {
  std::size_t layers = 0;
  for (const auto& scheme : results.schemes)
    for (const auto& trial : scheme.trials)
      for (const bool start : {true, false})
        if (const Profile* profile = profile_of(trial, start)) layers = std::max(layers, profile->layers.size());
  return layers;
}

std::string layer_name(const Results& results, std::size_t layer) {
  return layer < results.layer_names.size() ? fmt::format("layer {} ({})", layer + 1, results.layer_names[layer])
                                            : fmt::format("layer {}", layer + 1);
}

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = 0;
};

// Of what can be drawn on a logarithmic axis, in whole powers of ten with room for the triangles.
Extent log_extent(const Results& results, std::size_t layers, Reader read) {
  Extent extent;
  for (const auto& scheme : results.schemes)
    for (std::size_t layer = 0; layer < layers; ++layer)
      for (const bool start : {true, false}) {
        const LayerValues values = over_seeds(scheme, layer, start, read);
        for (const double value : {values.low, values.median, values.high})
          if (values.known && value >= smallest_shown && value <= largest_shown) {
            extent.low = std::min(extent.low, value);
            extent.high = std::max(extent.high, value);
          }
      }
  if (extent.high == 0) extent = {0.1, 1};
  extent.low = std::pow(10, std::floor(std::log10(extent.low) - 0.3));
  extent.high = std::pow(10, std::ceil(std::log10(extent.high) + 0.3));
  return extent;
}

struct Outside {
  bool below = false, above = false;
};

Panel make_panel(const Results& results, const Quantity& quantity, std::size_t layers, bool start, Extent extent,
                 Outside& outside) {
  json rows = json::array(), below = json::array(), above = json::array(), lost = json::array();
  for (const std::size_t s : drawing_order(results)) {
    const auto& scheme = results.schemes[s];
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const LayerValues values = over_seeds(scheme, layer, start, quantity.read);
      if (!values.known) continue;
      const auto inside = [&](double value) { return spec::value(std::clamp(value, extent.low, extent.high)); };
      const std::string shown = quantity.logarithmic ? short_number(values.median) : percent(values.median);
      json row = {{"s", s},
                  {"x", layer + 1},
                  {"y", inside(values.median)},
                  {"low", inside(values.low)},
                  {"high", inside(values.high)},
                  {"ok", true},
                  {"tip", fmt::format("{}, {}: {}", series_name(results, s), layer_name(results, layer), shown)}};
      if (quantity.logarithmic && values.median < extent.low) below.push_back(row);
      if (quantity.logarithmic && values.median > extent.high) above.push_back(row);
      const auto& lost_at = quantity.forward ? scheme.activation_lost_at : scheme.gradient_lost_at;
      if (start && quantity.logarithmic && lost_at == layer) {
        json cross = row;
        cross["tip"] = fmt::format("{}: {} is below a thousandth of {} layer's from {} on", series_name(results, s),
                                   quantity.forward ? "the signal" : "the gradient",
                                   quantity.forward ? "the first" : "the last", layer_name(results, layer));
        lost.push_back(std::move(cross));
      }
      rows.push_back(std::move(row));
    }
  }
  outside.below = outside.below || !below.empty();
  outside.above = outside.above || !above.empty();

  json chart = spec::base(results, 240);
  chart["scales"].push_back(spec::linear_scale("x", "width", 1, std::max<double>(2, static_cast<double>(layers))));
  if (quantity.logarithmic) {
    chart["scales"].push_back(spec::log_scale("y", "height", extent.low, extent.high));
    chart["axes"].push_back(spec::left_log_axis(quantity.axis_title, extent.low, extent.high));
  } else {
    chart["scales"].push_back(spec::linear_scale("y", "height", extent.low, extent.high));
    chart["axes"].push_back(spec::left_axis(quantity.axis_title, ".0%"));
  }
  json bottom = spec::bottom_axis("layer, from input to output", "d");
  bottom["tickMinStep"] = 1;
  chart["axes"].push_back(std::move(bottom));
  spec::add_data(chart, "rows", std::move(rows));
  spec::add_data(chart, "below", std::move(below));
  spec::add_data(chart, "above", std::move(above));
  spec::add_data(chart, "lost", std::move(lost));
  chart["marks"].push_back(spec::bands("rows"));
  chart["marks"].push_back(spec::lines("rows"));
  chart["marks"].push_back(spec::points("rows", "circle", layers > 40 ? 4 : 14, true));
  chart["marks"].push_back(spec::points("below", "triangle-down", 60, true));
  chart["marks"].push_back(spec::points("above", "triangle-up", 60, true));
  chart["marks"].push_back(spec::points("lost", "M-1,-1L1,1M-1,1L1,-1", 90, false));
  return {start ? "Before training" : "After training", std::move(chart)};
}

Figure make_figure(const Results& results, const Quantity& quantity, std::size_t layers, std::string caption) {
  Figure figure{quantity.title, std::move(caption), {}, true};
  const Extent extent = quantity.logarithmic ? log_extent(results, layers, quantity.read) : Extent{0, 1.03};
  Outside outside;
  bool has_end = false;
  for (const auto& scheme : results.schemes)
    for (const auto& trial : scheme.trials) has_end = has_end || trial.profile_end.has_value();
  figure.panels.push_back(make_panel(results, quantity, layers, true, extent, outside));
  if (has_end) figure.panels.push_back(make_panel(results, quantity, layers, false, extent, outside));
  if (outside.below) figure.caption += " Triangles on the lower edge are zero, or too small for the axis.";
  if (outside.above) figure.caption += " Triangles on the upper edge are infinite, or too large for the axis.";
  return figure;
}

}  // namespace

std::vector<Figure> depth_figures(const Results& results) {
  const std::size_t layers = layer_count(results);
  if (layers == 0) return {{"Signal at each depth", "No depth profiles were recorded.", {}, false}};
  return {
      make_figure(
          results, {"Signal: activations at each depth", "rms of activations (log scale)", activation, true, true},
          layers,
          "A level line carries the signal through; a falling one loses it, a rising one explodes. Median over the "
          "seeds with their range; a cross marks the layer where the signal is below a thousandth of the first's."),
      make_figure(
          results, {"Gradient at each depth", "rms of the loss's gradient (log scale)", gradient, true, false}, layers,
          "Read from right to left, as the gradient travels: layers where it is orders of magnitude smaller than in "
          "the last hardly learn. The cross marks where it is below a thousandth of the last layer's."),
      make_figure(results, {"Dead units", "share of dead units", dead, false, true}, layers,
                  "The share of channels that give nothing, whatever the image: they pass no gradient either."),
  };
}

}  // namespace fanin::report
