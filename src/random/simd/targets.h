// Which instruction sets the fills were compiled for and can run here; for tests, which compare their bits.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fanin::random::simd {

struct Target {
  std::int64_t id;
  std::string name;  // "AVX2"
};

/// Best first.
std::vector<Target> runnable_targets();

/// Makes all fills of the process use this target; 0 lets the processor decide again. Not while fills run.
void force_target(std::int64_t id);

}  // namespace fanin::random::simd
