// The table of optimizers and their state over a program's flat parameter block.
#include "fanin/train/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"
#include "fanin/engine/kernels.h"

namespace fanin::train {
namespace {

constexpr double no_limit = std::numeric_limits<double>::max();
constexpr double below_one = 1.0 - 1e-12;

constexpr OptionInfo weight_decay_row = {
    "weight_decay", OptionKind::number, "0", 0.0, no_limit, "", "lambda; on weights alone unless decay_all=true"};
constexpr OptionInfo decay_all_row = {
    "decay_all",
    OptionKind::flag,
    "false",
    0,
    0,
    "",
    "decay biases, norm scales and shifts, slopes, residual scales as well (PyTorch's default)"};

constexpr std::array<OptionInfo, 4> sgd_rows = {{
    {"momentum", OptionKind::number, "0", 0.0, below_one, "", "mu"},
    {"nesterov", OptionKind::flag, "false", 0, 0, "", "Nesterov's look-ahead"},
    weight_decay_row,
    decay_all_row,
}};
constexpr std::array<OptionInfo, 5> adam_rows = {{
    {"beta1", OptionKind::number, "0.9", 0.0, below_one, "", "decay of the first moment"},
    {"beta2", OptionKind::number, "0.999", 0.0, below_one, "", "decay of the second moment"},
    {"epsilon", OptionKind::number, "1e-8", 0.0, 1.0, "", "added to the root of the second moment"},
    weight_decay_row,
    decay_all_row,
}};
constexpr std::array<OptionInfo, 5> adamw_rows = {{
    adam_rows[0],
    adam_rows[1],
    adam_rows[2],
    {"weight_decay", OptionKind::number, "0.01", 0.0, no_limit, "", "lambda; on weights alone unless decay_all=true"},
    decay_all_row,
}};

constexpr std::array<OptionInfo, 6> rmsprop_rows = {{
    {"alpha", OptionKind::number, "0.99", 0.0, below_one, "", "decay of the second moment"},
    {"momentum", OptionKind::number, "0", 0.0, below_one, "", "mu"},
    {"centered", OptionKind::flag, "false", 0, 0, "", "divide by the deviation instead of the second moment's root"},
    {"epsilon", OptionKind::number, "1e-8", 0.0, 1.0, "", "added to the root"},
    weight_decay_row,
    decay_all_row,
}};

constexpr std::array<OptimizerInfo, 4> rows = {{
    {"sgd", "stochastic gradient descent with momentum",
     "g += lambda w; v = mu v + g (v = g at the first step); w -= lr v (nesterov: w -= lr (g + mu v))",
     "Robbins & Monro 1951; Sutskever et al. 2013", sgd_rows},
    {"adam", "adaptive moments, decay added to the gradient",
     "g += lambda w; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= lr m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps)",
     "Kingma & Ba 2015, algorithm 1", adam_rows},
    {"adamw", "adaptive moments, decay apart from the gradient", "w -= lr lambda w; then adam without lambda",
     "Loshchilov & Hutter 2019, algorithm 2", adamw_rows},
    {"rmsprop", "gradients divided by the root of their second moment",
     "g += lambda w; v = a v + (1-a) g^2; u = mu u + g / (sqrt(v) + eps) (centered: sqrt(v - m^2), m = a m + (1-a) g); "
     "w -= lr u",
     "Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013", rmsprop_rows},
}};

}  // namespace

std::span<const OptimizerInfo> optimizer_table() {
  return rows;
}

init::UpdateRule update_rule(std::string_view optimizer) {
  return optimizer == "sgd" ? init::UpdateRule::proportional : init::UpdateRule::adaptive;
}

struct Optimizer::Impl {
  Impl(engine::Program& of, std::string called, std::vector<double> factors)
      : program(of), name(std::move(called)), rate_factors(std::move(factors)) {}

  double rate_factor(model::ParameterId parameter) const {
    return rate_factors.empty() ? 1.0 : rate_factors.at(static_cast<std::size_t>(parameter));
  }

  engine::Program& program;
  std::string name;
  std::vector<double> rate_factors;
  double momentum = 0, beta1 = 0, beta2 = 0, epsilon = 0, weight_decay = 0;
  double alpha = 0;
  bool nesterov = false, decay_all = false, centered = false;
  std::int64_t steps = 0;
  std::vector<float> first, second, mean;  // momentum, or the two moments; rmsprop: momentum, second moment, mean
};

Optimizer::Optimizer(const Spec& spec, engine::Program& program, std::vector<double> rate_factors)
    : impl_(std::make_unique<Impl>(program, spec.name, std::move(rate_factors))) {
  const OptimizerInfo* row = nullptr;
  std::vector<std::string> names;
  for (const OptimizerInfo& info : rows) {
    names.emplace_back(info.name);
    if (info.name == spec.name) row = &info;
  }
  if (!row) throw Error(unknown_name_message("optimizer", spec.name, names));
  const Options options(spec, row->options, fmt::format("optimizer '{}'", spec.name));
  impl_->weight_decay = options.number("weight_decay");
  impl_->decay_all = options.flag("decay_all");
  const std::size_t size = program.parameters().size();
  if (spec.name == "sgd") {
    impl_->momentum = options.number("momentum");
    impl_->nesterov = options.flag("nesterov");
    if (impl_->nesterov && impl_->momentum == 0) {
      throw Error("optimizer 'sgd' has nesterov=true without momentum; expected momentum above 0");
    }
    if (impl_->momentum > 0) impl_->first.resize(size);
  } else if (spec.name == "rmsprop") {
    impl_->alpha = options.number("alpha");
    impl_->momentum = options.number("momentum");
    impl_->centered = options.flag("centered");
    impl_->epsilon = options.number("epsilon");
    if (impl_->momentum > 0) impl_->first.resize(size);
    impl_->second.resize(size);
    if (impl_->centered) impl_->mean.resize(size);
  } else {
    impl_->beta1 = options.number("beta1");
    impl_->beta2 = options.number("beta2");
    impl_->epsilon = options.number("epsilon");
    impl_->first.resize(size);
    impl_->second.resize(size);
  }
}

Optimizer::~Optimizer() = default;

void Optimizer::step(double lr, double clip_norm) {
  Impl& self = *impl_;
  const std::span<float> weights = self.program.parameters();
  const std::span<const float> gradients = self.program.gradients();
  double scale = 1.0;
  if (clip_norm > 0) {
    // PyTorch's clip_grad_norm_: the factor is clip / (norm + 1e-6), at most 1.
    scale = std::min(1.0, clip_norm / (std::sqrt(engine::sum_of_squares(gradients)) + 1e-6));
  }
  ++self.steps;
  for (const engine::Segment& segment : self.program.segments()) {
    const double decay = self.decay_all || segment.role == model::Role::weight ? self.weight_decay : 0.0;
    const auto part = [&](auto block) { return block.empty() ? block : block.subspan(segment.offset, segment.size); };
    const double rate = lr * self.rate_factor(segment.parameter);
    const std::span<float> first = part(std::span<float>(self.first));
    if (self.name == "sgd") {
      engine::sgd_update(part(weights), part(gradients), first,
                         {.lr = rate,
                          .momentum = self.momentum,
                          .nesterov = self.nesterov,
                          .weight_decay = decay,
                          .grad_scale = scale,
                          .first_step = self.steps == 1});
    } else if (self.name == "rmsprop") {
      engine::rmsprop_update(part(weights), part(gradients), part(std::span<float>(self.second)),
                             part(std::span<float>(self.mean)), first,
                             {.lr = rate,
                              .alpha = self.alpha,
                              .epsilon = self.epsilon,
                              .momentum = self.momentum,
                              .centered = self.centered,
                              .weight_decay = decay,
                              .grad_scale = scale});
    } else {
      engine::adam_update(part(weights), part(gradients), first, part(std::span<float>(self.second)),
                          {.lr = rate,
                           .beta1 = self.beta1,
                           .beta2 = self.beta2,
                           .epsilon = self.epsilon,
                           .weight_decay = decay,
                           .decoupled = self.name == "adamw",
                           .grad_scale = scale,
                           .t = self.steps});
    }
  }
}

std::vector<std::span<float>> Optimizer::state() {
  std::vector<std::span<float>> blocks;
  if (!impl_->first.empty()) blocks.emplace_back(impl_->first);
  if (!impl_->second.empty()) blocks.emplace_back(impl_->second);
  if (!impl_->mean.empty()) blocks.emplace_back(impl_->mean);
  return blocks;
}

std::int64_t Optimizer::steps() const {
  return impl_->steps;
}
void Optimizer::set_steps(std::int64_t steps) {
  impl_->steps = steps;
}

}  // namespace fanin::train
