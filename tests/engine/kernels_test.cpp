// The optimizers' arithmetic against the formulas in double, over lengths that leave every remainder.
#include "fanin/engine/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "reference/random_cases.h"

namespace fanin::engine {
namespace {

std::vector<float> random_values(std::size_t n, testing::Dice& dice) {
  std::vector<float> values(n);
  for (float& x : values) x = static_cast<float>(dice.uniform(-1, 1));
  return values;
}

TEST(Sgd, FollowsPyTorchsFormula) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{67}}) {
    for (const bool nesterov : {false, true}) {
      testing::Dice dice(n);
      std::vector<float> w = random_values(n, dice), buffer(n);
      std::vector<double> expected(w.begin(), w.end()), momentum(n);
      for (int step = 0; step < 5; ++step) {
        const std::vector<float> g = random_values(n, dice);
        sgd_update(w, g, buffer,
                   {.lr = 0.1,
                    .momentum = 0.9,
                    .nesterov = nesterov,
                    .weight_decay = 0.01,
                    .grad_scale = 0.5,
                    .first_step = step == 0});
        for (std::size_t i = 0; i < n; ++i) {
          const double gradient = 0.5 * static_cast<double>(g[i]) + 0.01 * expected[i];
          momentum[i] = step == 0 ? gradient : 0.9 * momentum[i] + gradient;
          expected[i] -= 0.1 * (nesterov ? gradient + 0.9 * momentum[i] : momentum[i]);
          EXPECT_NEAR(static_cast<double>(w[i]), expected[i], 1e-6);
        }
      }
    }
  }
}

TEST(Sgd, WithoutMomentumNeedsNoBuffer) {
  std::vector<float> w = {1, 2, 3};
  const std::vector<float> g = {1, 0, -1};
  sgd_update(w, g, {}, {.lr = 0.5});
  EXPECT_EQ(w, (std::vector<float>{0.5F, 2, 3.5F}));
}

TEST(Adam, FollowsPyTorchsFormulaCoupledAndDecoupled) {
  for (const bool decoupled : {false, true}) {
    const std::size_t n = 37;
    testing::Dice dice(4);
    std::vector<float> w = random_values(n, dice), m(n), v(n);
    std::vector<double> expected(w.begin(), w.end()), first(n), second(n);
    for (int t = 1; t <= 6; ++t) {
      const std::vector<float> g = random_values(n, dice);
      adam_update(w, g, m, v, {.lr = 0.01, .weight_decay = 0.1, .decoupled = decoupled, .t = t});
      for (std::size_t i = 0; i < n; ++i) {
        double gradient = static_cast<double>(g[i]);
        if (decoupled) {
          expected[i] -= 0.01 * 0.1 * expected[i];
        } else {
          gradient += 0.1 * expected[i];
        }
        first[i] = 0.9 * first[i] + 0.1 * gradient;
        second[i] = 0.999 * second[i] + 0.001 * gradient * gradient;
        expected[i] -= 0.01 / (1 - std::pow(0.9, t)) * first[i] /
                       (std::sqrt(second[i]) / std::sqrt(1 - std::pow(0.999, t)) + 1e-8);
        EXPECT_NEAR(static_cast<double>(w[i]), expected[i], 3e-6);
      }
    }
  }
}

TEST(SumOfSquares, IsExactInDoubleAndShowsNaN) {
  std::vector<float> values(1001, 3.0F);
  EXPECT_EQ(sum_of_squares(values), 9009.0);
  values[500] = NAN;
  EXPECT_TRUE(std::isnan(sum_of_squares(values)));
  EXPECT_EQ(sum_of_squares({}), 0.0);
  EXPECT_GT(sum_of_squares(std::vector<float>(10, 1e30F)), 1e60);  // beyond float32
}

}  // namespace
}  // namespace fanin::engine
