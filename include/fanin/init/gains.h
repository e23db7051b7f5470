// Gains and critical points of activations, by quadrature over a normal input.
#pragma once
#include "fanin/model/operators.h"

namespace fanin::init {

/// Moments of f(x) and f'(x) for x ~ N(mean, variance), exact to about 1e-13.
struct ActivationMoments {
  double mean;               // E f
  double second;             // E f^2
  double derivative_second;  // E f'^2
};
/// Throws Error unless mean is finite and variance finite and above 0.
ActivationMoments activation_moments(const model::Activation& activation, double mean = 0, double variance = 1);

/// What a gain keeps: the second moment E f^2, or the variance E f^2 - (E f)^2 (weights of mean 0 then see a centred
/// input: scaled weight standardization, Brock, De & Smith 2021).
enum class GainKind { second_moment, variance };

/// The gain that keeps the forward signal: 1 / sqrt(E f(z)^2), or 1 / sqrt(Var f(z)), z ~ N(0, 1); relu: sqrt 2.
double forward_gain(const model::Activation& activation, GainKind kind = GainKind::second_moment);
/// The gain that keeps the gradient: 1 / sqrt(E f'(z)^2); relu: sqrt 2.
double backward_gain(const model::Activation& activation);

/// A point of the edge of chaos: q = sigma_w^2 E f(sqrt(q) z)^2 + sigma_b^2 and sigma_w^2 E f'(sqrt(q) z)^2 = 1, where
/// sigma_w^2 = fan_in Var W and sigma_b^2 = Var b. Poole et al. 2016; Schoenholz et al. 2017, section 3.
struct CriticalPoint {
  double weight_variance, bias_variance;
};
/// Throws Error unless q is above 0, and where no bias variance gives a fixed point at q.
CriticalPoint critical_point(const model::Activation& activation, double q);

/// The factor on the second moment by max-pooling over `window` values after the activation: E max^2 / E f(z)^2 for
/// independent z ~ N(0, 1). `before` values are pooled before the activation. With relu: 3.09 for 2x2, 5.13 for 3x3.
/// Neighbouring pixels are alike, so the true factor lies between 1 and this. Throws Error unless both are 1 or more.
double pooling_factor(const model::Activation& activation, std::int64_t window, std::int64_t before = 1);

/// The correlation of two inputs after a layer of weights and a leaky ReLU of this slope, from that before it, in the
/// limit of wide layers: [(1 - a)^2 (sqrt(1 - c^2) + (pi - acos c) c) / pi + 2 a c] / (1 + a^2). Slope 0: ReLU.
double rectifier_correlation(double slope, double correlation);

/// The slope with which `layers` layers in a row take orthogonal inputs to the correlation `eta` in (0, 1); 0 where a
/// ReLU stays below eta. Zhang, Botev & Martens, Deep learning without shortcuts, ICLR 2022, section 4 (TReLU).
double tailored_slope(int layers, double eta);

}  // namespace fanin::init
