// Scaling a layer's weight by a leaves its own gradient as it is and scales every other layer's by a, where activations
// are positively homogeneous: the ratio falls by a^2 against the others', and one round is exact. Others take a few.
#include "adapt/equalize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "fanin/base/error.h"
#include "fanin/engine/program.h"
#include "fanin/random/stream.h"

namespace fanin::adapt {
namespace {

constexpr int most_rounds = 10;
constexpr double close = 0.01;  // of the logarithm of a ratio
// The paper injects normal noise at the output as its gradient. The engine starts from a cross entropy, so a linear
// layer is put behind: with small weights its softmax is uniform, and image n's gradient is (mean row - row of label n)
// of that layer, a normal vector. The labels are drawn among many rows.
constexpr std::int64_t readout_rows = 256;
constexpr float readout_std = 0.01F;

struct Measured {
  std::vector<double> ratios;  // of the layers with a weight, in order
  double output_std = 0;
};

class Ratios {
 public:
  Ratios(const Task& task, const Batch& batch)
      : graph_(task.graph), stop_(task.stop), output_(task.graph.output()), program_(extended(), options(batch)) {
    std::ranges::copy(batch.images.values, program_.input());
    for (std::size_t i = 0; i < batch.labels.size(); ++i)
      program_.labels()[i] = static_cast<std::int32_t>(random::uniform_index(stream(task, 0), i, readout_rows));
    readout_.name = graph_.parameters().back().name;
    readout_.tensor.shape = graph_.parameters().back().shape;
    readout_.tensor.values.resize(static_cast<std::size_t>(element_count(readout_.tensor.shape)));
    random::fill_normal(std::span<float>(readout_.tensor.values), stream(task, 1), 0, readout_std);
  }

  Measured measure(std::vector<NamedTensor> state) {
    const std::size_t own = state.size();
    state.push_back(readout_);
    program_.load(state);
    program_.forward_backward(0, 0, stop_);
    Measured result;
    const std::vector<NamedTensor> gradients = program_.to_logical(program_.gradients());
    for (std::size_t i = 0; i < own; ++i) {
      if (graph_.parameters()[i].role != model::Role::weight) continue;
      const auto gradient = std::ranges::find(gradients, state[i].name, &NamedTensor::name);
      result.ratios.push_back(rms(gradient->tensor.values) / rms(state[i].tensor.values));
    }
    const std::vector<float> output = program_.value(output_).values;
    double mean = 0, variance = 0;
    for (const float value : output) mean += value;
    mean /= static_cast<double>(output.size());
    for (const float value : output) variance += (value - mean) * (value - mean);
    result.output_std = std::sqrt(variance / static_cast<double>(output.size()));
    return result;
  }

 private:
  const model::Graph& extended() {
    graph_.add("equalize.readout", model::Linear{readout_rows, false}, {output_});
    return graph_;
  }
  static engine::CompileOptions options(const Batch& batch) {
    engine::CompileOptions chosen;
    chosen.batch = static_cast<std::int64_t>(batch.labels.size());
    chosen.fuse = false;
    return chosen;
  }
  static random::Stream stream(const Task& task, std::uint32_t draw) {
    return random::make_stream(task.seed, "equalize.readout", random::Purpose::initialize, draw);
  }
  static double rms(const std::vector<float>& values) {
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * value;
    return std::sqrt(sum / static_cast<double>(values.size()));
  }

  model::Graph graph_;
  const std::stop_token& stop_;
  model::ValueId output_;
  engine::Program program_;
  NamedTensor readout_;
};

}  // namespace

void require_chain(const Task& task) {
  for (const model::Node& node : task.graph.nodes()) {
    const bool joins = std::holds_alternative<model::Add>(node.op) || std::holds_alternative<model::Concat>(node.op);
    if (!joins && !std::holds_alternative<model::BatchNorm>(node.op)) continue;
    throw Error(
        fmt::format("scheme '{}' with equalize=true needs a chain of layers without normalization; '{}' of {} {}",
                    task.name, node.name, task.graph.name(), joins ? "joins two branches" : "is a normalization"));
  }
}

void equalize(const Task& task, const Batch& batch, std::vector<NamedTensor>& state) {
  require_chain(task);
  Ratios ratios(task, batch);
  for (int round = 0; round < most_rounds; ++round) {
    const Measured now = ratios.measure(state);
    const auto layers = static_cast<double>(now.ratios.size());
    double target = std::log(now.output_std) / layers;
    for (const double ratio : now.ratios) target += std::log(ratio) / layers;
    if (!std::isfinite(target))
      throw Error(fmt::format("scheme '{}' cannot equalize gradients: some layer of {} gets none", task.name,
                              task.graph.name()));
    const auto off = [&](double ratio) { return std::abs(std::log(ratio) - target); };
    if (std::ranges::all_of(now.ratios, [&](double ratio) { return off(ratio) < close; })) return;
    double carried = 1;  // how far the layer's input has grown
    std::size_t layer = 0;
    for (const model::Node& node : task.graph.nodes()) {
      if (!has_weight(node)) continue;
      const double factor = std::exp(0.5 * (std::log(now.ratios[layer++]) - target));
      carried *= factor;
      for (std::size_t p = 0; p < node.parameters.size(); ++p)
        for (float& value : state[static_cast<std::size_t>(node.parameters[p])].tensor.values)
          value = static_cast<float>(value * (p == 0 ? factor : carried));
    }
  }
}

}  // namespace fanin::adapt
