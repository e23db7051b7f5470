// A figure as HTML.
#include <fmt/format.h>

#include <algorithm>

#include "report/escape.h"
#include "report/parts.h"

namespace fanin::report {

std::string series_key(const compare::Results& results, std::size_t series) {
  std::string dash;
  for (const int length : series_dash(results, series)) dash += fmt::format("{}{}", dash.empty() ? "" : " ", length);
  return fmt::format(
      R"(<svg class="key" viewBox="0 0 26 10" aria-hidden="true"><line x1="0" y1="5" x2="26" y2="5" stroke="{}" )"
      R"(stroke-width="3"{}/></svg>)",
      series_color(results, series), dash.empty() ? "" : fmt::format(R"( stroke-dasharray="{}")", dash));
}

namespace {

/// As given; where only the leaders have looks, as they are ranked.
std::vector<std::size_t> legend_order(const compare::Results& results) {
  std::vector<std::size_t> order = drawing_order(results);
  if (!order.empty() && in_background(results, order.front()))
    std::copy(results.ranking.begin(), results.ranking.end(), order.begin());
  return order;
}

}  // namespace

std::string legend(const compare::Results& results) {
  std::string html = "<ul class=\"legend\">";
  std::size_t others = 0, background = 0;
  for (const std::size_t s : legend_order(results)) {
    if (in_background(results, s)) {
      ++others;
      background = s;
      continue;
    }
    html += "<li>" + series_key(results, s) + "<span>" + breakable_html(series_name(results, s)) + "</span></li>";
  }
  if (others > 0)
    html += fmt::format("<li>{}<span>{} more, named where you point at them</span></li>",
                        series_key(results, background), others);
  return html + "</ul>\n";
}

std::string figure_html(const Figure& figure, const compare::Results& results) {
  if (figure.panels.empty()) return "<p class=\"lead\">" + escape_html(figure.caption) + "</p>\n";
  std::string html = "<figure>\n";
  if (figure.legend) html += legend(results);
  const char* columns = figure.panels.size() == 1 ? "" : figure.panels.size() == 2 ? " two" : " three";
  html += fmt::format("<div class=\"panels{}\">\n", columns);
  for (const Panel& panel : figure.panels) {
    html += "<div class=\"panel\">";
    if (!panel.label.empty()) html += "<h5>" + escape_html(panel.label) + "</h5>";
    const std::string label = figure.title + (panel.label.empty() ? "" : ", " + panel.label);
    html += fmt::format(
        "<div class=\"chart\" role=\"img\" aria-label=\"{}\"><div class=\"plot\"></div>"
        "<script type=\"application/json\">{}</script></div></div>\n",
        escape_html(label), script_json(panel.spec));
  }
  return html + "</div>\n<figcaption>" + escape_html(figure.caption) + "</figcaption>\n</figure>\n";
}

}  // namespace fanin::report
