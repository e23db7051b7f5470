// Fanin's fills, and std::normal_distribution, for bench/init/compare.py.
//
// Reads lines "kind type threads size", fills again and again for 50 ms, and answers each with the fastest fill's rate
// in GB/s of values and, for the check before any timing, the values' mean and standard deviation and how far an
// orthogonal matrix is from one: a program that
// answers lines lets the script interleave the contenders, and the fastest of many short fills is what the processor
// does when nothing else runs. Kinds besides the distributions: "bits" (Philox alone), "std", "orthogonal" with a size
// as in 512x4608; "resnet152" (He normal on every convolution's and linear layer's weight, the usual start on the rest,
// in memory that was touched before), "resnet152_new" (the memory is new as well) and "resnet152_report" (what was
// drawn is also measured), which ignore the size; "state" (a shard of every tensor of a transformer of 6.7e9 parameters
// in bfloat16) with the shard as the size, 0/8.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fanin/init/schemes.h"
#include "fanin/init/source.h"
#include "fanin/init/tensors.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "init/haar.h"
#include "random/simd/targets.h"
#include "random/threads.h"

using namespace fanin::random;

namespace {

/// With FANIN_BENCH_CLOCK=cpu those that all threads computed.
double seconds() {
  static const bool cpu = std::getenv("FANIN_BENCH_CLOCK") != nullptr;
  if (cpu) return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
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
  double error = 0;  // of an orthogonal matrix: the largest |W W^T - I| of some rows
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
  Answer answer = measured<float>(values, values.size() * sizeof(float), [&] {
    fanin::init::haar(std::span<float>(values), make_stream(fills++, "w", Purpose::initialize), rows, columns);
  });
  for (std::int64_t a = 0; a < rows; a += rows / 16)
    for (std::int64_t b = 0; b < rows; ++b) {
      double product = a == b ? -1 : 0;
      for (std::int64_t i = 0; i < columns; ++i)
        product += static_cast<double>(values[static_cast<std::size_t>(a * columns + i)]) *
                   static_cast<double>(values[static_cast<std::size_t>(b * columns + i)]);
      answer.error = std::max(answer.error, std::abs(product));
    }
  return answer;
}

constexpr const char* resnet_scheme = "he_normal:mode=fan_in";

/// All parameters of a ResNet-152 in memory that was touched before. The moments are those of the largest, a 3x3
/// convolution of 512 channels, whose standard deviation is sqrt(2 / 4608).
Answer resnet152() {
  using namespace fanin;
  const model::Graph graph = model::build_model(parse_spec("resnet152"), {3, 224, 224}, 1000);
  std::vector<std::vector<float>> values;
  std::vector<std::span<float>> outs;
  std::size_t bytes = 0;
  for (const model::Parameter& parameter : graph.parameters()) {
    values.emplace_back(static_cast<std::size_t>(element_count(parameter.shape)));
    if (parameter.role == model::Role::weight) bytes += values.back().size() * sizeof(float);
  }
  for (std::vector<float>& of : values) outs.emplace_back(of);
  std::uint64_t fills = 0;
  const std::span<float> largest = *std::ranges::max_element(outs, {}, [](const auto& out) { return out.size(); });
  return measured<float>(
      largest, bytes, [&] { init::fill_all<float>(init::sources(graph, parse_spec(resnet_scheme), fills++), outs); });
}

/// The same from nothing: memory, values and, where asked, the report.
Answer resnet152_new(bool with_reports) {
  using namespace fanin;
  const model::Graph graph = model::build_model(parse_spec("resnet152"), {3, 224, 224}, 1000);
  std::size_t bytes = 0, largest = 0;
  for (std::size_t i = 0; i < graph.parameters().size(); ++i) {
    const auto count = static_cast<std::size_t>(element_count(graph.parameters()[i].shape));
    if (graph.parameters()[i].role == model::Role::weight) bytes += count * sizeof(float);
    if (count > static_cast<std::size_t>(element_count(graph.parameters()[largest].shape))) largest = i;
  }
  std::uint64_t fills = 0;
  std::vector<float> values(static_cast<std::size_t>(element_count(graph.parameters()[largest].shape)));
  bool kept = false;
  return measured<float>(values, bytes, [&] {
    std::vector<init::FillReport> reports;
    std::vector<NamedTensor> state =
        init::initialize(graph, parse_spec(resnet_scheme), fills++, with_reports ? &reports : nullptr);
    if (!std::exchange(kept, true)) std::ranges::copy(state[largest].tensor.values, values.begin());
  });
}

/// Shard `shard` of `shards` of every tensor of a transformer in bfloat16: the attention's and the feed-forward
/// matrices of 32 layers and both embeddings, each shard into the one buffer that a program would hand on.
Answer state(std::size_t shard, std::size_t shards) {
  using fanin::Shape;
  std::vector<Shape> shapes = {{32000, 4096}, {32000, 4096}};
  for (int layer = 0; layer < 32; ++layer) {
    shapes.insert(shapes.end(), 4, {4096, 4096});
    shapes.insert(shapes.end(), 3, {11008, 4096});
  }
  std::vector<fanin::bfloat16> buffer(static_cast<std::size_t>(fanin::element_count(shapes[0])) / shards);
  std::size_t bytes = 0;
  for (const Shape& shape : shapes)
    bytes += static_cast<std::size_t>(fanin::element_count(shape)) / shards * sizeof(buffer[0]);
  bool first = true;
  return measured<fanin::bfloat16>(buffer, bytes, [&] {
    if (std::exchange(first, false)) return;  // the pages are touched
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const std::size_t count = static_cast<std::size_t>(fanin::element_count(shapes[i])) / shards;
      const std::string name = fmt::format("tensor{}.weight", i);
      fanin::init::TensorOptions options;
      options.name = name;
      options.first = shard * count;
      options.threads = fill_threads();
      fanin::init::normal(std::span(buffer).first(count), shapes[i], 0.0, 0.02, options);
    }
  });
}

Answer answer(const std::string& kind, const std::string& type, int threads, const std::string& size) {
  const FillThreads allowed(threads);
  if (kind == "orthogonal") {
    const std::size_t cross = size.find('x');
    return orthogonal(std::stoll(size.substr(0, cross)), std::stoll(size.substr(cross + 1)));
  }
  if (kind == "resnet152") return resnet152();
  if (kind == "resnet152_new") return resnet152_new(false);
  if (kind == "resnet152_report") return resnet152_new(true);
  if (kind == "state") {
    const std::size_t cut = size.find('/');
    return state(std::stoull(size.substr(0, cut)), std::stoull(size.substr(cut + 1)));
  }
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
    fmt::print("{:.4f} {:.6g} {:.6g} {:.6g}\n", result.rate, result.mean, result.std, result.error);
    std::fflush(stdout);
  }
}
