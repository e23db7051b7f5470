// Schedules at the places that matter, and optimizers on one step by hand.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fanin/base/error.h"
#include "fanin/model/builders.h"
#include "fanin/train/optimizer.h"

namespace fanin::train {
namespace {

TEST(ScheduleTest, Constant) {
  const Schedule schedule(parse_spec("constant:warmup=4"), 100);
  EXPECT_DOUBLE_EQ(schedule.factor(0), 0.25);
  EXPECT_DOUBLE_EQ(schedule.factor(3), 1.0);
  EXPECT_DOUBLE_EQ(schedule.factor(99), 1.0);
}

TEST(ScheduleTest, StepCutsAtEqualDistances) {
  const Schedule schedule(parse_spec("step:every=10,gamma=0.5"), 100);
  EXPECT_DOUBLE_EQ(schedule.factor(9), 1.0);
  EXPECT_DOUBLE_EQ(schedule.factor(10), 0.5);
  EXPECT_DOUBLE_EQ(schedule.factor(29), 0.25);
  EXPECT_DOUBLE_EQ(Schedule(parse_spec("step"), 90).factor(30), 0.1);
}

TEST(ScheduleTest, CosineFallsToItsEnd) {
  const Schedule schedule(parse_spec("cosine:final=0.1"), 100);
  EXPECT_DOUBLE_EQ(schedule.factor(0), 1.0);
  EXPECT_NEAR(schedule.factor(50), 0.55, 1e-12);
  EXPECT_NEAR(schedule.factor(100), 0.1, 1e-12);
  const Schedule warm(parse_spec("cosine:warmup=10"), 110);
  EXPECT_DOUBLE_EQ(warm.factor(9), 1.0);
  EXPECT_NEAR(warm.factor(60), 0.5, 1e-12);
}

TEST(ScheduleTest, OneCycleIsPyTorchs) {
  // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10), and 20 with pct_start=0.5, div_factor=10,
  // final_div_factor=100.
  const std::vector<double> ten = {
      0.04, 0.52, 1, 0.950484632013, 0.81174565395, 0.611262021936, 0.388741978064, 0.18825834605, 0.0495193679865,
      4e-06};
  const Schedule usual(parse_spec("onecycle"), 10);
  for (std::size_t i = 0; i < ten.size(); ++i) EXPECT_NEAR(usual.factor(static_cast<std::int64_t>(i)), ten[i], 1e-11);
  const Schedule other(parse_spec("onecycle:rise=0.5,div=10,final_div=100"), 20);
  EXPECT_NEAR(other.factor(0), 0.1, 1e-12);
  EXPECT_NEAR(other.factor(3), 0.325, 1e-11);
  EXPECT_NEAR(other.factor(9), 1, 1e-12);
  EXPECT_NEAR(other.factor(12), 0.79409873352, 1e-11);
  EXPECT_NEAR(other.factor(19), 0.001, 1e-12);
  for (const std::int64_t steps : {1, 2, 3}) {  // too short to rise
    for (std::int64_t i = 0; i < steps; ++i)
      EXPECT_TRUE(std::isfinite(Schedule(parse_spec("onecycle"), steps).factor(i)));
  }
}

TEST(OptimizerTest, RmspropIsPyTorchs) {
  // torch.optim.RMSprop in float64, four steps of lr 0.1.
  const std::vector<std::array<float, 3>> gradients = {
      {0.5F, -1, 2}, {0.25F, 0.5F, -1}, {-1.5F, 0.125F, 0}, {1, 1, -0.5F}};
  const std::vector<std::pair<const char*, std::array<double, 3>>> cases = {
      {"rmsprop", {-0.043090842803, -2.23065141714, 0.1701722093}},
      {"rmsprop:alpha=0.9,epsilon=1e-3", {0.663168773554, -2.09642396991, 0.41066595912}},
      {"rmsprop:alpha=0.9,centered=true", {0.633558394912, -2.08423644199, 0.394462172553}},
      {"rmsprop:alpha=0.9,momentum=0.9", {-0.0932692650225, -1.61204622934, -0.108644391144}},
      {"rmsprop:alpha=0.9,momentum=0.9,centered=true,weight_decay=0.1",
       {-0.219373246877, -1.28870125269, -0.176837556196}}};
  const model::Graph graph = model::build_model(parse_spec("mlp:layers=0"), {3}, 3);
  for (const auto& [spec, expected] : cases) {
    engine::CompileOptions options;
    options.batch = 1;
    engine::Program program(graph, options);
    Optimizer optimizer(parse_spec(spec), program);
    const std::size_t at = program.segments().front().offset;
    const std::array<float, 3> start = {1, -2, 0.5F};
    std::copy(start.begin(), start.end(), program.parameters().begin() + at);
    for (const auto& gradient : gradients) {
      std::copy(gradient.begin(), gradient.end(), program.gradients().begin() + at);
      optimizer.step(0.1, 0);
    }
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(static_cast<double>(program.parameters()[at + i]), expected[i], 3e-6) << spec << " " << i;
    }
  }
}

TEST(OptimizerTest, OneStepByHand) {
  const model::Graph graph = model::build_model(parse_spec("mlp:hidden=4,layers=1"), {1, 2, 2}, 3);
  const auto step = [&](const char* spec, double clip, float gradient) {
    engine::CompileOptions options;
    options.batch = 1;
    engine::Program program(graph, options);
    std::ranges::fill(program.parameters(), 2.0f);
    std::ranges::fill(program.gradients(), gradient);
    Optimizer optimizer(parse_spec(spec), program);
    optimizer.step(0.1, clip);
    optimizer.step(0.1, clip);
    const engine::Segment& weight = program.segments().front();
    const engine::Segment& bias = program.segments().at(1);
    EXPECT_EQ(weight.role, model::Role::weight);
    EXPECT_EQ(bias.role, model::Role::bias);
    return std::pair(program.parameters()[weight.offset], program.parameters()[bias.offset]);
  };
  EXPECT_NEAR(step("sgd", 0, 0.5f).first, 2 - 0.1 * 0.5 * 2, 1e-6);
  EXPECT_NEAR(step("sgd:momentum=0.9", 0, 0.5f).first, 2 - 0.1 * (0.5 + 0.95), 1e-6);
  EXPECT_NEAR(step("sgd:momentum=0.9,nesterov=true", 0, 0.5f).first, 2 - 0.1 * (0.5 * 1.9 + 0.5 + 0.9 * 0.95), 1e-6);
  const auto [decayed, exempt] = step("sgd:weight_decay=0.1", 0, 0.0f);
  EXPECT_NEAR(decayed, 2 * 0.99 * 0.99, 1e-6);
  EXPECT_EQ(exempt, 2.0f) << "biases do not decay";
  EXPECT_NEAR(step("sgd:weight_decay=0.1,decay_all=true", 0, 0.0f).second, 2 * 0.99 * 0.99, 1e-6);
  EXPECT_NEAR(step("adam", 0, 0.5f).first, 1.8, 1e-4);
  EXPECT_NEAR(step("adamw:weight_decay=0.1", 0, 0.0f).first, 2 * 0.99 * 0.99, 1e-6);
  EXPECT_GT(step("sgd", 0.001, 0.5f).first, 2 - 0.1 * 0.001) << "clipped to a thousandth";
}

TEST(TableTest, EveryRowCanBeMade) {
  const model::Graph graph = model::build_model(parse_spec("mlp:hidden=4,layers=1"), {1, 2, 2}, 3);
  engine::CompileOptions options;
  options.batch = 1;
  engine::Program program(graph, options);
  for (const OptimizerInfo& row : optimizer_table()) Optimizer({std::string(row.name), {}}, program);
  for (const OptimizerInfo& row : schedule_table()) Schedule({std::string(row.name), {}}, 10);
}

}  // namespace
}  // namespace fanin::train
