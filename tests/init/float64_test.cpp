// Structured tensors in double precision: exact to the type, and where a formula gives them, the floats' own values;
// and what a half cannot hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/source.h"
#include "fanin/random/compat.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

std::vector<double> wide(const std::string& scheme, const WeightContext& context) {
  const Source source(parse_spec(scheme), context);
  std::vector<double> values(static_cast<std::size_t>(source.count()));
  source.fill(std::span(values), 0);
  return values;
}

/// The largest entry of M M^T - scale^2 I, of M^T M where it is tall: M the sum over a kernel's taps, its response to a
/// constant image.
double error(const std::vector<double>& kernel, const Shape& shape, double scale) {
  const auto rows = static_cast<std::size_t>(shape[0]), columns = static_cast<std::size_t>(shape[1]);
  const std::size_t taps = kernel.size() / (rows * columns), vectors = std::min(rows, columns);
  std::vector<double> matrix(rows * columns, 0.0);
  for (std::size_t i = 0; i < kernel.size(); ++i) matrix[i / taps] += kernel[i];
  const auto at = [&](std::size_t vector, std::size_t i) {
    return rows <= columns ? matrix[vector * columns + i] : matrix[i * columns + vector];
  };
  double worst = 0;
  for (std::size_t a = 0; a < vectors; ++a)
    for (std::size_t b = 0; b < vectors; ++b) {
      double dot = 0;
      for (std::size_t i = 0; i < std::max(rows, columns); ++i) dot += at(a, i) * at(b, i);
      worst = std::max(worst, std::abs(dot - (a == b ? scale * scale : 0)));
    }
  return worst;
}

TEST(Float64, OrthogonalStructureIsExactToTheType) {
  for (const char* scheme : {"orthogonal:gain=1", "delta_orthogonal:gain=1", "conv_orthogonal:gain=1",
                             "sparse_orthogonal:gain=1,density=0.2"})
    for (const auto& context :
         {conv_context(12, 12, 1), conv_context(20, 12, 1), conv_context(7, 12, 1), linear_context(9, 31)}) {
      SCOPED_TRACE(std::string(scheme) + " " + to_string(context.shape));
      EXPECT_LT(error(wide(scheme, context), context.shape, 1), 1e-13);
    }
  for (const char* scheme : {"delta_orthogonal:gain=1", "conv_orthogonal:gain=1", "sparse_orthogonal:gain=1"}) {
    SCOPED_TRACE(scheme);
    const WeightContext kernel = conv_context(12, 12, 3);
    EXPECT_LT(error(wide(scheme, kernel), kernel.shape, 1), 1e-13);
  }
}

TEST(Float64, FormulasRoundToTheFloats) {
  for (const char* scheme : {"dirac", "bilinear", "sinusoidal", "zero_init", "gabor", "conv_aware", "delta_orthogonal",
                             "conv_orthogonal", "sparse_orthogonal", "idinit:noise=0"}) {
    SCOPED_TRACE(scheme);
    WeightContext context = conv_context(12, 6, 5);
    context.place.first = true;
    const std::vector<double> values = wide(scheme, context);
    EXPECT_EQ(std::vector<float>(values.begin(), values.end()), filled(scheme, context).values);
  }
}

TEST(Float64, ShardsAreTheWhole) {
  const WeightContext context = conv_context(12, 6, 3);
  const std::vector<double> whole = wide("orthogonal", context);
  const Source source(parse_spec("orthogonal"), context);
  std::vector<double> shard(100);
  source.fill(std::span(shard), 77);
  EXPECT_TRUE(std::equal(shard.begin(), shard.end(), whole.begin() + 77));
}

TEST(Float64, AForeignStreamsMatrixIsDrawnInDouble) {
  // torch.manual_seed(0); torch.nn.init.orthogonal_(torch.empty(3, 4, dtype=torch.float64)), PyTorch 2.15
  const std::vector<double> expected = {0.56153266089081022,   -0.1069242896544219,  -0.79394191373468015,
                                        0.20713402581444129,   -0.39059818106908584, -0.76810013602441218,
                                        -0.040867763431425508, 0.50575198259316234,  -0.71383873156733724,
                                        0.21100855822296738,   -0.60630236183796138, -0.27983405743531092};
  WeightContext context = linear_context(3, 4);
  const Source source(parse_spec("orthogonal:gain=1"), context);
  std::vector<double> values(12);
  source.fill(std::span(values), *random::compat::make_foreign_stream("torch", 0));
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-14) << i;
}

TEST(Half, RefusesWhatItCannotHold) {
  for (const char* scheme :
       {"constant:value=1e6", "normal:std=30000", "uniform:low=0,high=70000", "orthogonal:gain=1e6"}) {
    const Source source(parse_spec(scheme), linear_context(4, 4));
    std::vector<half> values(16);
    EXPECT_THAT([&] { source.fill(std::span(values), 0); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("where half ends")))
        << scheme;
  }
  const Source source(parse_spec("constant:value=60000"), linear_context(4, 4));
  std::vector<half> values(16);
  source.fill(std::span(values), 0);
  EXPECT_EQ(to_float(values[0]), 60000.0f);
}

}  // namespace
}  // namespace fanin::init
