// A figure as HTML.
#include <fmt/format.h>

#include "report/escape.h"
#include "report/parts.h"

namespace fanin::report {

std::string series_key(std::size_t series) {
  std::string dash;
  for (const int length : series_dash(series)) dash += fmt::format("{}{}", dash.empty() ? "" : " ", length);
  return fmt::format(
      R"(<svg class="key" viewBox="0 0 26 10" aria-hidden="true"><line x1="0" y1="5" x2="26" y2="5" stroke="{}" )"
      R"(stroke-width="3"{}/></svg>)",
      series_color(series), dash.empty() ? "" : fmt::format(R"( stroke-dasharray="{}")", dash));
}

std::string legend(const compare::Results& results) {
  std::string html = "<ul class=\"legend\">";
  for (std::size_t s = 0; s < results.schemes.size(); ++s)
    html += "<li>" + series_key(s) + "<span>" + breakable_html(series_name(results, s)) + "</span></li>";
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
