// The report: one self-contained HTML page over one or several comparisons.
#pragma once
#include <string>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::report {

/// Environment of the machine that made the run, for the reproduce section; shown, never part of results.json.
struct MachineInfo {
  std::string processor, system;
  int threads = 0;
};
MachineInfo this_machine();

struct Section {
  std::string title;  // "lenet5 on fashion-mnist"; user text, always escaped
  compare::Results results;
};

/// The page: works offline, prints, light and dark, phone width; all scripts and data inside, under a content security
/// policy. User text is data, never markup.
std::string render_html(const std::vector<Section>& sections, const MachineInfo& machine);

}  // namespace fanin::report
