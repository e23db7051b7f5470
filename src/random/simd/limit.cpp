// See the headers. Highway keeps what is disabled in one place for the whole process, so the engine's kernels follow.
#include "random/simd/limit.h"

#include <fmt/format.h>
#include <hwy/targets.h>

#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "fanin/base/error.h"
#include "fanin/random/simd_limit.h"

namespace fanin::random {
namespace {

// Highway numbers better instruction sets lower.
constexpr std::array<std::pair<std::string_view, std::int64_t>, 3> limits = {
    {{"AVX512", HWY_AVX3 - 1}, {"AVX2", HWY_AVX2 - 1}, {"BASELINE", ~std::int64_t{0}}}};

std::string_view wanted() {
  const char* value = std::getenv("FANIN_MAX_SIMD");
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

bool simd::apply_limit() {
  for (const auto& [name, disabled] : limits) {
    if (name != wanted()) continue;
    hwy::DisableTargets(disabled);
    return true;
  }
  return false;
}

std::string simd_limit() {
  // As it was at first: what is set later has no effect.
  static const std::string value(wanted());
  for (const auto& [name, disabled] : limits) {
    if (name == value) return value;
  }
  if (!value.empty()) throw Error(fmt::format("FANIN_MAX_SIMD is '{}'; expected AVX512, AVX2 or BASELINE", value));
  return value;
}

}  // namespace fanin::random
