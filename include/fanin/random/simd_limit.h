// The limit on the instruction set of Fanin's own loops: FANIN_MAX_SIMD, as ONEDNN_MAX_CPU_ISA is oneDNN's.
#pragma once
#include <string>

namespace fanin::random {

/// What FANIN_MAX_SIMD was when the process began: "AVX512", "AVX2" or "BASELINE" (what every x86-64 has), "" where it
/// is not set. It holds from the start of the process for random fills and the engine's kernels alike. Throws Error
/// where it is something else (the loops then have no limit).
std::string simd_limit();

}  // namespace fanin::random
