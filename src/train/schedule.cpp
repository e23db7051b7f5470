// Learning-rate schedules: a factor on the base rate as a function of the step.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"
#include "fanin/train/optimizer.h"

namespace fanin::train {
namespace {

constexpr double most_steps = 1e12;
constexpr OptionInfo warmup_row = {"warmup",
                                   OptionKind::integer,
                                   "0",
                                   0,
                                   most_steps,
                                   "",
                                   "steps over which the rate rises linearly from 1/warmup of it"};
constexpr std::array<OptionInfo, 1> constant_rows = {{warmup_row}};
constexpr std::array<OptionInfo, 3> step_rows = {{
    {"every", OptionKind::integer, "0", 0, most_steps, "", "steps between two cuts; 0: a third of the budget"},
    {"gamma", OptionKind::number, "0.1", 0.0, 1.0, "", "factor of a cut"},
    warmup_row,
}};
constexpr std::array<OptionInfo, 2> cosine_rows = {{
    {"final", OptionKind::number, "0", 0.0, 1.0, "", "factor at the end of the budget"},
    warmup_row,
}};

constexpr std::array<OptionInfo, 3> onecycle_rows = {{
    {"rise", OptionKind::number, "0.3", 0.0, 1.0, "", "share of the budget over which the rate rises"},
    {"div", OptionKind::number, "25", 1.0, 1e12, "", "the first rate is the learning rate divided by this"},
    {"final_div", OptionKind::number, "1e4", 1.0, 1e12, "", "the last rate is the first divided by this"},
}};

enum Kind { constant, step_down, cosine, onecycle };
constexpr std::array<OptimizerInfo, 4> rows = {{
    {"constant", "the same rate throughout", "1", "", constant_rows},
    {"step", "cuts the rate at equal distances", "gamma^floor(t / every)", "He et al. 2016", step_rows},
    {"cosine", "falls along half a cosine to the end of the budget",
     "final + (1 - final) (1 + cos(pi t / T)) / 2, t counted from the end of the warm-up",
     "Loshchilov & Hutter 2017, equation 5", cosine_rows},
    {"onecycle", "rises along half a cosine to the learning rate, then falls along half a cosine to almost nothing",
     "from 1/div to 1 over the first rise T steps, then to 1/(div final_div) at the last step, as PyTorch's OneCycleLR",
     "Smith & Topin 2018", onecycle_rows},
}};

}  // namespace

std::span<const OptimizerInfo> schedule_table() {
  return rows;
}

Schedule::Schedule(const Spec& spec, std::int64_t total_steps)
    : kind_(-1),
      total_steps_(std::max<std::int64_t>(1, total_steps)),
      warmup_(0),
      every_(0),
      gamma_(1),
      final_(0),
      start_(1),
      rise_(0) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    names.emplace_back(rows[i].name);
    if (rows[i].name == spec.name) kind_ = static_cast<int>(i);
  }
  if (kind_ < 0) throw Error(unknown_name_message("schedule", spec.name, names));
  const Options options(spec, rows[static_cast<std::size_t>(kind_)].options, fmt::format("schedule '{}'", spec.name));
  if (kind_ == onecycle) {
    start_ = 1 / options.number("div");
    final_ = start_ / options.number("final_div");
    rise_ = options.number("rise");
    return;
  }
  warmup_ = options.integer("warmup");
  if (kind_ == step_down) {
    every_ = options.integer("every") > 0 ? options.integer("every") : std::max<std::int64_t>(1, total_steps_ / 3);
    gamma_ = options.number("gamma");
  }
  if (kind_ == cosine) final_ = options.number("final");
}

double Schedule::one_cycle(std::int64_t step) const {
  const auto at = static_cast<double>(std::clamp<std::int64_t>(step, 0, total_steps_ - 1));
  const double top = rise_ * static_cast<double>(total_steps_) - 1, end = static_cast<double>(total_steps_ - 1);
  const auto bend = [](double from, double to, double share) {
    return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
  };
  if (at <= top && top > 0) return bend(start_, 1, at / top);
  return end > top ? bend(1, final_, (at - top) / (end - top)) : 1;
}

double Schedule::factor(std::int64_t step) const {
  if (kind_ == onecycle) return one_cycle(step);
  const double warm = step < warmup_ ? static_cast<double>(step + 1) / static_cast<double>(warmup_) : 1.0;
  if (kind_ == step_down) return warm * std::pow(gamma_, static_cast<double>(step / every_));
  if (kind_ == cosine) {
    const double length = static_cast<double>(std::max<std::int64_t>(1, total_steps_ - warmup_));
    const double place = std::clamp(static_cast<double>(step - warmup_) / length, 0.0, 1.0);
    return warm * (final_ + (1.0 - final_) * 0.5 * (1.0 + std::cos(std::numbers::pi * place)));
  }
  return warm;
}

}  // namespace fanin::train
