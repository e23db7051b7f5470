// The optimizers' arithmetic, compiled once for each instruction set.
#include <cmath>

#include "fanin/engine/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/optimizer.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/kernels/loops.h"

HWY_BEFORE_NAMESPACE();
namespace fanin::engine::kernels {
namespace HWY_NAMESPACE {

void sgd(float* w, const float* g, float* buffer, std::size_t n, const SgdStep& step) {
  const auto lr = static_cast<float>(-step.lr), momentum = static_cast<float>(step.momentum);
  const auto decay = static_cast<float>(step.weight_decay), factor = static_cast<float>(step.grad_scale);
  const bool first = step.first_step, nesterov = step.nesterov, with_momentum = step.momentum > 0;
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto weight = hn::LoadU(d, w + i);
    auto gradient = hn::Mul(hn::LoadU(d, g + i), hn::Set(d, factor));
    gradient = hn::MulAdd(weight, hn::Set(d, decay), gradient);
    auto change = gradient;
    if (with_momentum) {
      const auto moved = first ? gradient : hn::Add(hn::Mul(hn::LoadU(d, buffer + i), hn::Set(d, momentum)), gradient);
      hn::StoreU(moved, d, buffer + i);
      change = nesterov ? hn::MulAdd(moved, hn::Set(d, momentum), gradient) : moved;
    }
    hn::StoreU(hn::MulAdd(change, hn::Set(d, lr), weight), d, w + i);
  });
}

void adam(float* w, const float* g, float* m, float* v, std::size_t n, const AdamStep& step) {
  const double t = static_cast<double>(step.t);
  const auto beta1 = static_cast<float>(step.beta1), rest1 = static_cast<float>(1 - step.beta1);
  const auto beta2 = static_cast<float>(step.beta2), rest2 = static_cast<float>(1 - step.beta2);
  const auto size = static_cast<float>(-step.lr / (1 - std::pow(step.beta1, t)));
  const auto root = static_cast<float>(1 / std::sqrt(1 - std::pow(step.beta2, t)));
  const auto epsilon = static_cast<float>(step.epsilon), factor = static_cast<float>(step.grad_scale);
  const auto decay = static_cast<float>(step.decoupled ? 0 : step.weight_decay);
  const auto shrink = static_cast<float>(step.decoupled ? 1 - step.lr * step.weight_decay : 1);
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    auto weight = hn::LoadU(d, w + i);
    auto gradient = hn::Mul(hn::LoadU(d, g + i), hn::Set(d, factor));
    gradient = hn::MulAdd(weight, hn::Set(d, decay), gradient);
    weight = hn::Mul(weight, hn::Set(d, shrink));
    const auto first = hn::MulAdd(gradient, hn::Set(d, rest1), hn::Mul(hn::LoadU(d, m + i), hn::Set(d, beta1)));
    const auto squared = hn::Mul(hn::Mul(gradient, gradient), hn::Set(d, rest2));
    const auto second = hn::MulAdd(hn::LoadU(d, v + i), hn::Set(d, beta2), squared);
    hn::StoreU(first, d, m + i);
    hn::StoreU(second, d, v + i);
    const auto below = hn::MulAdd(hn::Sqrt(second), hn::Set(d, root), hn::Set(d, epsilon));
    hn::StoreU(hn::MulAdd(hn::Set(d, size), hn::Div(first, below), weight), d, w + i);
  });
}

void rmsprop(float* w, const float* g, float* v, float* mean, float* buffer, std::size_t n, const RmspropStep& step) {
  const auto lr = static_cast<float>(-step.lr), momentum = static_cast<float>(step.momentum);
  const auto alpha = static_cast<float>(step.alpha), rest = static_cast<float>(1 - step.alpha);
  const auto epsilon = static_cast<float>(step.epsilon);
  const auto decay = static_cast<float>(step.weight_decay), factor = static_cast<float>(step.grad_scale);
  const bool centered = step.centered, with_momentum = step.momentum > 0;
  for_vectors(n, [=](auto d, std::size_t i) HWY_ATTR {
    const auto weight = hn::LoadU(d, w + i);
    auto gradient = hn::Mul(hn::LoadU(d, g + i), hn::Set(d, factor));
    gradient = hn::MulAdd(weight, hn::Set(d, decay), gradient);
    const auto squared = hn::Mul(hn::Mul(gradient, gradient), hn::Set(d, rest));
    const auto second = hn::MulAdd(hn::LoadU(d, v + i), hn::Set(d, alpha), squared);
    hn::StoreU(second, d, v + i);
    auto variance = second;
    if (centered) {
      const auto before = hn::LoadU(d, mean + i);
      const auto centre = hn::MulAdd(hn::Sub(gradient, before), hn::Set(d, rest), before);
      hn::StoreU(centre, d, mean + i);
      const auto difference = hn::Sub(second, hn::Mul(centre, centre));
      // Rounding may take it below 0; NaN stays NaN.
      variance = hn::IfThenElse(hn::Lt(difference, hn::Zero(d)), hn::Zero(d), difference);
    }
    auto change = hn::Div(gradient, hn::Add(hn::Sqrt(variance), hn::Set(d, epsilon)));
    if (with_momentum) {
      change = hn::MulAdd(hn::LoadU(d, buffer + i), hn::Set(d, momentum), change);
      hn::StoreU(change, d, buffer + i);
    }
    hn::StoreU(hn::MulAdd(change, hn::Set(d, lr), weight), d, w + i);
  });
}

double squares(const float* values, std::size_t n) {
  const hn::ScalableTag<float> d;
  const hn::Repartition<double, decltype(d)> wide;
  const hn::Half<decltype(d)> half;
  const std::size_t lanes = hn::Lanes(wide);
  auto even = hn::Zero(wide), odd = hn::Zero(wide);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto a = hn::PromoteTo(wide, hn::LoadU(half, values + i));
    const auto b = hn::PromoteTo(wide, hn::LoadU(half, values + i + lanes));
    even = hn::MulAdd(a, a, even);
    odd = hn::MulAdd(b, b, odd);
  }
  double total = hn::GetLane(hn::SumOfLanes(wide, hn::Add(even, odd)));
  for (; i < n; ++i) total += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace fanin::engine::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fanin::engine {
namespace kernels {

HWY_EXPORT(sgd);
HWY_EXPORT(adam);
HWY_EXPORT(rmsprop);
HWY_EXPORT(squares);

}  // namespace kernels

void sgd_update(std::span<float> w, std::span<const float> g, std::span<float> buffer, const SgdStep& step) {
  using namespace kernels;
  HWY_DYNAMIC_DISPATCH(sgd)(w.data(), g.data(), buffer.data(), w.size(), step);
}

void adam_update(std::span<float> w, std::span<const float> g, std::span<float> m, std::span<float> v,
                 const AdamStep& step) {
  using namespace kernels;
  HWY_DYNAMIC_DISPATCH(adam)(w.data(), g.data(), m.data(), v.data(), w.size(), step);
}

void rmsprop_update(std::span<float> w, std::span<const float> g, std::span<float> v, std::span<float> mean,
                    std::span<float> buffer, const RmspropStep& step) {
  using namespace kernels;
  HWY_DYNAMIC_DISPATCH(rmsprop)(w.data(), g.data(), v.data(), mean.data(), buffer.data(), w.size(), step);
}

double sum_of_squares(std::span<const float> values) {
  using namespace kernels;
  return HWY_DYNAMIC_DISPATCH(squares)(values.data(), values.size());
}

}  // namespace fanin::engine
#endif
