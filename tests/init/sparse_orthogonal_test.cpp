// Exact orthogonality with few weights, and weights of one size.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::int64_t used(const std::vector<float>& values) {
  return static_cast<std::int64_t>(values.size()) - std::count(values.begin(), values.end(), 0.0f);
}

/// The largest deviation of the shorter side's Gram matrix from the identity.
double defect(const std::vector<double>& m, std::int64_t rows, std::int64_t columns) {
  double worst = 0;
  const bool tall = rows >= columns;
  const std::int64_t shorter = std::min(rows, columns), longer = std::max(rows, columns);
  const auto at = [&](std::int64_t vector, std::int64_t i) {
    return m[static_cast<std::size_t>(tall ? i * columns + vector : vector * columns + i)];
  };
  for (std::int64_t a = 0; a < shorter; ++a)
    for (std::int64_t b = 0; b <= a; ++b) {
      double dot = 0;
      for (std::int64_t i = 0; i < longer; ++i) dot += at(a, i) * at(b, i);
      worst = std::max(worst, std::abs(dot - (a == b ? 1 : 0)));
    }
  return worst;
}

TEST(SparseOrthogonal, IsAnIsometryOfTheWantedDensity) {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{96, 96}, {128, 64}, {64, 128}, {40, 1}})
    for (const char* density : {"0.03", "0.125", "0.5", "1"}) {
      if (columns == 1 && std::string(density) == "0.03") continue;  // an identity has more
      const Filled filling =
          filled("sparse_orthogonal:gain=1,density=" + std::string(density), linear_context(rows, columns));
      const std::vector<double> matrix(filling.values.begin(), filling.values.end());
      SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns) + " at " + density);
      EXPECT_LT(defect(matrix, rows, columns), 1e-6);
      const double wanted = std::stod(density) * static_cast<double>(rows * columns);
      EXPECT_GE(static_cast<double>(used(filling.values)), wanted - 1);
      EXPECT_LE(static_cast<double>(used(filling.values)), wanted + static_cast<double>(std::min(rows, columns)));
    }
}

TEST(SparseOrthogonal, TakesTheCentreTapOfAConvolution) {
  const Filled filling = filled("sparse_orthogonal:gain=1.5,density=0.05", conv_context(48, 32, 3, 2));
  EXPECT_NEAR(static_cast<double>(used(filling.values)), 0.05 * 48 * 16 * 9, 2 * 16);
  std::vector<double> centre;
  for (std::size_t i = 0; i < filling.values.size(); ++i) {
    if (i % 9 == 4) centre.push_back(filling.values[i] / 1.5);
    if (i % 9 != 4) {
      EXPECT_EQ(filling.values[i], 0);
    }
  }
  for (const std::size_t group : {0, 1})  // 24 x 16 each
    EXPECT_LT(defect({centre.begin() + static_cast<std::ptrdiff_t>(group) * 24 * 16,
                      centre.begin() + static_cast<std::ptrdiff_t>(group + 1) * 24 * 16},
                     24, 16),
              1e-6);
  EXPECT_NEAR(filling.report.std, filling.report.target_std, 0.03 * filling.report.target_std);
  // Two groups do not get the same matrix.
  EXPECT_NE(std::vector(centre.begin(), centre.begin() + 24 * 16), std::vector(centre.begin() + 24 * 16, centre.end()));
}

TEST(SparseOrthogonal, KeepsTheNormThroughAThousandLayers) {
  constexpr std::size_t width = 32;
  std::vector<double> signal(width);
  random::fill_normal(std::span<double>(signal), random::make_stream(5, "input", random::Purpose::augment), 0.0, 1.0);
  const auto norm = [&] {
    double sum = 0;
    for (const double value : signal) sum += value * value;
    return std::sqrt(sum);
  };
  const double before = norm();
  for (int layer = 0; layer < 1000; ++layer) {
    WeightContext context = linear_context(width, width);
    const std::string name = "fc" + std::to_string(layer) + ".weight";
    context.name = name;
    const std::vector<float> weights = filled("sparse_orthogonal:gain=1,density=0.125", context).values;
    std::vector<double> next(width, 0.0);
    for (std::size_t o = 0; o < width; ++o)
      for (std::size_t i = 0; i < width; ++i) next[o] += static_cast<double>(weights[o * width + i]) * signal[i];
    signal = next;
  }
  EXPECT_NEAR(norm() / before, 1, 1e-4);
}

TEST(SparseOrthogonal, IsRefusedBelowTheDensityOfAnIdentity) {
  EXPECT_THAT([] { filled("sparse_orthogonal:density=0.001", conv_context(16, 16, 3)); },
              ThrowsMessage<Error>(HasSubstr("scheme 'sparse_orthogonal' cannot keep every norm with a density of "
                                             "0.001: 'conv.weight' of shape 16x16x3x3 needs 16 weights a group, a "
                                             "density of 0.00694 at least")));
  EXPECT_THAT([] { filled("sparse_orthogonal:density=0", linear_context(4, 4)); },
              ThrowsMessage<Error>(HasSubstr("option 'density' of scheme 'sparse_orthogonal' is 0")));
}

TEST(SignedConstant, HasHesScaleInEveryWeight) {
  const Filled filling = filled("signed_constant", conv_context(64, 32, 3));
  const float size = std::sqrt(2.0f / 288);
  int negative = 0;
  for (const float value : filling.values) {
    EXPECT_FLOAT_EQ(std::abs(value), size);
    negative += value < 0;
  }
  EXPECT_NEAR(negative, 64 * 288 / 2, 4.89 * std::sqrt(64 * 288 / 4.0));
  EXPECT_EQ(filling.values, filled("variance_scaling:scale=2,distribution=sign", conv_context(64, 32, 3)).values);
  EXPECT_NEAR(filled("signed_constant:mode=fan_out,gain=1", conv_context(64, 32, 3)).report.target_std, 1 / 24.0, 1e-9);
}

}  // namespace
}  // namespace fanin::init
