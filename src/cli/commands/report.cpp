// `fanin report DIR...`: the page again from the stores, several runs in one.
#include <fmt/format.h>

#include <cstdio>

#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/report_file.h"
#include "fanin/compare/compare.h"

namespace fanin::cli {

int run_report(const Arguments& arguments) {
  const StopOnSignal stop;
  std::vector<compare::Results> runs;
  for (const std::string& folder : arguments.positionals()) runs.push_back(compare::load_results(folder));
  std::filesystem::path out = arguments.text("--output");
  if (out.empty())
    out = runs.size() == 1 ? std::filesystem::path(arguments.positionals()[0]) / "report.html" : "report.html";
  write_report(out, runs);
  fmt::print("report: {}\n", out.string());
  return 0;
}

}  // namespace fanin::cli
