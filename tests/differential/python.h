// The Python that has PyTorch: $FANIN_PYTHON, the python3 on PATH, or the distribution's own.
#pragma once
#include <cstdlib>
#include <string>

namespace fanin::testing {

/// The first interpreter that can import `module`; "" where none can.
inline std::string find_python(const std::string& module) {
  std::string candidates[] = {"", "python3", "/usr/bin/python3"};
  if (const char* chosen = std::getenv("FANIN_PYTHON")) candidates[0] = chosen;
  for (const std::string& python : candidates) {
    if (python.empty()) continue;
    const std::string probe = "'" + python + "' -c 'import " + module + "' >/dev/null 2>&1";
    if (std::system(probe.c_str()) == 0) return python;
  }
  return "";
}

/// Continuous integration installs what the tests need: a missing peer is a failure there.
inline bool must_not_skip() {
  const char* ci = std::getenv("CI");
  return ci && std::string(ci) == "true";
}

}  // namespace fanin::testing
