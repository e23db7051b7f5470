// Fanin's fills, and std::normal_distribution, for bench/init/compare.py.
//
// Reads lines "kind type threads size", fills again and again for 50 ms, and answers each with the fastest fill's rate
// in GB/s of values and, for the check before any timing, the values' mean and standard deviation: a program that
// answers lines lets the script interleave the contenders, and the fastest of many short fills is what the processor
// does when nothing else runs. Kinds besides the distributions: "bits" (Philox alone), "std", "orthogonal" with a size
// as in 512x4608, "resnet152" (He normal on every convolution's and linear layer's weight) and "state" (the tensors of
// a transformer of 6.7e9 parameters in bfloat16, one buffer after the other); these two ignore the size.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "init/haar.h"
#include "random/simd/targets.h"
#include "random/threads.h"

using namespace fanin::random;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class T>
double as_double(T value) {
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<double>(value);
  else
    return static_cast<double>(fanin::to_float(value));
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

struct Answer {
  double rate, mean, std;
};

/// The rate of `once`, which fills `values` of them; `bytes` of all that it fills.
template <class T, class Fill>
Answer measured(std::span<const T> values, std::size_t bytes, const Fill& once) {
  once();  // touches the pages
  double best = 1e9;
  const double start = seconds();
  for (double now = start; now - start < 0.05;) {
    once();
    const double after = seconds();
    best = std::min(best, after - now);
    now = after;
  }
  double sum = 0, squares = 0;
  const std::size_t count = std::min<std::size_t>(values.size(), 1'000'000);
  for (const T value : values.first(count)) {
    const double x = as_double(value);
    sum += x;
    squares += x * x;
  }
  const double mean = sum / static_cast<double>(count);
  return {static_cast<double>(bytes) / best * 1e-9, mean,
          std::sqrt(squares / static_cast<double>(count) - mean * mean)};
}

template <class T>
Answer one_tensor(const std::string& kind, std::size_t size) {
  std::vector<T> values(size);
  std::mt19937 engine(1);
  std::normal_distribution<float> distribution(0.0f, 0.02f);
  std::uint64_t fills = 0;
  return measured<T>(values, size * sizeof(T), [&] {
    if constexpr (std::is_same_v<T, float>)
      if (kind == "std") {
        for (float& value : values) value = distribution(engine);
        return;
      }
    fill(kind, std::span<T>(values), make_stream(fills++, "w", Purpose::initialize));
  });
}

Answer orthogonal(std::int64_t rows, std::int64_t columns) {
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  std::uint64_t fills = 0;
  return measured<float>(values, values.size() * sizeof(float), [&] {
    fanin::init::haar(std::span<float>(values), make_stream(fills++, "w", Purpose::initialize), rows, columns);
  });
}

/// Tensors of many sizes: each stays on one thread, the largest are taken first.
Answer resnet152(int threads) {
  const fanin::model::Graph graph = fanin::model::build_model(fanin::parse_spec("resnet152"), {3, 224, 224}, 1000);
  struct Weight {
    std::string name;
    float std;
    std::vector<float> values;
  };
  std::vector<Weight> weights;
  std::size_t bytes = 0;
  for (const fanin::model::Parameter& parameter : graph.parameters()) {
    if (parameter.role != fanin::model::Role::weight) continue;
    const auto count = static_cast<std::size_t>(fanin::element_count(parameter.shape));
    weights.push_back(
        {parameter.name,
         static_cast<float>(std::sqrt(2.0 * static_cast<double>(parameter.shape[0]) / static_cast<double>(count))),
         std::vector<float>(count)});
    bytes += count * sizeof(float);
  }
  std::ranges::sort(weights, std::greater(), [](const Weight& weight) { return weight.values.size(); });
  std::uint64_t fills = 0;
  return measured<float>(weights.front().values, bytes, [&] {
    in_turns(weights.size(), static_cast<std::size_t>(threads), [&](std::size_t turn, std::size_t) {
      Weight& weight = weights[turn];
      fill_normal(weight.values, make_stream(fills, weight.name, Purpose::initialize), 0.0f, weight.std);
    });
    ++fills;
  });
}

/// The attention's and the feed-forward matrices of 32 layers and both embeddings; one buffer serves all.
Answer state() {
  std::vector<std::size_t> sizes = {32000 * 4096, 32000 * 4096};
  for (int layer = 0; layer < 32; ++layer) {
    sizes.insert(sizes.end(), 4, std::size_t{4096} * 4096);
    sizes.insert(sizes.end(), 3, std::size_t{11008} * 4096);
  }
  std::vector<fanin::bfloat16> buffer(sizes[0]);
  std::size_t bytes = 0;
  for (const std::size_t size : sizes) bytes += size * sizeof(buffer[0]);
  std::fill(buffer.begin(), buffer.end(), fanin::bfloat16{});
  bool first = true;
  return measured<fanin::bfloat16>(buffer, bytes, [&] {
    if (std::exchange(first, false)) return;  // the pages are touched
    for (std::size_t i = 0; i < sizes.size(); ++i)
      fill_normal(std::span(buffer).first(sizes[i]), make_stream(i, "w", Purpose::initialize), 0.0f, 0.02f);
  });
}

Answer answer(const std::string& kind, const std::string& type, int threads, const std::string& size) {
  const FillThreads allowed(threads);
  if (kind == "orthogonal") {
    const std::size_t cross = size.find('x');
    return orthogonal(std::stoll(size.substr(0, cross)), std::stoll(size.substr(cross + 1)));
  }
  if (kind == "resnet152") return resnet152(threads);
  if (kind == "state") return state();
  const std::size_t count = std::stoull(size);
  if (type == "float64") return one_tensor<double>(kind, count);
  if (type == "bfloat16") return one_tensor<fanin::bfloat16>(kind, count);
  if (type == "float16") return one_tensor<fanin::half>(kind, count);
  return one_tensor<float>(kind, count);
}

}  // namespace

int main() {
  if (const char* wanted = std::getenv("FANIN_BENCH_TARGET"))
    for (const simd::Target& target : simd::runnable_targets())
      if (target.name == wanted) simd::force_target(target.id);
  std::string kind, type, size;
  int threads = 1;
  while (std::cin >> kind >> type >> threads >> size) {
    const Answer result = answer(kind, type, threads, size);
    fmt::print("{:.4f} {:.6g} {:.6g}\n", result.rate, result.mean, result.std);
    std::fflush(stdout);
  }
}
