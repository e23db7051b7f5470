// Schemes with structure: orthogonal and dirac weights, exactly.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "init/helpers.h"

namespace fanin::init {
namespace {

/// The largest deviation of M M^T (wide) or M^T M (tall) from gain^2 times the identity, over the groups' blocks.
double defect(const std::vector<float>& values, std::int64_t rows, std::int64_t columns, std::int64_t groups,
              double gain) {
  double worst = 0;
  const std::int64_t shorter = std::min(rows, columns), longer = std::max(rows, columns);
  for (std::int64_t group = 0; group < groups; ++group) {
    const float* block = values.data() + group * rows * columns;
    const auto at = [&](std::int64_t vector, std::int64_t i) {
      return static_cast<double>(rows <= columns ? block[vector * columns + i] : block[i * columns + vector]);
    };
    for (std::int64_t a = 0; a < shorter; ++a)
      for (std::int64_t b = 0; b <= a; ++b) {
        double dot = 0;
        for (std::int64_t i = 0; i < longer; ++i) dot += at(a, i) * at(b, i);
        worst = std::max(worst, std::abs(dot / (gain * gain) - (a == b ? 1 : 0)));
      }
  }
  return worst;
}

TEST(Orthogonal, IsOrthogonalToAMillionth) {
  for (const auto& [outputs, inputs, kernel, groups] : {std::array<std::int64_t, 4>{64, 32, 3, 1},
                                                        {64, 3, 3, 1},
                                                        {32, 32, 3, 32},
                                                        {64, 32, 3, 4},
                                                        {64, 32, 1, 4},
                                                        {1, 1, 5, 1},
                                                        {7, 5, 2, 1},
                                                        {27, 3, 3, 1}}) {
    const Filled filling = filled("orthogonal", conv_context(outputs, inputs, kernel, groups));
    EXPECT_LT(defect(filling.values, outputs / groups, inputs / groups * kernel * kernel, groups, std::sqrt(2.0)),
              1e-6);
    EXPECT_EQ(filling.report.gain, std::sqrt(2.0));
    EXPECT_NEAR(filling.report.target_std,
                std::sqrt(2.0 / static_cast<double>(std::max(outputs / groups, inputs / groups * kernel * kernel))),
                1e-12);
  }
  for (const auto& [outputs, inputs] : {std::pair<std::int64_t, std::int64_t>{300, 200}, {200, 300}, {128, 128}}) {
    const Filled filling = filled("orthogonal:gain=0.5", linear_context(outputs, inputs));
    EXPECT_LT(defect(filling.values, outputs, inputs, 1, 0.5), 1e-6);
  }
}

TEST(Orthogonal, TakesTheGainOfTheActivation) {
  WeightContext context = linear_context(50, 50);
  context.activation = {model::ActivationKind::identity};
  EXPECT_EQ(filled("orthogonal", context).report.gain, 1.0);
  context.activation = {model::ActivationKind::leaky_relu, 0.2};
  EXPECT_EQ(filled("orthogonal", context).report.gain, std::sqrt(2 / 1.04));
}

TEST(Orthogonal, IsHaarDistributed) {
  // Of a Haar matrix in two dimensions the determinant is +1 or -1 with equal chance and the angle is uniform; without
  // the sign correction of QR, the first column would always point one way.
  int rotations = 0, right = 0;
  constexpr int trials = 4000;
  double angle_mean = 0;
  for (int seed = 0; seed < trials; ++seed) {
    WeightContext context = linear_context(2, 2);
    context.activation = {model::ActivationKind::identity};
    context.seed = static_cast<std::uint64_t>(seed);
    const std::vector<float> q = filled("orthogonal", context).values;
    rotations += q[0] * q[3] - q[1] * q[2] > 0;
    right += q[0] > 0;
    angle_mean += std::abs(std::atan2(q[2], q[0])) / trials;
  }
  const double limit = 4.89 * std::sqrt(trials / 4.0);
  EXPECT_NEAR(rotations, trials / 2, limit);
  EXPECT_NEAR(right, trials / 2, limit);
  EXPECT_NEAR(angle_mean, std::acos(0.0), 4.89 * std::acos(-1.0) / std::sqrt(12.0 * trials));
}

TEST(Dirac, PassesTheInputOn) {
  // A 3x3 convolution, by hand: output channel d is input channel d.
  const Filled filling = filled("dirac", conv_context(6, 4, 3));
  for (std::int64_t o = 0; o < 6; ++o)
    for (std::int64_t i = 0; i < 4; ++i)
      for (std::int64_t tap = 0; tap < 9; ++tap)
        EXPECT_EQ(filling.values[static_cast<std::size_t>((o * 4 + i) * 9 + tap)], o == i && tap == 4 ? 1.0f : 0.0f);
}

TEST(Dirac, StartsAgainInEachGroup) {
  const Filled filling = filled("dirac", conv_context(6, 4, 2, 2));  // even kernel: the later middle, index (1, 1)
  for (std::int64_t o = 0; o < 6; ++o)
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t tap = 0; tap < 4; ++tap)
        EXPECT_EQ(filling.values[static_cast<std::size_t>((o * 2 + i) * 4 + tap)],
                  o % 3 == i && tap == 3 ? 1.0f : 0.0f);
}

TEST(Dirac, OfAMatrixIsTheIdentity) {
  const Filled filling = filled("dirac", linear_context(3, 5));
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(filling.values[i], i % 5 == i / 5 ? 1.0f : 0.0f);
}

}  // namespace
}  // namespace fanin::init
