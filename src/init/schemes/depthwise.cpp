// Schemes for depthwise convolutions, which mix positions and no channels; he_normal in all other layers.
#include <fmt/format.h>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/schemes/schemes.h"
#include "init/variance_scaling.h"

namespace fanin::init::schemes {
namespace {

bool is_depthwise(const WeightContext& context) {
  return context.shape.size() == 4 && context.groups > 1 && context.shape[1] == 1;
}

void require_depthwise(const WeightContext& context, std::string_view scheme) {
  require_matrix(context, scheme);
  if (!is_depthwise(context) && context.place.depthwise_layers == 0)
    throw Error(
        fmt::format("scheme '{}' needs a depthwise convolution (each group one input channel); the network of "
                    "'{}' has none",
                    scheme, context.name));
}

template <class T>
Applied he(const WeightContext& context, std::string_view scheme, std::span<T> out) {
  const double gain = forward_gain(context.activation);
  return {init::variance_scaling(context, scheme, gain, FanMode::in, Distribution::normal, out), gain};
}

random::Stream stream_of(const WeightContext& context) {
  return random::make_stream(context.seed, context.name, random::Purpose::initialize);
}

/// Trockman, Willmott & Kolter's covariance of a k x k filter's taps, as it can be rebuilt: Z is a Gaussian of variance
/// s about the centre; tap a and tap b covary by Z shifted so that its peak is at a, less half of Z, times Z at a.
Eigen::MatrixXd covariance(Eigen::Index k, double s) {
  const Eigen::Index taps = k * k, centre = (k - 1) / 2;
  const auto bell = [&](Eigen::Index y, Eigen::Index x) {
    const auto dy = static_cast<double>(y - centre), dx = static_cast<double>(x - centre);
    return std::exp(-(dy * dy + dx * dx) / (2 * s));
  };
  Eigen::MatrixXd c(taps, taps);
  for (Eigen::Index i = 0; i < k; ++i)
    for (Eigen::Index j = 0; j < k; ++j)
      for (Eigen::Index y = 0; y < k; ++y)
        for (Eigen::Index x = 0; x < k; ++x) {
          const double shifted = bell((y - i + centre + k) % k, (x - j + centre + k) % k);
          c(i * k + j, y * k + x) = bell(i, j) * (shifted - 0.5 * bell(y, x));
        }
  return 0.5 * (c + c.transpose());
}

/// The symmetric root of the nearest positive semidefinite matrix: unique, so that no sign depends on the solver.
Eigen::MatrixXd root(const Eigen::MatrixXd& matrix) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix);
  const Eigen::VectorXd scales = solver.eigenvalues().cwiseMax(0.0).cwiseSqrt();
  return solver.eigenvectors() * scales.asDiagonal() * solver.eigenvectors().transpose();
}

}  // namespace

template <class T>
Applied random_impulse(const WeightContext& context, const Options&, std::span<T> out) {
  require_depthwise(context, "random_impulse");
  if (!is_depthwise(context)) return he(context, "random_impulse", out);
  const double gain = forward_gain(context.activation);
  const std::int64_t taps = context.shape[2] * context.shape[3];
  std::ranges::fill(out, T(0));
  for (std::int64_t filter = 0; filter < context.shape[0]; ++filter) {
    const auto index = static_cast<std::uint64_t>(filter);
    const auto tap = random::uniform_index(stream_of(context), index, static_cast<std::uint64_t>(taps));
    out[static_cast<std::size_t>(filter * taps) + tap] = static_cast<T>(gain);
  }
  return {gain / std::sqrt(static_cast<double>(taps)), gain};
}

template <class T>
Applied mimetic(const WeightContext& context, const Options& options, std::span<T> out) {
  require_depthwise(context, "mimetic");
  if (!is_depthwise(context)) return he(context, "mimetic", out);
  const std::int64_t k = context.shape[2];
  constexpr std::int64_t widest = 31;
  if (k != context.shape[3] || k < 2 || k > widest)
    throw Error(fmt::format("scheme 'mimetic' needs square kernels from 2x2 to {}x{}; '{}' has shape {}", widest,
                            widest, context.name, to_string(context.shape)));
  const Place& place = context.place;
  const double depth = place.depthwise_layers > 1 ? static_cast<double>(place.depthwise_position - 1) /
                                                        static_cast<double>(place.depthwise_layers - 1)
                                                  : 0;
  const double s =
      options.number("start") + options.number("growth") * depth + 0.5 * options.number("acceleration") * depth * depth;
  const Eigen::MatrixXd c = covariance(k, s), half = root(c);
  const std::int64_t taps = k * k;
  std::vector<double> normals(static_cast<std::size_t>(context.shape[0] * taps));
  random::fill_normal(std::span<double>(normals), stream_of(context), 0.0, 1.0);
  for (std::int64_t filter = 0; filter < context.shape[0]; ++filter) {
    const Eigen::Map<const Eigen::VectorXd> z(normals.data() + filter * taps, taps);
    const Eigen::VectorXd values = half * z;
    for (std::int64_t tap = 0; tap < taps; ++tap)
      out[static_cast<std::size_t>(filter * taps + tap)] = static_cast<T>(values(tap));
  }
  return {std::sqrt((half * half).trace() / static_cast<double>(taps))};
}

template Applied random_impulse(const WeightContext&, const Options&, std::span<float>);
template Applied random_impulse(const WeightContext&, const Options&, std::span<double>);
template Applied mimetic(const WeightContext&, const Options&, std::span<float>);
template Applied mimetic(const WeightContext&, const Options&, std::span<double>);

}  // namespace fanin::init::schemes
