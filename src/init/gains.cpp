// Gains of activations: what keeps the second moment of a layer's output, or of its gradient, at 1.
#include "fanin/init/gains.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "fanin/base/error.h"

namespace fanin::init {
namespace {

// Gauss-Legendre with ten points on panels no wider than 1/4: exact to double for functions that are analytic in a
// strip of that width. Piecewise functions are cut where their pieces meet.
constexpr int points = 10;
constexpr double reach = 12, panel = 0.25;
constexpr std::array joints = {-3.0, -1.0, 0.0, 1.0, 3.0};  // relu and its relatives; hard activations

struct Rule {
  std::array<double, points> node{}, weight{};
};

Rule gauss_legendre() {
  Rule rule;
  for (int i = 0; i < points; ++i) {
    double x = std::cos(std::numbers::pi * (i + 0.75) / (points + 0.5)), slope = 1;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double before = 1, value = x;
      for (int degree = 2; degree <= points; ++degree) {
        const double next = ((2 * degree - 1) * x * value - (degree - 1) * before) / degree;
        before = value;
        value = next;
      }
      slope = points * (x * value - before) / (x * x - 1);
      const double step = value / slope;
      x -= step;
      if (std::abs(step) < 1e-16) break;
    }
    rule.node[static_cast<std::size_t>(i)] = x;
    rule.weight[static_cast<std::size_t>(i)] = 2 / ((1 - x * x) * slope * slope);
  }
  return rule;
}

/// Twelve digits: tanh, exp and erf differ in the last bit from one C library to the next; these do not.
double rounded(double gain) {
  return std::nearbyint(1e12 * gain) / 1e12;
}

}  // namespace

ActivationMoments activation_moments(const model::Activation& activation, double mean, double variance) {
  if (!std::isfinite(mean) || !std::isfinite(variance) || variance <= 0)
    throw Error(
        fmt::format("moments of {} are wanted for N({}, {}); expected a finite mean and a finite variance above 0",
                    model::activation_name(activation.kind), mean, variance));
  static const Rule rule = gauss_legendre();
  const double std = std::sqrt(variance);
  std::vector<double> cuts = {-reach, reach};
  for (const double joint : joints) {
    const double z = (joint - mean) / std;
    if (std::abs(z) < reach) cuts.push_back(z);
  }
  std::ranges::sort(cuts);
  ActivationMoments moments{};
  for (std::size_t i = 1; i < cuts.size(); ++i) {
    const double width = cuts[i] - cuts[i - 1];
    const int panels = std::max(1, static_cast<int>(std::ceil(width / panel)));
    const double half = 0.5 * width / panels;
    for (int p = 0; p < panels; ++p) {
      const double centre = cuts[i - 1] + (2 * p + 1) * half;
      for (std::size_t k = 0; k < points; ++k) {
        const double z = centre + half * rule.node[k];
        const double weight = half * rule.weight[k] * std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
        const double x = mean + std * z;
        const double f = model::activation_value(activation, x), slope = model::activation_derivative(activation, x);
        moments.mean += weight * f;
        moments.second += weight * f * f;
        moments.derivative_second += weight * slope * slope;
      }
    }
  }
  return moments;
}

double forward_gain(const model::Activation& activation, GainKind kind) {
  const bool second = kind == GainKind::second_moment;
  if (activation.kind == model::ActivationKind::identity) return 1.0;
  if (second && activation.kind == model::ActivationKind::relu) return std::numbers::sqrt2;
  if (second && activation.kind == model::ActivationKind::leaky_relu)
    return std::sqrt(2.0 / (1.0 + activation.alpha * activation.alpha));
  const ActivationMoments moments = activation_moments(activation);
  return rounded(1 / std::sqrt(second ? moments.second : moments.second - moments.mean * moments.mean));
}

double backward_gain(const model::Activation& activation) {
  switch (activation.kind) {
    case model::ActivationKind::identity:
    case model::ActivationKind::relu:
    case model::ActivationKind::leaky_relu:
      return forward_gain(activation);  // f(z) = z f'(z), and z^2 is independent of the sign
    default:
      return rounded(1 / std::sqrt(activation_moments(activation).derivative_second));
  }
}

CriticalPoint critical_point(const model::Activation& activation, double q) {
  const ActivationMoments moments = activation_moments(activation, 0, q);
  const double weight = 1 / moments.derivative_second, bias = q - weight * moments.second;
  if (bias < -1e-12 * q)
    throw Error(
        fmt::format("{} has no critical point at q = {}: weights of variance {:.6g} / fan_in give a second "
                    "moment above q already",
                    model::activation_name(activation.kind), q, weight));
  return {rounded(weight), bias < 1e-12 * q ? 0.0 : bias};
}

}  // namespace fanin::init
