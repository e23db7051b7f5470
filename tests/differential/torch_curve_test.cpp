// The trainer against PyTorch: same weights, same batches. The engine's float32 curve may be no further from PyTorch's
// float64 curve than three times PyTorch's own float32 is; the double reference follows it to 1e-8.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "differential/python.h"
#include "fanin/engine/program.h"
#include "fanin/formats/npz.h"
#include "fanin/init/schemes.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "fanin/train/optimizer.h"
#include "reference/network.h"

namespace fanin {
namespace {

struct Case {
  const char* name;
  const char* model;
  const char* optimizer;  // Fanin's spelling
  const char* kind;       // the script's
  double lr, momentum, weight_decay;
  Shape input;
  std::int64_t batch;
};

void PrintTo(const Case& tested, std::ostream* out) {
  *out << tested.name;
}

// AdamW's weight decay is the default, 0.01, on both sides.
const Case cases[] = {
    {"lenet5_sgd", "lenet5", "sgd:momentum=0.9,weight_decay=0.0005", "sgd", 0.02, 0.9, 5e-4, {1, 28, 28}, 16},
    {"lenet5_adamw", "lenet5", "adamw", "adamw", 0.001, 0, 0.01, {1, 28, 28}, 16},
    {"resnet20_sgd", "resnet20", "sgd:momentum=0.9,weight_decay=0.0005", "sgd", 0.01, 0.9, 5e-4, {3, 16, 16}, 8},
    {"resnet20_adamw", "resnet20", "adamw", "adamw", 0.001, 0, 0.01, {3, 16, 16}, 8},
};
constexpr std::int64_t steps = 50;
constexpr std::int64_t classes = 10;

/// Images of `classes` fixed patterns under noise, so that there is something to learn.
struct Batches {
  std::vector<float> images;
  std::vector<std::int32_t> labels;
};

Batches make_batches(const Case& c) {
  const std::int64_t size = element_count(c.input), count = steps * c.batch;
  Batches made{std::vector<float>(static_cast<std::size_t>(size * count)),
               std::vector<std::int32_t>(static_cast<std::size_t>(count))};
  random::fill_normal(made.images, random::make_stream(1, "images", random::Purpose::subset), 0.0f, 1.0f);
  std::vector<float> patterns(static_cast<std::size_t>(classes * size));
  random::fill_normal(patterns, random::make_stream(1, "patterns", random::Purpose::subset), 0.0f, 0.5f);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::int32_t>(
        random::uniform_index({7, random::Purpose::subset}, static_cast<std::uint64_t>(i), classes));
    made.labels[static_cast<std::size_t>(i)] = label;
    for (std::int64_t j = 0; j < size; ++j)
      made.images[static_cast<std::size_t>(i * size + j)] += patterns[static_cast<std::size_t>(label * size + j)];
  }
  return made;
}

template <class T>
formats::NamedArray named(const std::string& name, formats::ElementType type, Shape shape,
                          const std::vector<T>& values) {
  formats::Array array{type, std::move(shape), std::vector<std::uint8_t>(values.size() * sizeof(T))};
  std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return {name, std::move(array)};
}

std::vector<double> doubles(const formats::Array& array) {
  EXPECT_EQ(array.type, formats::ElementType::float64);
  std::vector<double> values(array.bytes.size() / sizeof(double));
  std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

double furthest(const std::vector<double>& a, const std::vector<double>& b) {
  double distance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) distance = std::max(distance, std::abs(a[i] - b.at(i)));
  return distance;
}

/// ||a - b|| / ||b||
double relative_distance(const std::vector<float>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b.at(i)) * (a[i] - b.at(i));
    size += b[i] * b[i];
  }
  return std::sqrt(difference / std::max(size, 1e-300));
}

/// PyTorch's SGD and AdamW in double on the reference's parameters.
std::vector<double> reference_curve(const Case& c, const model::Graph& graph, const std::vector<NamedTensor>& weights,
                                    const Batches& batches) {
  reference::Network network(graph);
  network.load(weights);
  const std::size_t size = static_cast<std::size_t>(element_count(c.input) * c.batch);
  std::map<model::ParameterId, std::pair<std::vector<double>, std::vector<double>>> state;
  std::vector<double> losses;
  for (std::int64_t step = 0; step < steps; ++step) {
    const auto first = batches.images.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(step) * size);
    const reference::Array images(first, first + static_cast<std::ptrdiff_t>(size));
    const std::span labels(batches.labels.data() + step * c.batch, static_cast<std::size_t>(c.batch));
    losses.push_back(network.forward_backward(images, labels).loss);
    for (model::ParameterId id = 0; id < static_cast<model::ParameterId>(graph.parameters().size()); ++id) {
      if (!model::is_trainable(graph.parameter(id).role)) continue;
      auto& w = network.parameter(id);
      const auto& g = network.parameter_gradient(id);
      auto& [first_moment, second_moment] = state[id];
      first_moment.resize(w.size());
      second_moment.resize(w.size());
      const double decay = graph.parameter(id).role == model::Role::weight ? c.weight_decay : 0.0;
      const double t = static_cast<double>(step + 1);
      for (std::size_t i = 0; i < w.size(); ++i) {
        if (std::string_view(c.kind) == "sgd") {
          first_moment[i] = c.momentum * first_moment[i] + g[i] + decay * w[i];
          w[i] -= c.lr * first_moment[i];
        } else {
          w[i] -= c.lr * decay * w[i];
          first_moment[i] = 0.9 * first_moment[i] + 0.1 * g[i];
          second_moment[i] = 0.999 * second_moment[i] + 0.001 * g[i] * g[i];
          const double root = std::sqrt(second_moment[i]) / std::sqrt(1 - std::pow(0.999, t)) + 1e-8;
          w[i] -= c.lr / (1 - std::pow(0.9, t)) * first_moment[i] / root;
        }
      }
    }
  }
  return losses;
}

/// What PyTorch made of a case.
struct TorchCurves {
  std::vector<double> loss32, loss64;
  std::map<std::string, std::vector<double>> gradient64;  // of the first step, by parameter
};

TorchCurves run_torch(const std::string& python, const Case& c, const std::vector<NamedTensor>& weights,
                      const Batches& batches) {
  std::string folder = (std::filesystem::temp_directory_path() / "fanin-curve-XXXXXX").string();
  if (!::mkdtemp(folder.data())) throw std::runtime_error("no temporary folder");
  Shape shape = {steps, c.batch};
  shape.insert(shape.end(), c.input.begin(), c.input.end());
  std::vector<formats::NamedArray> arrays = {
      named("images", formats::ElementType::float32, shape, batches.images),
      named("labels", formats::ElementType::int32, {steps, c.batch}, batches.labels)};
  for (const NamedTensor& weight : weights) {
    arrays.push_back({"weights/" + weight.name, formats::to_array(weight.tensor)});
  }
  formats::write_npz(folder + "/in.npz", arrays);
  const std::string command =
      fmt::format("'{0}' '{1}/differential/torch_curve.py' {2} {3} {4} {5} {6} {7}/in.npz {7}/out.npz", python,
                  FANIN_TESTS_DIR, c.model, c.kind, c.lr, c.momentum, c.weight_decay, folder);
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
  TorchCurves curves;
  const std::string prefix = "gradient64/";
  for (const formats::NamedArray& item : formats::read_npz(folder + "/out.npz")) {
    if (item.name == "loss32") curves.loss32 = doubles(item.array);
    if (item.name == "loss64") curves.loss64 = doubles(item.array);
    if (item.name.starts_with(prefix)) curves.gradient64[item.name.substr(prefix.size())] = doubles(item.array);
  }
  std::filesystem::remove_all(folder);
  return curves;
}

/// The engine's losses; `gradients` gets those of the first step.
std::vector<double> engine_curve(const Case& c, const model::Graph& graph, const std::vector<NamedTensor>& weights,
                                 const Batches& batches, std::vector<NamedTensor>& gradients) {
  engine::CompileOptions options;
  options.batch = c.batch;
  engine::Program program(graph, options);
  program.load(weights);
  train::Optimizer optimizer(parse_spec(c.optimizer), program);
  std::vector<double> losses;
  const std::size_t size = static_cast<std::size_t>(element_count(c.input) * c.batch);
  for (std::int64_t step = 0; step < steps; ++step) {
    std::copy_n(batches.images.data() + static_cast<std::size_t>(step) * size, size, program.input());
    std::copy_n(batches.labels.data() + step * c.batch, c.batch, program.labels());
    losses.push_back(program.forward_backward(0, step).loss);
    if (step == 0) gradients = program.to_logical(program.gradients());
    optimizer.step(c.lr, 0);
  }
  return losses;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

class TorchCurveTest : public ::testing::TestWithParam<Case> {};

TEST_P(TorchCurveTest, FollowsPyTorch) {
  const std::string python = testing::find_python("torch");
  if (python.empty()) {
    ASSERT_FALSE(testing::must_not_skip()) << "no python3 with torch; scripts/setup.sh --test installs one";
    GTEST_SKIP() << "no python3 with torch";
  }
  const Case& c = GetParam();
  const model::Graph graph = model::build_model(parse_spec(c.model), c.input, classes);
  const Batches batches = make_batches(c);
  // Rounding now and then puts the argument of a ReLU, or two rivals under a maximum, on the other side: the gradient
  // jumps, in PyTorch's float32 as in ours, at another step. So several draws of the weights are judged by their
  // median.
  std::vector<double> engine, torch32, gradient;
  for (std::uint64_t seed : {3, 4, 5, 6, 7}) {
    const std::vector<NamedTensor> weights = init::initialize(graph, parse_spec("he_normal"), seed);
    const TorchCurves torch = run_torch(python, c, weights, batches);
    std::vector<NamedTensor> gradients;
    const std::vector<double> losses = engine_curve(c, graph, weights, batches, gradients);
    EXPECT_NEAR(losses[0], torch.loss64[0], 1e-6 * std::max(1.0, torch.loss64[0])) << "seed " << seed;
    EXPECT_LT(torch.loss64.back(), 0.9 * torch.loss64.front()) << "nothing was learned, so nothing was compared";
    double worst = 0;
    for (const NamedTensor& item : gradients) {
      worst = std::max(worst, relative_distance(item.tensor.values, torch.gradient64.at(item.name)));
    }
    gradient.push_back(worst);
    engine.push_back(furthest(losses, torch.loss64));
    torch32.push_back(furthest(torch.loss32, torch.loss64));
    if (seed == 3) {
      EXPECT_LT(furthest(reference_curve(c, graph, weights, batches), torch.loss64), 1e-8);
    }
  }
  EXPECT_LT(median(gradient), 1e-4);
  EXPECT_LE(median(engine), 3 * median(torch32));
}

INSTANTIATE_TEST_SUITE_P(Models, TorchCurveTest, ::testing::ValuesIn(cases),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace fanin
