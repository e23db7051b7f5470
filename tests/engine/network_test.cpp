// Whole networks: against the reference, fused beside unfused, and the promises of program.h.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/compare.h"
#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/model/builders.h"

namespace fanin::testing {
namespace {

using engine::CompileOptions;
using engine::Program;
using model::Graph;
using model::ValueId;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

Graph build(const std::string& spec, const Shape& input) {
  return model::build_model(parse_spec(spec), input, 10);
}

/// Residual blocks of every kind the engine fuses: two normalized branches, a plain shortcut, readers in threes.
Graph odd_residual() {
  Graph graph("odd", {3, 9, 7});
  const auto conv = [&](const std::string& name, std::int64_t channels, ValueId from) {
    return graph.add(name,
                     model::Conv2d{.out_channels = channels,
                                   .kernel_h = 3,
                                   .kernel_w = 3,
                                   .pad_top = 1,
                                   .pad_left = 1,
                                   .pad_bottom = 1,
                                   .pad_right = 1,
                                   .bias = false},
                     {from});
  };
  const auto relu = [&](const std::string& name, ValueId from) { return graph.add(name, model::Activation{}, {from}); };
  ValueId x = relu("relu0", graph.add("bn0", model::BatchNorm{}, {conv("conv0", 5, 0)}));
  const ValueId left = graph.add("bn1", model::BatchNorm{}, {conv("conv1", 5, x)});
  const ValueId right = graph.add("bn2", model::BatchNorm{}, {conv("conv2", 5, x)});
  x = relu("relu1", graph.add("add1", model::Add{}, {left, right}));
  const ValueId branch = graph.add("scale", model::Scale{0.5}, {conv("conv3", 5, x)});
  x = relu("relu2", graph.add("add2", model::Add{}, {x, branch}));
  const ValueId again = graph.add("bn4", model::BatchNorm{}, {conv("conv4", 5, x)});
  x = graph.add("add3", model::Add{}, {again, x});
  x = graph.add("add4", model::Add{}, {x, x});
  x = graph.add("silu", model::Activation{model::ActivationKind::silu}, {x});
  x = graph.add("drop", model::Dropout{0.3}, {x});
  x = graph.add("pool", model::MaxPool2d{3, 3, 2, 2, 1, 1, 1, 1}, {relu("relu5", conv("conv5", 6, x))});
  x = graph.add("average", model::AveragePool2d{1, 1, 2, 2}, {x});
  x = graph.add("pad", model::Pad{.channels_before = 5, .channels_after = 7}, {x});
  x = graph.add("fc1", model::Linear{11}, {graph.add("flatten", model::Flatten{}, {x})});
  x = graph.add("tanh", model::Activation{model::ActivationKind::tanh}, {x});
  graph.add("fc2", model::Linear{4}, {x});
  return graph;
}

/// One residual block between a stem and a head.
Graph one_block() {
  Graph graph("block", {3, 32, 32});
  const auto conv = [&](const std::string& name, ValueId from) {
    model::Conv2d op{.out_channels = 16, .kernel_h = 3, .kernel_w = 3, .bias = false};
    op.pad_top = op.pad_left = op.pad_bottom = op.pad_right = 1;
    return graph.add("bn_" + name, model::BatchNorm{}, {graph.add(name, op, {from})});
  };
  const auto relu = [&](const std::string& name, ValueId from) { return graph.add(name, model::Activation{}, {from}); };
  const ValueId stem = relu("relu0", conv("conv0", 0));
  const ValueId branch = conv("conv2", relu("relu1", conv("conv1", stem)));
  const ValueId sum = relu("relu2", graph.add("add", model::Add{}, {branch, stem}));
  graph.add("fc", model::Linear{10}, {graph.add("pool", model::GlobalAveragePool{}, {sum})});
  return graph;
}

struct Case {
  std::string name;
  Graph graph;
};

std::vector<Case> networks() {
  return {{"lenet5", build("lenet5", {1, 28, 28})},
          {"mlp", build("mlp", {1, 9, 9})},
          {"vanilla", build("vanilla:depth=6,width=9", {3, 16, 16})},
          {"vanilla tanh", build("vanilla:depth=6,width=16,activation=tanh", {1, 16, 16})},
          {"vanilla batch", build("vanilla:depth=6,width=8,norm=batch", {1, 16, 16})},
          {"vanilla prelu", build("vanilla:depth=5,width=9,activation=prelu", {1, 16, 16})},
          {"densenet", build("densenet:depth=16,growth=6", {3, 12, 12})},
          {"densenet without bottlenecks", build("densenet:depth=10,growth=5,bottleneck=0", {3, 12, 12})},
          {"resnet20", build("resnet20", {3, 16, 16})},
          {"resnet20 scaled", build("resnet20:norm=none,branch_scale=scalar", {3, 16, 16})},
          {"odd", odd_residual()}};
}

/// Weights of a useful size: random ones of size 1 in a deep network overflow the comparison.
void shrink(Pair& pair) {
  const Graph& graph = pair.network.graph();
  for (std::size_t i = 0; i < graph.parameters().size(); ++i) {
    const model::Parameter& parameter = graph.parameters()[i];
    if (parameter.role != model::Role::weight) continue;
    const double fan_in = static_cast<double>(element_count(parameter.shape) / parameter.shape[0]);
    for (double& x : pair.network.parameter(static_cast<model::ParameterId>(i))) x *= 2 / std::sqrt(fan_in);
  }
  const auto tensors = tensors_of(pair.network);
  pair.program.load(tensors);
  pair.network.load(tensors);
}

TEST(Networks, FollowTheReferenceFusedAndUnfused) {
  for (const Case& item : networks()) {
    for (const int way : {0, 1, 2, 4}) {  // unfused; fused, so many images at a time
      const bool fuse = way > 0;
      SCOPED_TRACE(item.name + (fuse ? fmt::format(", {} images at a time", way) : ", unfused"));
      Dice dice(11);
      Pair pair(item.graph, {.batch = 4, .training = true, .fuse = fuse, .label_smoothing = 0.1, .images_at_once = way},
                dice);
      shrink(pair);
      expect_same_training(pair, {5, 2, 0.1}, 1e-3, !fuse);
      expect_same_evaluation(pair, 1e-3);
      expect_same_training(pair, {5, 3, 0.1}, 1e-3, !fuse);  // after an evaluation, other dropout
    }
  }
}

TEST(Program, NeedsLessMemoryForImagesAtATime) {
  const Graph graph = build("resnet20", {3, 32, 32});
  const Program whole(graph, {.batch = 32, .images_at_once = 32}), parts(graph, {.batch = 32});
  EXPECT_LT(parts.arena_bytes(), whole.arena_bytes() * 4 / 5);
  EXPECT_THAT(whole.dump(), Not(HasSubstr("at a time")));
}

/// The lines of a dump that hold `word`.
std::vector<std::string> lines_with(const Program& program, const std::string& word) {
  std::vector<std::string> found;
  std::istringstream lines(program.dump());
  for (std::string line; std::getline(lines, line);) {
    if (line.find(word) != std::string::npos) found.push_back(line);
  }
  return found;
}

TEST(Program, TakesTheBatchAtOnceWhereNoDivisorPays) {
  const Program prime(build("resnet20", {3, 32, 32}), {.batch = 31});
  EXPECT_THAT(lines_with(prime, "layer1.1.conv1.weight ->"), Each(HasSubstr("(1 at a time)")));  // large images
  EXPECT_THAT(lines_with(prime, "layer3.1.conv1.weight ->"), Each(Not(HasSubstr("at a time"))));
  const Program even(build("resnet20", {3, 32, 32}), {.batch = 32});
  EXPECT_THAT(lines_with(even, "layer3.1.conv1.weight ->"), Each(HasSubstr("(8 at a time)")));
  // Images that are small beside the weights: each call would go over the weights again.
  const Program deep(build("vgg11", {3, 32, 32}), {.batch = 32});
  EXPECT_THAT(lines_with(deep, "conv5_1.weight ->"), Each(Not(HasSubstr("at a time"))));
}

TEST(Program, GivesTheSameBitsTwice) {
  std::vector<float> first;
  for (int round = 0; round < 2; ++round) {
    Dice dice(3);
    Pair pair(odd_residual(), {.batch = 6}, dice);
    pair.program.forward_backward(1, 1);
    const auto gradients = pair.program.gradients();
    if (round == 0) first.assign(gradients.begin(), gradients.end());
    ASSERT_EQ(first.size(), gradients.size());
    EXPECT_EQ(std::memcmp(first.data(), gradients.data(), first.size() * sizeof(float)), 0);
    pair.program.forward_backward(1, 1);
    EXPECT_EQ(std::memcmp(first.data(), gradients.data(), first.size() * sizeof(float)), 0) << "second pass";
  }
}

TEST(Program, GivesTheSameBitsBesideOthers) {
  std::vector<std::vector<float>> results(3);
  const auto run = [&](std::size_t i) {
    Dice dice(3);
    Pair pair(odd_residual(), {.batch = 6}, dice);
    for (int step = 0; step < 5; ++step) pair.program.forward_backward(1, step);
    results[i].assign(pair.program.gradients().begin(), pair.program.gradients().end());
  };
  run(0);
  std::thread first(run, 1), second(run, 2);
  first.join();
  second.join();
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(Program, StoresWhatItLoaded) {
  for (const Case& item : networks()) {
    Dice dice(5);
    Pair pair(item.graph, {.batch = 2}, dice);
    const auto expected = tensors_of(pair.network), stored = pair.program.store();
    ASSERT_EQ(stored.size(), expected.size());
    for (std::size_t i = 0; i < stored.size(); ++i) {
      EXPECT_EQ(stored[i].name, expected[i].name);
      EXPECT_EQ(stored[i].tensor.shape, expected[i].tensor.shape);
      EXPECT_EQ(stored[i].tensor.values, expected[i].tensor.values) << item.name << " " << stored[i].name;
    }
    std::vector<float> block(pair.program.parameters().size(), 0.0F);
    pair.program.from_logical(pair.program.to_logical(pair.program.parameters()), block);
    EXPECT_TRUE(std::equal(block.begin(), block.end(), pair.program.parameters().begin())) << item.name;
  }
}

TEST(Program, KeepsPaddingZero) {
  // What lies outside the logical elements is what the round trip through logical order leaves zero.
  for (const Case& item : networks()) {
    Dice dice(5);
    Pair pair(item.graph, {.batch = 2}, dice);
    shrink(pair);
    pair.program.forward_backward(1, 0);
    std::vector<float> block(pair.program.gradients().size(), 0.0F);
    pair.program.from_logical(pair.program.to_logical(pair.program.gradients()), block);
    EXPECT_TRUE(std::equal(block.begin(), block.end(), pair.program.gradients().begin())) << item.name;
  }
}

TEST(Program, LetsNaNThroughToTheLoss) {
  for (const Case& item : networks()) {
    for (const bool fuse : {true, false}) {
      Dice dice(5);
      Pair pair(item.graph, {.batch = 2, .training = true, .fuse = fuse, .label_smoothing = 0}, dice);
      auto tensors = tensors_of(pair.network);
      tensors[0].tensor.values[0] = NAN;
      pair.program.load(tensors);
      EXPECT_TRUE(std::isnan(pair.program.forward_backward(1, 0).loss)) << item.name << fuse;
      EXPECT_EQ(pair.program.forward_backward(1, 0).correct, 0);
      EXPECT_FALSE(std::isfinite(pair.program.evaluate(2).loss_sum)) << item.name << fuse;
    }
  }
}

TEST(Program, LetsNaNThroughWhenMadeWhileDenormalsFlush) {
  const DenormalGuard guard;
  Dice dice(5);
  Pair pair(build("vanilla:depth=6,width=8", {1, 20, 20}), {.batch = 2}, dice);
  auto tensors = tensors_of(pair.network);
  tensors[0].tensor.values[0] = NAN;
  pair.program.load(tensors);
  EXPECT_TRUE(std::isnan(pair.program.forward_backward(1, 0).loss));
  EXPECT_TRUE(DenormalGuard::active());
}

TEST(Program, EvaluatesTheFirstImagesAlone) {
  Dice dice(9);
  Pair pair(build("lenet5", {1, 28, 28}), {.batch = 5, .training = false}, dice);
  const double all = pair.program.evaluate(5).loss_sum, three = pair.program.evaluate(3).loss_sum;
  for (std::int64_t i = 3 * 28 * 28; i < 5 * 28 * 28; ++i) pair.program.input()[i] = 0;
  EXPECT_EQ(pair.program.evaluate(3).loss_sum, three);
  EXPECT_GT(all, three);
  EXPECT_EQ(pair.program.evaluate(0).loss_sum, 0);
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Hundreds of buffers: descriptions must not be looked up where they were before the next was added.
TEST(Program, CompilesADeepNetworkFusedAndUnfused) {
  const Graph graph = build("resnet110", {1, 16, 16});
  for (const bool fuse : {true, false}) {
    const Program program(graph, {.batch = 4, .fuse = fuse});
    EXPECT_GT(program.arena_bytes(), 0u);
  }
}

TEST(Program, SaysWhatIsWrong) {
  const Graph graph = build("lenet5", {1, 28, 28});
  EXPECT_THAT(message_of([&] { Program(graph, {.batch = 0}); }), HasSubstr("batch size is 0"));
  EXPECT_THAT(message_of([&] { Program(graph, {.batch = 1, .label_smoothing = 1.0}); }),
              HasSubstr("label smoothing is 1"));
  Program program(graph, {.batch = 2, .training = false});
  EXPECT_THAT(message_of([&] { program.forward_backward(0, 0); }), HasSubstr("without training"));
  EXPECT_THAT(message_of([&] { program.evaluate(3); }), HasSubstr("3 images"));
  EXPECT_THAT(message_of([&] { program.value(1); }), HasSubstr("unfused"));
  EXPECT_THAT(message_of([&] { program.set_share(1.5); }),
              HasSubstr("the share is 1.5; expected a number from 0 to 1"));
  Program trained(graph, {.batch = 2});
  trained.partner_labels()[0] = -1;
  trained.forward_backward(0, 0);  // partners count only below a share of 1
  trained.set_share(0.5);
  EXPECT_THAT(message_of([&] { trained.forward_backward(0, 0); }), HasSubstr("image 0 of the batch has label -1"));
  program.labels()[1] = 10;
  EXPECT_THAT(message_of([&] { program.evaluate(2); }),
              HasSubstr("image 1 of the batch has label 10; expected 0 to 9"));
  std::vector<float> block(3);
  EXPECT_THAT(message_of([&] { (void)program.to_logical(block); }), HasSubstr("a block of 3 floats is given"));
  auto tensors = program.store();
  tensors[0].name = "conv1.wieght";
  EXPECT_THAT(message_of([&] { program.load(tensors); }),
              HasSubstr("parameter 'conv1.weight' is missing among the tensors given"));
  tensors = program.store();
  tensors[0].tensor.shape = {1};
  EXPECT_THAT(message_of([&] { program.load(tensors); }), HasSubstr("expected 6x1x5x5"));
  tensors = program.store();
  tensors.push_back({"conv1.extra", {{1}, {0.0F}}});
  EXPECT_THAT(message_of([&] { program.load(tensors); }), HasSubstr("no parameter 'conv1.extra'"));
  Graph open("open", {1, 4, 4});
  open.add("conv", model::Conv2d{.out_channels = 2}, {0});
  EXPECT_THAT(message_of([&] { Program(open, {.batch = 1}); }), HasSubstr("conv"));
}

void expect_golden(const Program& program, const std::string& name) {
  const std::string path = std::string(FANIN_TESTS_DIR) + "/engine/golden/" + name + ".txt";
  if (std::getenv("FANIN_APPROVE")) std::ofstream(path) << program.dump();
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(program.dump(), golden.str()) << "make it again with scripts/approve.sh and look at the difference";
  EXPECT_THAT(program.dump(true), HasSubstr("["));
}

TEST(Dump, OfLenet5IsTheGoldenFile) {
  expect_golden(Program(build("lenet5", {1, 28, 28}), {.batch = 64}), "lenet5");
}
TEST(Dump, OfAResidualNetworkIsTheGoldenFile) {
  expect_golden(Program(one_block(), {.batch = 64}), "residual");
}

TEST(Dump, ShowsNoSlowConvolution) {
  for (const Case& item : networks()) {
    const std::string text = Program(item.graph, {.batch = 32}).dump(true);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const bool slow = line.find("[ref") != std::string::npos || line.find("[gemm") != std::string::npos;
      const bool matrix = line.find("fc") != std::string::npos || line.find("linear") != std::string::npos ||
                          line.find("matrix product") != std::string::npos;
      EXPECT_FALSE(slow && !matrix) << item.name << ": " << line;
    }
  }
}

}  // namespace
}  // namespace fanin::testing
