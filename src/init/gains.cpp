// The gain of an activation: what keeps the second moment of a layer's output at 1.
#include <cmath>
#include <numbers>

#include "fanin/init/schemes.h"

namespace fanin::init {
namespace {

/// E f(z)^2, z ~ N(0, 1), by the trapezoid rule on [-12, 12]: for functions analytic around the real axis under a
/// Gaussian its error falls like exp(-2 pi d / h), d the distance to the nearest pole (tanh: pi/2), so h = 1/16 is
/// exact to double.
double second_moment(const model::Activation& activation) {
  constexpr int steps_per_unit = 16, reach = 12;
  double sum = 0;
  for (int i = -reach * steps_per_unit; i <= reach * steps_per_unit; ++i) {
    const double z = static_cast<double>(i) / steps_per_unit;
    const double f = model::activation_value(activation, z);
    sum += f * f * std::exp(-0.5 * z * z);
  }
  return sum / steps_per_unit / std::sqrt(2 * std::numbers::pi);
}

}  // namespace

double forward_gain(const model::Activation& activation) {
  switch (activation.kind) {
    case model::ActivationKind::identity:
      return 1.0;
    case model::ActivationKind::relu:
      return std::numbers::sqrt2;
    case model::ActivationKind::leaky_relu:
      return std::sqrt(2.0 / (1.0 + activation.alpha * activation.alpha));
    default:
      break;
  }
  // tanh, exp and erf differ in the last bit from one C library to the next; twelve digits do not.
  return std::nearbyint(1e12 / std::sqrt(second_moment(activation))) / 1e12;
}

}  // namespace fanin::init
