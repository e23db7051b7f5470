// What decides a trial's bits besides its settings and data: the libraries and the instruction set.
#pragma once
#include <string>

namespace fanin::engine {

/// "oneDNN 2.6.3": the library that runs, not the one that Fanin was compiled with.
std::string library_versions();

/// The widest instruction set that the kernels may use: "avx512_core_bf16", "avx512_core", "avx2",
/// "sse41"; with " (limited by ONEDNN_MAX_CPU_ISA=...)" where the environment limits it.
std::string instruction_set();

}  // namespace fanin::engine
