// The page: head with its security policy, a section a run, notices, and the one script at the end.
#include <fmt/format.h>

#include "report/assets.h"
#include "report/escape.h"
#include "report/numbers.h"
#include "report/parts.h"
#include "report/sha256.h"

namespace fanin::report {
namespace {

using compare::Results;

// Vega and the code that uses it share one function's scope: nothing becomes global.
std::string page_script() {
  std::string script = "(function () {\n\"use strict\";\n";
  script += assets::vega_script;
  script += assets::page_script;
  return script + "})();\n";
}

std::string heading(int level, const std::string& text, const std::string& id = "") {
  return id.empty() ? fmt::format("<h{0}>{1}</h{0}>\n", level, text)
                    : fmt::format("<h{0} id=\"{2}\">{1}</h{0}>\n", level, text, id);
}

std::string sentences(const std::vector<std::string>& lines) {
  std::string html;
  for (const auto& line : lines) html += "<p>" + escape_html(line) + "</p>\n";
  return html;
}

std::string shown_title(const Section& section, std::size_t number) {
  return section.title.empty() ? fmt::format("Run {}", number) : section.title;
}

// A table of contents for the parts of a page with one run, for the runs of one with several.
std::string contents(const std::vector<Section>& sections) {
  std::string html = "<nav aria-label=\"Contents\"><ol>\n";
  if (sections.size() == 1) {
    const std::pair<const char*, const char*> parts[] = {{"result", "Result"},
                                                         {"why", "Why"},
                                                         {"differences", "Differences between schemes"},
                                                         {"settings", "Settings"},
                                                         {"reproduce", "Run it again"}};
    for (const auto& [id, title] : parts) html += fmt::format("<li><a href=\"#run-1-{}\">{}</a></li>\n", id, title);
  } else {
    for (std::size_t i = 0; i < sections.size(); ++i)
      html += fmt::format("<li><a href=\"#run-{}\">{}</a></li>\n", i + 1, escape_html(shown_title(sections[i], i + 1)));
  }
  return html + "</ol></nav>\n";
}

std::string facts(const Results& results) {
  const auto& settings = results.settings;
  return "<p class=\"facts\">" +
         escape_html(fmt::format("{} ({}) on {}: {}, {} each, {} of {}.", settings.model.text(),
                                 counted(results.parameter_count, "parameter"), results.dataset_name,
                                 counted(static_cast<std::int64_t>(results.schemes.size()), "scheme"),
                                 counted(settings.seeds, "seed"), counted(settings.steps, "step"),
                                 counted(settings.batch, "image"))) +
         "</p>\n";
}

std::string section_html(const Section& section, std::size_t number, const MachineInfo& machine) {
  const Results& results = section.results;
  const std::string id = fmt::format("run-{}", number);
  const Figures figures = make_figures(results);
  const auto drawn = [&](const std::vector<Figure>& list) {
    std::string html;
    for (const Figure& figure : list) html += heading(4, escape_html(figure.title)) + figure_html(figure, results);
    return html;
  };

  std::string html = fmt::format("<section class=\"run\" aria-labelledby=\"{}\">\n", id);
  html += heading(2, breakable_html(shown_title(section, number)), id) + facts(results);
  html += "<div class=\"conclusion\">\n";
  html += results.conclusion.empty() ? "<p>There is no conclusion yet: the run is not finished.</p>\n"
                                     : sentences(results.conclusion);
  html += "</div>\n";
  html += heading(3, "Result", id + "-result");
  if (results.schemes.empty())
    html += "<p>No scheme has a result yet.</p>\n";
  else
    html += scheme_table(results) + drawn(figures.outcome) + heading(3, "Why", id + "-why") + drawn(figures.why);
  html += heading(3, "Differences between schemes", id + "-differences") + pair_table(results);
  if (!results.notes.empty()) {
    html += heading(3, "Notes") + "<ul>\n";
    for (const auto& note : results.notes) html += "<li>" + escape_html(note) + "</li>\n";
    html += "</ul>\n";
  }
  html += heading(3, "Settings", id + "-settings") + details_html(results);
  html += heading(3, "Run it again", id + "-reproduce") + reproduce_html(results, machine);
  return html + "</section>\n";
}

}  // namespace

std::string render_html(const std::vector<Section>& sections, const MachineInfo& machine) {
  const std::string script = page_script();
  const std::string title =
      sections.size() == 1 ? "Fanin: " + shown_title(sections.front(), 1) : "Fanin: initial weights compared";

  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += fmt::format(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{}'; "
      "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n",
      script_hash(script));
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" + escape_html(title) + "</title>\n<style>\n";
  html += assets::page_style;
  html += "</style>\n</head>\n<body>\n<header>\n<h1>Which initial weights, and why</h1>\n</header>\n<main>\n";
  html += "<noscript><p>The charts need JavaScript; tables and text do not.</p></noscript>\n";
  if (sections.empty())
    html += "<p>There is no run to report.</p>\n";
  else
    html += contents(sections);
  for (std::size_t i = 0; i < sections.size(); ++i) html += section_html(sections[i], i + 1, machine);
  html += "</main>\n<footer>\n<p>Made by Fanin. This page is complete in itself and loads nothing.</p>\n";
  html += "<details class=\"screen\"><summary>Licences of what this page contains</summary>\n<pre>";
  html += escape_html(assets::notice);
  html += "</pre></details>\n</footer>\n<script>";
  html += script;
  return html + "</script>\n</body>\n</html>\n";
}

}  // namespace fanin::report
