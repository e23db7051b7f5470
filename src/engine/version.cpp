// Versions and instruction sets, asked without making an engine.
#include "fanin/engine/version.h"

#include <fmt/format.h>

#include <oneapi/dnnl/dnnl.h>
#include <cstdlib>

#include "fanin/random/simd_limit.h"

namespace fanin::engine {
namespace {

/// The processor's, by cpuid: oneDNN's own enumeration has other values in each of its versions.
const char* processor_instruction_set() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return "sse41";
  const bool core = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (!core) return "avx2";
  return __builtin_cpu_supports("avx512bf16") ? "avx512_core_bf16" : "avx512_core";
}

}  // namespace

std::string library_versions() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
}

std::string instruction_set() {
  std::string limits;
  if (const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA"); limit != nullptr && *limit != '\0') {
    limits = fmt::format("ONEDNN_MAX_CPU_ISA={}", limit);
  }
  if (const std::string limit = random::simd_limit(); !limit.empty()) {
    limits += fmt::format("{}FANIN_MAX_SIMD={}", limits.empty() ? "" : ", ", limit);
  }
  const std::string processor = processor_instruction_set();
  return limits.empty() ? processor : fmt::format("{} (limited by {})", processor, limits);
}

}  // namespace fanin::engine
