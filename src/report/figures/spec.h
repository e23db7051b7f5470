// Pieces that the figures' Vega specifications share.
#pragma once
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::report::spec {

using nlohmann::json;

/// A chart `height` pixels high without data, marks and axes, with the series' scales `color`, `dash`,
/// `strength` (opacity) and `band` (opacity of ranges).
json base(const compare::Results& results, int height);

json linear_scale(const char* name, const char* range, double low, double high);
json log_scale(const char* name, const char* range, double low, double high);

/// Powers of ten from low to high, at most about `most`.
json decade_ticks(double low, double high, int most);

/// A bottom or left axis with grid; `format` is d3's, "" for the default.
json bottom_axis(const char* title, const char* format = "");
json left_axis(const char* title, const char* format = "");
/// Left axis of a log scale: a label at powers of ten only, as many as fit.
json left_log_axis(const char* title, double low, double high);

void add_data(json& chart, const char* name, json rows);

/// Mark that draws each series (field s) of `data` as a line through (x, y); rows whose `ok` is false leave a gap.
json lines(const char* data, const char* y_field = "y", double width = 2);
/// The area between the fields `low` and `high` of each series.
json bands(const char* data);
/// Points (x, y) in the series' colour with the tooltip in field `tip`; `shape` is Vega's.
json points(const char* data, const char* shape, double size, bool filled);
/// A dashed rule across the chart at `y`, with a word on it: at its right end, or in its middle.
enum class LabelPlace { right, middle };
json reference_line(double y, const char* label, LabelPlace place = LabelPlace::right);

/// Null for NaN and infinities, else rounded to what a chart can show.
json value(double number);

}  // namespace fanin::report::spec
