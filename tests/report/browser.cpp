// Chromium gives no window narrower than 500 pixels, so each page is a frame of the wanted width. A probe that is put
// before the page's security policy posts what it sees to the outer page, which Chromium prints.
#include "report/browser.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fanin::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* probe = R"js(<script>
(() => {
  const seen = {violations: [], errors: [], pwned: false};
  window.alert = () => { seen.pwned = true; };
  addEventListener('error', (event) => seen.errors.push(event.message));
  document.addEventListener('securitypolicyviolation', (event) => seen.violations.push(event.violatedDirective));
  const look = () => {
    const root = document.documentElement;
    if (!root.dataset.charts) return setTimeout(look, 50);
    const charts = Array.from(document.querySelectorAll('.chart'));
    const marks = '.mark-line path, .mark-symbol path, .mark-rect path, .mark-area path';
    seen.title = document.title;
    seen.width = innerWidth;
    seen.page_width = root.scrollWidth;
    seen.charts = charts.length;
    seen.drawn = charts.filter((c) => c.querySelector('svg')).length;
    seen.empty = charts.filter((c) => !c.querySelector(marks)).map((c) => c.getAttribute('aria-label'));
    seen.too_wide = charts.filter((c) => {
      const svg = c.querySelector('svg');
      return svg && svg.getBoundingClientRect().width > c.clientWidth + 1;
    }).map((c) => c.getAttribute('aria-label'));
    seen.failed = Array.from(document.querySelectorAll('.failed')).map((c) => c.textContent);
    seen.bad_paths = document.querySelectorAll('svg [d*="NaN"], svg [transform*="NaN"]').length;
    seen.scripts = Array.from(document.scripts).filter((s) => s.type !== 'application/json').length;
    seen.images = document.images.length;
    seen.globals = ['vega', 'view', 'vegaEmbed'].filter((name) => name in window);
    seen.dark = matchMedia('(prefers-color-scheme: dark)').matches;
    seen.paper = getComputedStyle(document.body).backgroundColor;
    const label = document.querySelector('.chart svg text');
    seen.label = label ? getComputedStyle(label).fill : '';
    seen.text = document.body.innerText.slice(0, 4000);
    parent.postMessage(JSON.stringify(seen), '*');
  };
  addEventListener('load', look);
})();
</script>)js";

constexpr const char* collector = R"js(<script>
const seen = {};
addEventListener('message', (event) => {
  const frame = Array.from(document.querySelectorAll('iframe')).find((f) => f.contentWindow === event.source);
  seen[frame.name] = JSON.parse(event.data);
  document.documentElement.dataset.seen = encodeURIComponent(JSON.stringify(seen));
});
</script>)js";

std::string unescape_uri(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Own folder for each test process: they run side by side.
fs::path make_own_folder() {
  std::string name = (fs::temp_directory_path() / "fanin-report-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return name;
}

}  // namespace

Visits visit(const std::vector<Visit>& pages, bool dark) {
  Visits visits;
  if (std::system("command -v chromium >/dev/null 2>&1") != 0) {
    ADD_FAILURE() << "chromium is not on PATH; the report's charts are tested in it (package chromium)";
    return visits;
  }
  const fs::path folder = make_own_folder();
  std::ofstream outer(folder / "outer.html");
  outer << "<!DOCTYPE html><html><body>" << collector;
  for (const Visit& page : pages) {
    std::string html = page.html;
    html.insert(html.find("<head>") + 6, probe);
    std::ofstream(folder / (page.name + ".html"), std::ios::binary) << html;
    outer << "<iframe name=\"" << page.name << "\" src=\"" << page.name
          << ".html\" style=\"border:0;width:" << page.width << "px;height:900px\"></iframe>";
  }
  outer << "</body></html>";
  outer.close();

  const std::string command =
      "cd '" + folder.string() +
      "' && HOME=\"$PWD\" timeout 120 chromium --headless=new --no-sandbox --disable-gpu --no-first-run "
      "--disable-extensions "
      "--disable-background-networking --disable-component-update --disable-sync "
      "--disable-dev-shm-usage --hide-scrollbars --user-data-dir=\"$PWD/profile\" --window-size=1400,1000 "
      "--virtual-time-budget=30000 --enable-logging=stderr " +
      (dark ? "--blink-settings=preferredColorScheme=0 " : "") +
      "--dump-dom \"file://$PWD/outer.html\" >dom.txt 2>log.txt";
  const int status = std::system(command.c_str());
  const std::string dom = contents(folder / "dom.txt"), log = contents(folder / "log.txt");
  EXPECT_EQ(status, 0) << log;

  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);)
    if (line.find("CONSOLE") != std::string::npos) visits.console.push_back(line);
  const std::size_t at = dom.find("data-seen=\"");
  if (at == std::string::npos) {
    ADD_FAILURE() << "no page answered; Chromium says:\n" << log;
  } else {
    const std::size_t first = at + 11;
    visits.seen = nlohmann::json::parse(unescape_uri(dom.substr(first, dom.find('"', first) - first)));
  }
  fs::remove_all(folder);
  return visits;
}

}  // namespace fanin::report
