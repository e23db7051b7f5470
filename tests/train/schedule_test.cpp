// Schedules at the places that matter, and optimizers on one step by hand.
#include <gmock/gmock.h>

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
