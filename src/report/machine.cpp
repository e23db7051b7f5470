// What the machine calls itself: /proc/cpuinfo, /etc/os-release, uname.
#include <sys/utsname.h>

#include <fstream>
#include <string>
#include <thread>

#include "fanin/report/report.h"

namespace fanin::report {
namespace {

// The value of the first line that starts with `key`, after `separator`, without quotes and outer spaces; "" for none.
std::string first_value(const char* path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find(separator);
    if (!line.starts_with(key) || at == std::string::npos) continue;
    const auto first = line.find_first_not_of(" \t\"", at + 1);
    const auto last = line.find_last_not_of(" \t\"");
    return first == std::string::npos ? "" : line.substr(first, last - first + 1);
  }
  return "";
}

}  // namespace

MachineInfo this_machine() {
  MachineInfo machine;
  machine.processor = first_value("/proc/cpuinfo", "model name", ':');
  machine.system = first_value("/etc/os-release", "PRETTY_NAME", '=');
  utsname names{};
  if (uname(&names) == 0) {
    if (!machine.system.empty()) machine.system += ", ";
    machine.system += std::string(names.sysname) + " " + names.release;
  }
  machine.threads = static_cast<int>(std::thread::hardware_concurrency());
  return machine;
}

}  // namespace fanin::report
