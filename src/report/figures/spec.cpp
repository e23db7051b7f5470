// Shared pieces of specifications, and the identity of series.
#include "report/figures/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "report/figures/figure.h"
#include "report/numbers.h"

namespace fanin::report {
namespace {
constexpr std::size_t colors = 8;  // --s0 .. --s7 of page.css
constexpr std::size_t most_with_looks = 12, leaders = 8;
// Where two curves coincide, the lower one shows through the gaps of the upper.
const std::array<std::vector<int>, 5> dashes{{{}, {9, 4}, {4, 3}, {2, 3}, {10, 4, 2, 4}}};

bool many(const compare::Results& results) {
  return results.schemes.size() > most_with_looks;
}

/// The number that decides a series' look: its place in the ranking where only the leaders have one.
std::size_t look(const compare::Results& results, std::size_t series) {
  if (!many(results)) return series;
  const auto place = std::find(results.ranking.begin(), results.ranking.end(), series);
  return static_cast<std::size_t>(place - results.ranking.begin());
}
}  // namespace

std::string series_name(const compare::Results& results, std::size_t series) {
  return results.schemes[series].scheme.text();
}

bool in_background(const compare::Results& results, std::size_t series) {
  return many(results) && look(results, series) >= leaders;
}

std::vector<std::size_t> drawing_order(const compare::Results& results) {
  std::vector<std::size_t> order(results.schemes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](std::size_t s) { return in_background(results, s); });
  return order;
}

std::string series_color(const compare::Results& results, std::size_t series) {
  if (in_background(results, series)) return "var(--axis)";
  return "var(--s" + std::to_string(look(results, series) % colors) + ")";
}

std::vector<int> series_dash(const compare::Results& results, std::size_t series) {
  if (in_background(results, series)) return {};
  return dashes[look(results, series) % dashes.size()];
}

Figures make_figures(const compare::Results& results) {
  Figures figures;
  figures.outcome = {curves_figure(results), accuracy_figure(results), sensitivity_figure(results)};
  figures.why = depth_figures(results);
  figures.why.push_back(histogram_figure(results));
  return figures;
}

namespace spec {

json base(const compare::Results& results, int height) {
  json numbers = json::array(), color = json::array(), dash = json::array(), strength = json::array(),
       band = json::array();
  for (std::size_t i = 0; i < results.schemes.size(); ++i) {
    numbers.push_back(i);
    color.push_back(series_color(results, i));
    strength.push_back(in_background(results, i) ? 0.35 : 1.0);
    band.push_back(in_background(results, i) ? 0.0 : 0.18);
    const auto pattern = series_dash(results, i);
    dash.push_back(pattern.empty() ? std::vector<int>{1, 0} : pattern);
  }
  json chart = json::parse(R"json({"autosize": {"type": "fit-x", "contains": "padding"}, "padding": 2, "data": [],
                               "scales": [], "axes": [], "marks": []})json");
  chart["height"] = height;
  chart["scales"].push_back({{"name", "color"}, {"type", "ordinal"}, {"domain", numbers}, {"range", color}});
  chart["scales"].push_back({{"name", "dash"}, {"type", "ordinal"}, {"domain", numbers}, {"range", dash}});
  chart["scales"].push_back({{"name", "strength"}, {"type", "ordinal"}, {"domain", numbers}, {"range", strength}});
  chart["scales"].push_back({{"name", "band"}, {"type", "ordinal"}, {"domain", numbers}, {"range", band}});
  return chart;
}

namespace {

json scale(const char* name, const char* type, const char* range, double low, double high) {
  return {{"name", name},  {"type", type},  {"range", range}, {"domain", json::array({low, high})},
          {"nice", false}, {"zero", false}, {"clamp", false}};
}

json axis(const char* scale_name, const char* orient, const char* title, const char* format) {
  json made = {{"scale", scale_name}, {"orient", orient}, {"title", title}, {"grid", true}};
  if (*format != '\0') made["format"] = format;
  return made;
}

}  // namespace

json linear_scale(const char* name, const char* range, double low, double high) {
  json made = scale(name, "linear", range, low, high);
  made["zero"] = false;
  return made;
}

json log_scale(const char* name, const char* range, double low, double high) {
  json made = scale(name, "log", range, low, high);
  made.erase("zero");
  return made;
}

json decade_ticks(double low, double high, int most) {
  const int first = static_cast<int>(std::ceil(std::log10(low) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(high) + 1e-9));
  const int stride = std::max(1, (last - first + most - 1) / most);
  json ticks = json::array();
  for (int power = last; power >= first; power -= stride)
    ticks.push_back(std::strtod(fmt::format("1e{}", power).c_str(), nullptr));
  return ticks;
}

json bottom_axis(const char* title, const char* format) {
  json made = axis("x", "bottom", title, format);
  made["tickCount"] = {{"signal", "max(3, min(10, width / 70))"}};
  return made;
}

json left_axis(const char* title, const char* format) {
  json made = axis("y", "left", title, format);
  made["tickCount"] = 6;
  return made;
}

json left_log_axis(const char* title, double low, double high) {
  json made = axis("y", "left", title, ".0e");
  made["values"] = decade_ticks(low, high, 6);
  return made;
}

void add_data(json& chart, const char* name, json rows) {
  chart["data"].push_back({{"name", name}, {"values", std::move(rows)}});
}

namespace {

json per_series(const char* data, json mark) {
  json group = json::parse(R"json({"type": "group", "encode": {"update": {"width": {"signal": "width"},
                               "height": {"signal": "height"}}}})json");
  group["from"] = {{"facet", {{"name", "one"}, {"data", data}, {"groupby", "s"}}}};
  mark["from"] = {{"data", "one"}};
  mark["clip"] = true;
  group["marks"] = json::array({std::move(mark)});
  return group;
}

}  // namespace

json lines(const char* data, const char* y_field, double width) {
  json mark = json::parse(R"json({"type": "line", "encode": {"update": {
      "x": {"scale": "x", "field": "x"}, "defined": {"field": "ok"}, "stroke": {"scale": "color", "field": "s"},
      "strokeDash": {"scale": "dash", "field": "s"}, "strokeJoin": {"value": "round"},
      "strokeOpacity": {"scale": "strength", "field": "s"}}}})json");
  mark["encode"]["update"]["y"] = {{"scale", "y"}, {"field", y_field}};
  mark["encode"]["update"]["strokeWidth"] = {{"value", width}};
  return per_series(data, std::move(mark));
}

json bands(const char* data) {
  return per_series(data, json::parse(R"json({"type": "area", "encode": {"update": {
      "x": {"scale": "x", "field": "x"}, "y": {"scale": "y", "field": "low"}, "y2": {"scale": "y", "field": "high"},
      "defined": {"field": "ok"}, "fill": {"scale": "color", "field": "s"}, "fillOpacity": {"scale": "band", "field": "s"}}}})json"));
}

json points(const char* data, const char* shape, double size, bool filled) {
  json mark = json::parse(R"json({"type": "symbol", "encode": {"update": {
      "x": {"scale": "x", "field": "x"}, "y": {"scale": "y", "field": "y"}, "tooltip": {"field": "tip"},
      "stroke": {"scale": "color", "field": "s"}, "strokeWidth": {"value": 2},
      "opacity": {"scale": "strength", "field": "s"}}}})json");
  mark["from"] = {{"data", data}};
  json& encoding = mark["encode"]["update"];
  encoding["shape"] = {{"value", shape}};
  encoding["size"] = {{"value", size}};
  if (filled)
    encoding["fill"] = {{"scale", "color"}, {"field", "s"}};
  else
    encoding["fill"] = {{"value", "var(--paper)"}};
  return mark;
}

json reference_line(double y, const char* label, LabelPlace place) {
  json group = json::parse(R"json({"type": "group", "marks": [
      {"type": "rule", "encode": {"update": {"x": {"value": 0}, "x2": {"signal": "width"},
       "stroke": {"value": "var(--ink-soft)"}, "strokeDash": {"value": [2, 3]}}}},
      {"type": "text", "encode": {"update": {"x": {"signal": "width - 4"}, "dy": {"value": -5},
       "align": {"value": "right"}, "stroke": {"value": "var(--paper)"}, "strokeWidth": {"value": 4},
       "strokeJoin": {"value": "round"}, "fontSize": {"value": 11}}}},
      {"type": "text", "encode": {"update": {"x": {"signal": "width - 4"}, "dy": {"value": -5},
       "align": {"value": "right"}, "fill": {"value": "var(--ink-soft)"}, "fontSize": {"value": 11}}}}]})json");
  for (json& mark : group["marks"]) mark["encode"]["update"]["y"] = {{"scale", "y"}, {"value", y}};
  for (const std::size_t text : {1, 2}) {
    json& encoding = group["marks"][text]["encode"]["update"];
    encoding["text"] = {{"value", label}};
    if (place == LabelPlace::middle) {
      encoding["x"] = {{"signal", "width / 2"}};
      encoding["align"] = {{"value", "center"}};
    }
  }
  return group;
}

json value(double number) {
  return std::isfinite(number) ? json(chart_value(number)) : json(nullptr);
}

}  // namespace spec
}  // namespace fanin::report
