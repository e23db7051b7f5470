// Optimizers over a program's flat parameter block, and learning-rate schedules.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "fanin/base/spec.h"
#include "fanin/engine/program.h"
#include "fanin/init/effects.h"

namespace fanin::train {

/// A row of the table of optimizers (and, separately, of schedules).
struct OptimizerInfo {
  std::string_view name, summary, formula, paper;
  std::span<const OptionInfo> options;
};
std::span<const OptimizerInfo> optimizer_table();  // sgd, adam, adamw, rmsprop
std::span<const OptimizerInfo> schedule_table();   // constant, step, cosine (each with warmup=STEPS); onecycle

/// How the optimizer of that name follows the gradient.
init::UpdateRule update_rule(std::string_view optimizer);

/// Updates parameters in place, each at the rate times its factor, which scales decoupled weight decay too.
/// `weight_decay` acts on weights only unless decay_all=true (norm scales and shifts, biases, slopes and residual
/// scales are exempt). Formulas are PyTorch's.
class Optimizer {
 public:
  /// Throws Error on an unknown name or option. Allocates all state here. `rate_factors` are by the graph's parameters
  /// (init::learning_rate_factors); none: all 1.
  Optimizer(const Spec& spec, engine::Program& program, std::vector<double> rate_factors = {});
  ~Optimizer();

  /// One step at rate `lr` on program.gradients(); first scales them to norm `clip_norm` where larger (0: no clipping).
  void step(double lr, double clip_norm);

  /// State blocks (momentum; first and second moment), in the program's layout, and the step count, for checkpoints.
  std::vector<std::span<float>> state();
  std::int64_t steps() const;
  void set_steps(std::int64_t steps);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The factor on the base rate at `step` of `total_steps`, in [0, 1]. Throws Error on an unknown schedule or option.
class Schedule {
 public:
  Schedule(const Spec& spec, std::int64_t total_steps);
  double factor(std::int64_t step) const;

 private:
  double one_cycle(std::int64_t step) const;

  int kind_;
  std::int64_t total_steps_, warmup_, every_;
  double gamma_, final_;
  double start_, rise_;  // onecycle: the first factor, and the share of the steps over which it rises
};

}  // namespace fanin::train
