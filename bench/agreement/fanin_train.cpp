// One contender of the question "does Fanin reach PyTorch's accuracy?", and the export for the other.
// usage: bench_agreement DATA SEED EPOCHS RATE OUT.npz
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>

#include "fanin/base/error.h"
#include "fanin/data/dataset.h"
#include "fanin/formats/npz.h"
#include "fanin/random/stream.h"
#include "fanin/train/trial.h"

namespace {

using namespace fanin;

template <class T>
formats::NamedArray named(const char* name, formats::ElementType type, Shape shape, const std::vector<T>& values) {
  formats::Array array{type, std::move(shape), std::vector<std::uint8_t>(values.size() * sizeof(T))};
  std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return {name, std::move(array)};
}

/// The training images of every step, (steps, batch), as the trial's batches take them.
std::vector<std::int32_t> order_of(const train::TrialSettings& settings, const data::Split& split) {
  const auto images = static_cast<std::uint32_t>(split.train.size());
  const std::int64_t in_epoch = images / settings.batch;
  std::vector<std::int32_t> order;
  for (std::int64_t epoch = 0; epoch * in_epoch < settings.steps; ++epoch) {
    const auto shuffled = random::permutation(
        random::make_stream(settings.seed, "order", random::Purpose::order, static_cast<std::uint32_t>(epoch)), images);
    for (std::int64_t i = 0; i < in_epoch * settings.batch; ++i) {
      order.push_back(static_cast<std::int32_t>(split.train[shuffled[static_cast<std::size_t>(i)]]));
    }
  }
  return order;
}

int run(char** arguments) {
  const data::Dataset dataset = data::load_dataset(arguments[1]);
  const train::TrialData shared{dataset, data::compute_normalization(dataset.train)};
  train::TrialSettings settings;
  settings.model = parse_spec("resnet20");
  settings.init = parse_spec("he_normal:mode=fan_out");
  settings.optimizer = parse_spec("sgd:momentum=0.9,weight_decay=0.0001");
  settings.schedule = parse_spec("cosine");
  settings.learning_rate = parse_number(arguments[4], "RATE");
  settings.seed = parse_unsigned(arguments[2], "SEED");
  settings.batch = 128;
  settings.validation_size = 5000;
  const data::Split split = data::make_split(dataset.train, 0, settings.validation_size, settings.seed);
  settings.steps =
      parse_integer(arguments[3], "EPOCHS") * (static_cast<std::int64_t>(split.train.size()) / settings.batch);
  settings.evaluate_every = settings.steps;

  train::Trial trial(shared, settings);
  const data::Images& train = dataset.train;
  const data::Images& test = dataset.test;
  std::vector<formats::NamedArray> arrays = {
      named("images", formats::ElementType::uint8, {train.count, train.channels, train.height, train.width},
            train.pixels),
      named("labels", formats::ElementType::int32, {train.count}, train.labels),
      named("test_images", formats::ElementType::uint8, {test.count, test.channels, test.height, test.width},
            test.pixels),
      named("test_labels", formats::ElementType::int32, {test.count}, test.labels),
      named("mean", formats::ElementType::float32, {train.channels}, shared.normalization.mean),
      named("std", formats::ElementType::float32, {train.channels}, shared.normalization.std),
      named("order", formats::ElementType::int32, {settings.steps, settings.batch}, order_of(settings, split)),
  };
  for (const NamedTensor& weight : trial.parameters()) {
    arrays.push_back({"weights/" + weight.name, formats::to_array(weight.tensor)});
  }
  formats::write_npz(arguments[5], arrays);

  trial.advance(settings.steps);
  trial.evaluate_test();
  const train::TrialResult& result = trial.result();
  fmt::print("fanin seed {} first loss {:.6f} test accuracy {:.4f} seconds {:.1f} images/s {:.0f}\n", settings.seed,
             result.curve.front().train_loss, *result.test_accuracy, result.seconds,
             static_cast<double>(settings.steps * settings.batch) / result.seconds);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) {
    fmt::print(stderr, "usage: bench_agreement DATA SEED EPOCHS RATE OUT.npz\n");
    return 2;
  }
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_agreement: {}\n", error.what());
    return 1;
  }
}
