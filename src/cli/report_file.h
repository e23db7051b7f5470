// The report as a file, for the commands that write one.
#pragma once
#include <filesystem>
#include <vector>

#include "fanin/compare/results.h"

namespace fanin::cli {

/// Writes one page over all `runs`, atomically. Throws Error or Failure as write_file_atomically does.
void write_report(const std::filesystem::path& path, const std::vector<compare::Results>& runs);

}  // namespace fanin::cli
