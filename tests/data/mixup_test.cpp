// Mixup: shares from the beta distribution, partners, and the mixing in place against plain definitions.
#include "fanin/data/mixup.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "data/folders.h"
#include "fanin/random/stream.h"

namespace fanin::data {
namespace {

using testing::error_of;

constexpr std::int64_t draws = 20000;

std::vector<double> shares(double alpha) {
  const Mixup mixup(alpha, 3, 2, 100);  // over 200 epochs
  std::vector<double> values;
  for (std::int64_t step = 0; step < draws; ++step) values.push_back(mixup.share(step));
  return values;
}

TEST(Mixup, SharesHaveTheMomentsOfTheBetaDistribution) {
  for (const double alpha : {0.1, 0.2, 0.4, 1.0, 4.0, 50.0}) {
    const std::vector<double> values = shares(alpha);
    const double variance = 1 / (4 * (2 * alpha + 1));
    double mean = 0, spread = 0;
    for (const double x : values) {
      ASSERT_TRUE(x >= 0 && x <= 1) << x;
      mean += x / draws;
      spread += (x - 0.5) * (x - 0.5) / draws;
    }
    EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(variance / draws)) << alpha;
    // The squared deviation is at most 1/4, so its own variance is at most variance / 4.
    EXPECT_NEAR(spread, variance, 5 * std::sqrt(variance / 4 / draws)) << alpha;
  }
}

// Kolmogorov's distance at one in a million: sqrt(ln(2e6) / (2 n)).
TEST(Mixup, SharesFollowTheUniformAndTheArcsineLaw) {
  for (const double alpha : {0.5, 1.0}) {
    std::vector<double> values = shares(alpha);
    std::ranges::sort(values);
    double largest = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double expected = alpha == 1 ? values[i] : 2 / std::numbers::pi * std::asin(std::sqrt(values[i]));
      const double before = static_cast<double>(i) / draws, after = static_cast<double>(i + 1) / draws;
      largest = std::max({largest, std::abs(expected - before), std::abs(expected - after)});
    }
    EXPECT_LT(largest, std::sqrt(std::log(2e6) / (2 * draws))) << alpha;
  }
}

TEST(Mixup, TheSmallestAndTheLargestAlphaAreLimits) {
  double nearest = 1;  // to a half
  for (const double x : shares(Mixup::least_alpha)) nearest = std::min(nearest, std::abs(x - 0.5));
  EXPECT_GT(nearest, 0) << "one of the two nearly always";
  for (const double x : shares(Mixup::largest_alpha)) EXPECT_NEAR(x, 0.5, 0.1);
}

TEST(Mixup, DependsOnSeedEpochAndPlaceAlone) {
  const Mixup one(0.4, 7, 8, 5), same(0.4, 7, 8, 5), other(0.4, 8, 8, 5);
  EXPECT_EQ(one.share(12), same.share(12));
  EXPECT_EQ(one.partners(12), same.partners(12));
  EXPECT_NE(one.share(12), other.share(12));
  EXPECT_NE(one.partners(12), other.partners(12));
  EXPECT_NE(one.partners(12), one.partners(7)) << "the same place of another epoch";
  EXPECT_NE(one.share(12), one.share(7));
}

TEST(Mixup, PartnersAreAPermutationThatReachesAllPairs) {
  constexpr std::int64_t batch = 5, steps = 4000;
  const Mixup mixup(1, 1, batch, 100);
  std::vector<int> pairs(batch * batch);
  for (std::int64_t step = 0; step < steps; ++step) {
    std::vector<std::uint32_t> partner = mixup.partners(step);
    for (std::size_t i = 0; i < batch; ++i) ++pairs[i * batch + partner[i]];
    std::ranges::sort(partner);
    ASSERT_THAT(partner, ::testing::ElementsAre(0, 1, 2, 3, 4));
  }
  // Binomial(4000, 1/5): mean 800, standard deviation 25.
  for (const int count : pairs) EXPECT_NEAR(count, 800, 130);
}

TEST(Mixup, MixesImagesAsTheDefinitionSays) {
  constexpr std::int64_t batch = 9, size = 6;
  for (std::int64_t step = 0; step < 50; ++step) {
    const Mixup mixup(0.5, 2, batch, 7);
    std::vector<float> images(batch * size);
    random::fill_normal(images, random::make_stream(5, "images", random::Purpose::subset), 0, 1);
    std::vector<std::int32_t> labels(batch), partner_labels(batch, -1);
    std::iota(labels.begin(), labels.end(), 10);
    const std::vector<float> before = images;
    const double share = mixup.apply(step, images.data(), size, labels, partner_labels);
    EXPECT_EQ(share, mixup.share(step));
    const std::vector<std::uint32_t> partner = mixup.partners(step);
    for (std::size_t i = 0; i < batch; ++i) {
      EXPECT_EQ(partner_labels[i], labels[partner[i]]);
      for (std::size_t p = 0; p < size; ++p) {
        const double own = static_cast<double>(before[i * size + p]), other = before[partner[i] * size + p];
        EXPECT_NEAR(images[i * size + p], share * own + (1 - share) * other, 1e-6) << i << " with " << partner[i];
      }
    }
  }
}

TEST(Mixup, OfAlphaZeroTouchesNothing) {
  const Mixup mixup(0, 2, 2, 7);
  std::vector<float> images = {1, 2};
  std::vector<std::int32_t> labels = {3, 4}, partner_labels = {5, 6};
  EXPECT_FALSE(mixup.any());
  EXPECT_EQ(mixup.apply(0, images.data(), 1, labels, partner_labels), 1);
  EXPECT_THAT(images, ::testing::ElementsAre(1, 2));
  EXPECT_THAT(partner_labels, ::testing::ElementsAre(5, 6));
}

TEST(Mixup, RefusesWrongNumbers) {
  for (const double alpha : {-1.0, 1e-9, 1e4, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(error_of([&] { Mixup(alpha, 0, 2, 2); }), ::testing::HasSubstr("expected 0 (none) or 0.001 to 1000"));
  }
  EXPECT_THAT(error_of([] { Mixup(1, 0, 0, 2); }), ::testing::HasSubstr("at least 1"));
}

}  // namespace
}  // namespace fanin::data
