// Results -> sections -> page -> file.
#include "cli/report_file.h"

#include <fmt/format.h>

#include "fanin/base/file.h"
#include "fanin/report/report.h"

namespace fanin::cli {

void write_report(const std::filesystem::path& path, const std::vector<compare::Results>& runs) {
  std::vector<report::Section> sections;
  for (const compare::Results& run : runs) {
    sections.push_back({fmt::format("{} on {}", run.settings.model.text(), run.dataset_name), run});
  }
  write_file_atomically(path, std::string_view(report::render_html(sections, report::this_machine())));
}

}  // namespace fanin::cli
