// Fanin's fills, and std::normal_distribution, for bench/init/compare.py.
//
// Reads lines "kind type threads size", fills again and again for 50 ms, and answers each with the fastest fill's rate
// in GB/s of values: a program that answers lines lets the script interleave the contenders, and the fastest of many
// short fills is what the processor does when nothing else runs.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "fanin/random/stream.h"
#include "random/simd/targets.h"

using namespace fanin::random;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class T>
void fill(const std::string& kind, std::span<T> out, const Stream& stream) {
  if constexpr (std::is_same_v<T, float>)
    if (kind == "bits") {  // the generator alone
      fill_bits(std::span(reinterpret_cast<std::uint32_t*>(out.data()), out.size()), stream);
      return;
    }
  if (kind == "uniform")
    fill_uniform(out, stream, -0.1f, 0.1f);
  else if (kind == "truncated")
    fill_truncated_normal(out, stream, 0.0f, 0.02f, -0.04f, 0.04f);
  else
    fill_normal(out, stream, 0.0f, 0.02f);
}

template <class T>
double rate(const std::string& kind, int threads, std::size_t size) {
  std::vector<T> values(size);
  const FillThreads allowed(threads);
  std::mt19937 engine(1);
  std::normal_distribution<float> distribution(0.0f, 0.02f);
  std::uint64_t fills = 0;
  const auto once = [&] {
    if constexpr (std::is_same_v<T, float>)
      if (kind == "std") {
        for (float& value : values) value = distribution(engine);
        return;
      }
    fill(kind, std::span<T>(values), make_stream(fills, "w", Purpose::initialize));
  };
  once();  // touches the pages
  double best = 1e9;
  const double start = seconds();
  for (double now = start; now - start < 0.05;) {
    once();
    ++fills;
    const double after = seconds();
    best = std::min(best, after - now);
    now = after;
  }
  return static_cast<double>(size * sizeof(T)) / best * 1e-9;
}

}  // namespace

int main() {
  if (const char* wanted = std::getenv("FANIN_BENCH_TARGET"))
    for (const simd::Target& target : simd::runnable_targets())
      if (target.name == wanted) simd::force_target(target.id);
  std::string kind, type;
  int threads = 1;
  std::size_t size = 0;
  while (std::cin >> kind >> type >> threads >> size) {
    const double result = type == "float64"    ? rate<double>(kind, threads, size)
                          : type == "bfloat16" ? rate<fanin::bfloat16>(kind, threads, size)
                          : type == "float16"  ? rate<fanin::half>(kind, threads, size)
                                               : rate<float>(kind, threads, size);
    fmt::print("{:.4f}\n", result);
    std::fflush(stdout);
  }
}
