// Headless Chromium, for tests of what a reader sees.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fanin::report {

struct Visit {
  std::string name;
  std::string html;
  int width = 1280;  // of the view, CSS pixels
};

struct Visits {
  /// By name: what a script inside the page saw when all charts were drawn (browser.cpp says which fields).
  nlohmann::json seen;
  /// Lines that pages wrote to the console.
  std::vector<std::string> console;
};

/// Opens the pages side by side. Fails the test when no `chromium` is on PATH or it does not answer.
Visits visit(const std::vector<Visit>& pages, bool dark);

}  // namespace fanin::report
