// The fused convolution, ReLU and maximum against plain loops, on every instruction set of this processor. Small
// integers: every sum is exact, so all must be equal to the last bit.
#include "engine/kernels/pooled_conv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/compare.h"
#include "random/simd/targets.h"

namespace fanin::testing {
namespace {

using engine::kernels::PooledConvGeometry;
using Floats = std::vector<float>;
constexpr std::int64_t kernel = engine::kernels::pooled_conv_kernel;

Floats integers(std::int64_t size, std::int64_t most, Dice& dice) {
  Floats values(static_cast<std::size_t>(size));
  for (float& x : values) x = static_cast<float>(dice.between(-most, most));
  return values;
}

/// Where element (channel, position) of image n lies in a tensor of blocks.
std::size_t at(std::int64_t n, std::int64_t channel, std::int64_t position, std::int64_t channels,
               std::int64_t positions, std::int64_t block) {
  const std::int64_t blocks = (channels + block - 1) / block;
  return static_cast<std::size_t>(((n * blocks + channel / block) * positions + position) * block + channel % block);
}

struct Tensors {
  Floats x, weights, bias, dy;    // given
  Floats y, dx, dweights, dbias;  // computed
};

/// What the kernels must compute, by definition: every window, then the first maximum, then the clamp.
void plain_loops(const PooledConvGeometry& g, Tensors& t) {
  const auto x_at = [&](std::int64_t n, std::int64_t c, std::int64_t py, std::int64_t px) -> std::int64_t {
    const std::int64_t row = py - g.pad_top, column = px - g.pad_left;
    if (row < 0 || row >= g.in_h || column < 0 || column >= g.in_w) return -1;
    return static_cast<std::int64_t>(at(n, c, row * g.in_w + column, g.in_c, g.in_h * g.in_w, g.in_block));
  };
  const auto each_tap = [&](std::int64_t n, std::int64_t o, std::int64_t y, std::int64_t x, const auto& body) {
    for (std::int64_t i = 0; i < g.in_c * kernel * kernel; ++i) {
      const std::int64_t source = x_at(n, i / 25, y + i % 25 / kernel, x + i % kernel);
      if (source >= 0) body(static_cast<std::size_t>(o * g.in_c * 25 + i), static_cast<std::size_t>(source));
    }
  };
  std::ranges::fill(t.dweights, 0.0F);
  std::ranges::fill(t.dbias, 0.0F);
  std::ranges::fill(t.dx, 0.0F);
  for (std::int64_t n = 0; n < g.n; ++n) {
    for (std::int64_t o = 0; o < g.out_c; ++o) {
      for (std::int64_t p = 0; p < g.out_h * g.out_w; ++p) {
        float best = 0;
        std::int64_t winner = -1;
        for (std::int64_t window = 0; window < 4; ++window) {
          float sum = t.bias[static_cast<std::size_t>(o)];
          each_tap(n, o, 2 * (p / g.out_w) + window / 2, 2 * (p % g.out_w) + window % 2,
                   [&](std::size_t w, std::size_t source) { sum += t.weights[w] * t.x[source]; });
          if (sum > best) best = sum, winner = window;
        }
        const std::size_t place = at(n, o, p, g.out_c, g.out_h * g.out_w, g.block);
        t.y[place] = best;
        if (winner < 0) continue;
        t.dbias[static_cast<std::size_t>(o)] += t.dy[place];
        each_tap(n, o, 2 * (p / g.out_w) + winner / 2, 2 * (p % g.out_w) + winner % 2,
                 [&](std::size_t w, std::size_t source) {
                   t.dweights[w] += t.dy[place] * t.x[source];
                   t.dx[source] += t.dy[place] * t.weights[w];
                 });
      }
    }
  }
}

void kernels_of(const PooledConvGeometry& g, Tensors& t) {
  Floats scratch(engine::kernels::pooled_conv_scratch(g));
  std::vector<std::int32_t> winner(t.y.size());
  Floats evaluated(t.y.size());
  engine::kernels::pooled_conv(g, t.x.data(), t.weights.data(), t.bias.data(), evaluated.data(), nullptr,
                               scratch.data());
  engine::kernels::pooled_conv(g, t.x.data(), t.weights.data(), t.bias.data(), t.y.data(), winner.data(),
                               scratch.data());
  EXPECT_EQ(t.y, evaluated);
  engine::kernels::pooled_conv_backward_weights(g, t.x.data(), t.dy.data(), winner.data(), t.dweights.data(),
                                                t.dbias.data(), scratch.data());
  if (g.in_block == 8) {
    engine::kernels::pooled_conv_backward_data(g, t.dy.data(), winner.data(), t.weights.data(), t.dx.data(),
                                               scratch.data());
  }
}

PooledConvGeometry random_geometry(Dice& dice) {
  PooledConvGeometry g{};
  g.n = dice.between(1, 3);
  g.in_c = dice.coin() ? 1 : dice.between(2, 8);
  g.in_h = dice.between(6, 16);
  g.in_w = dice.between(6, 40);
  g.out_c = dice.between(1, 32);
  g.pad_top = dice.between(0, 2);
  g.pad_left = dice.between(0, 2);
  g.pad_bottom = dice.between(0, 2);
  g.pad_right = dice.between(0, 2);
  g.out_h = (g.padded_h() - kernel + 1) / 2;
  g.out_w = (g.padded_w() - kernel + 1) / 2;
  g.in_block = g.in_c > 1 && dice.coin() ? 8 : 1;
  g.block = engine::kernels::pooled_conv_block(g.in_c, g.out_c);
  return g;
}

TEST(PooledConv, EqualsPlainLoopsOnEveryInstructionSet) {
  int tried = 0;
  for (const random::simd::Target& target : random::simd::runnable_targets()) {
    random::simd::force_target(target.id);
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      Dice dice(seed);
      const PooledConvGeometry g = random_geometry(dice);
      if (g.block == 0) continue;
      SCOPED_TRACE(target.name + ", seed " + std::to_string(seed));
      Tensors given;
      const std::int64_t in = g.in_block == 1 ? g.n * g.in_c * g.in_h * g.in_w : g.n * g.in_h * g.in_w * 8;
      const auto out = g.n * g.blocks() * g.block * g.out_h * g.out_w;
      given.x = integers(in, 3, dice);
      for (std::size_t i = 0; g.in_block == 8 && i < given.x.size(); ++i) {
        if (static_cast<std::int64_t>(i % 8) >= g.in_c) given.x[i] = 0;
      }
      given.weights = integers(g.out_c * g.in_c * 25, 2, dice);
      given.bias = integers(g.out_c, 5, dice);
      given.dy = integers(out, 3, dice);
      given.y = Floats(given.dy.size());
      given.dx = Floats(given.x.size());
      given.dweights = Floats(given.weights.size());
      given.dbias = Floats(given.bias.size());
      Tensors expected = given;
      plain_loops(g, expected);
      kernels_of(g, given);
      EXPECT_EQ(given.y, expected.y);
      EXPECT_EQ(given.dweights, expected.dweights);
      EXPECT_EQ(given.dbias, expected.dbias);
      if (g.in_block == 8) {
        EXPECT_EQ(given.dx, expected.dx);
      }
      ++tried;
      if (HasFailure()) break;
    }
  }
  random::simd::force_target(0);
  EXPECT_GT(tried, 0);
}

TEST(PooledConv, LetsNaNThrough) {
  PooledConvGeometry g{1, 1, 8, 8, 2, 0, 0, 0, 0, 2, 2, 1, engine::kernels::pooled_conv_block(1, 2)};
  if (g.block == 0) GTEST_SKIP() << "this processor's vectors are too short for the kernels";
  Floats x(64, 1.0F), weights(50, -1.0F), y(static_cast<std::size_t>(g.block * 4));
  Floats scratch(engine::kernels::pooled_conv_scratch(g));
  x[63] = std::numeric_limits<float>::quiet_NaN();  // seen by the last window only
  engine::kernels::pooled_conv(g, x.data(), weights.data(), nullptr, y.data(), nullptr, scratch.data());
  EXPECT_EQ(y[0], 0);
  EXPECT_TRUE(std::isnan(y[static_cast<std::size_t>(3 * g.block)]));
}

/// Networks whose first layers are fused, on images of one and of several channels, padded or not, with odd sides.
TEST(PooledConv, FollowsTheReferenceInNetworks) {
  for (const Shape& input : {Shape{1, 28, 28}, Shape{3, 32, 32}, Shape{2, 21, 33}}) {
    for (const bool bias : {true, false}) {
      model::Graph graph("fused", input);
      model::ValueId x = graph.input();
      for (const std::int64_t channels : {7, 12}) {
        const model::Conv2d conv{
            .out_channels = channels, .kernel_h = 5, .kernel_w = 5, .pad_top = 1, .pad_right = 2, .bias = bias};
        x = graph.add("conv" + std::to_string(channels), conv, {x});
        x = graph.add("relu" + std::to_string(channels), model::Activation{}, {x});
        x = graph.add("pool" + std::to_string(channels), model::MaxPool2d{}, {x});
      }
      graph.add("fc", model::Linear{5}, {graph.add("flatten", model::Flatten{}, {x})});
      Dice dice(3);
      Pair pair(graph, {.batch = 3}, dice);
      EXPECT_THAT(pair.program.dump(), ::testing::HasSubstr("conv7+relu7+pool7"));
      expect_same_training(pair, {1, 0, 0}, 1e-3, false);
      expect_same_evaluation(pair, 1e-3);
    }
  }
}

}  // namespace
}  // namespace fanin::testing
