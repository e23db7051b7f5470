// Fanin's contender: a whole training step (forward, backward, SGD with momentum), and apart from it the making of its
// batch (shuffle, flip and crop, normalization).
// usage: bench_steps_fanin lenet5|resnet20|vanilla20 BATCH SECONDS
#include <cstdlib>
#include <fstream>

#include "bench/steps/round.h"
#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/data/dataset.h"
#include "fanin/engine/program.h"
#include "fanin/engine/version.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "fanin/train/optimizer.h"

namespace {

using namespace fanin;

data::Images made_up_images(const Shape& shape, std::int64_t count) {
  data::Images images{count, shape[0], shape[1], shape[2], {}, {}};
  std::uint32_t state = 1;
  const auto draw = [&] { return (state = state * 1664525u + 1013904223u) >> 24; };
  for (std::int64_t i = 0; i < count * images.image_size(); ++i) {
    images.pixels.push_back(static_cast<std::uint8_t>(draw()));
  }
  for (std::int64_t i = 0; i < count; ++i) images.labels.push_back(static_cast<std::int32_t>(i % 10));
  return images;
}

/// What the other contenders start from; start.py says how it is read.
void write_start(const char* path, engine::Program& program, std::int64_t floats) {
  std::ofstream file(path, std::ios::binary);
  const auto write = [&](const float* values, std::int64_t count) {
    file.write(reinterpret_cast<const char*>(values), count * static_cast<std::int64_t>(sizeof(float)));
  };
  for (const NamedTensor& item : program.store()) {
    if (item.tensor.shape.size() > 1) write(item.tensor.values.data(), std::ssize(item.tensor.values));
  }
  write(program.input(), floats);
  if (!file.flush()) throw Error(fmt::format("{}: cannot be written", path));
}

void run(const std::string& model, std::int64_t batch, double seconds) {
  const Shape input = model == "lenet5" ? Shape{1, 28, 28} : Shape{3, 32, 32};
  const model::Graph graph = model::build_model(parse_spec(model), input, 10);
  engine::CompileOptions options;
  options.batch = batch;
  engine::Program program(graph, options);
  program.load(init::initialize(graph, parse_spec("he_normal"), 0));
  train::Optimizer optimizer(parse_spec("sgd:momentum=0.9"), program);
  const data::Images images = made_up_images(input, 16 * batch);
  std::vector<std::uint32_t> all;
  for (std::int64_t i = 0; i < images.count; ++i) all.push_back(static_cast<std::uint32_t>(i));
  const data::Augmentation augmentation = data::parse_augmentation(model == "lenet5" ? "none" : "flip,crop:4");
  data::Batches batches(images, all, data::compute_normalization(images), batch, 0, augmentation);
  const DenormalGuard guard;
  std::int64_t made = 0, step = 0;
  const auto make_batch = [&] { batches.training_batch(made++, program.input(), program.labels()); };
  const auto train_step = [&] {
    const double loss = program.forward_backward(0, step++).loss;
    optimizer.step(0.001, 0);
    return loss;
  };
  make_batch();
  for (std::int64_t i = 0; i < batch; ++i) program.labels()[i] = static_cast<std::int32_t>(i % 10);
  if (const char* start = std::getenv("FANIN_BENCH_START")) write_start(start, program, batch * element_count(input));
  std::string losses;
  for (int i = 0; i < 4; ++i) losses += fmt::format("{}{:.6f}", i == 0 ? "" : ",", train_step());
  const char* clock = std::getenv("FANIN_BENCH_CLOCK");  // "wall": for bench/loaded
  const bool by_wall_clock = clock && std::string_view(clock) == "wall";
  std::int64_t parameters = 0;
  for (const model::Parameter& parameter : graph.parameters()) {
    if (model::is_trainable(parameter.role)) parameters += element_count(parameter.shape);
  }
  bench::serve(fmt::format("parameters={} losses={} {} {}", parameters, losses, engine::library_versions(),
                           engine::instruction_set()),
               [&] {
                 if (by_wall_clock) return fmt::format("rate={:.3f}", bench::rate_of_round(seconds, train_step));
                 const double of_step = bench::median_of_round(seconds, train_step);
                 const double of_data = bench::median_of_round(seconds / 10, make_batch);
                 return fmt::format("step={:.9f} data={:.9f}", of_step, of_data);
               });
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    fmt::print(stderr, "usage: bench_steps_fanin lenet5|resnet20|vanilla20 BATCH SECONDS\n");
    return 2;
  }
  try {
    run(arguments[1], parse_integer(arguments[2], "BATCH"), parse_number(arguments[3], "SECONDS"));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_steps_fanin: {}\n", error.what());
    return 1;
  }
}
