// What each scheme fills: moments, range and distribution against the formula of its row; golden bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "fanin/base/hash.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

// 512 x 256 x 3 x 3 weights: fan_in 2304, fan_out 4608; 1.2 million values. Limits at a false-alarm probability of
// 1e-6.
constexpr double z_limit = 4.89, ks_limit = 2.693;
WeightContext big() {
  return conv_context(512, 256, 3);
}

double ks_statistic(std::vector<float> values, const std::function<double(double)>& cdf) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(values[i]);
    distance = std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return distance * std::sqrt(n);
}

std::function<double(double)> normal_cdf(double mean, double std) {
  return [=](double x) { return 0.5 * std::erfc(-(x - mean) / std / std::sqrt(2.0)); };
}

std::function<double(double)> uniform_cdf(double low, double high) {
  return [=](double x) { return std::clamp((x - low) / (high - low), 0.0, 1.0); };
}

struct Case {
  std::string scheme;
  double mean, std;  // of the distribution
  bool uniform;
  double gain = 1;
};
std::ostream& operator<<(std::ostream& out, const Case& test) {
  return out << test.scheme;
}

class Distributions : public testing::TestWithParam<Case> {};

TEST_P(Distributions, AreThoseOfTheFormula) {
  const Case& test = GetParam();
  const Filled filling = filled(test.scheme, big());
  const double n = static_cast<double>(filling.values.size());
  EXPECT_NEAR(filling.report.target_std, test.std, 1e-7 * test.std);
  EXPECT_NEAR(filling.report.gain, test.gain, 1e-12);
  EXPECT_NEAR(filling.report.mean, test.mean, z_limit * test.std / std::sqrt(n));
  EXPECT_NEAR(filling.report.std, test.std, z_limit * test.std / std::sqrt((test.uniform ? 5 : 2) * n));
  const double bound = test.std * std::sqrt(3.0);
  const auto cdf = test.uniform ? uniform_cdf(test.mean - bound, test.mean + bound) : normal_cdf(test.mean, test.std);
  EXPECT_LT(ks_statistic(filling.values, cdf), ks_limit);
  if (test.uniform) {
    EXPECT_GE(filling.report.minimum, static_cast<float>(test.mean - bound) * (1 + 1e-6));
    EXPECT_LE(filling.report.maximum, static_cast<float>(test.mean + bound) * (1 + 1e-6));
    EXPECT_GT(filling.report.maximum, test.mean + 0.9999 * bound);
  } else {
    EXPECT_GT(filling.report.maximum, test.mean + 4.2 * test.std);
    EXPECT_LT(filling.report.maximum, test.mean + 6.7 * test.std);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, Distributions,
    testing::Values(Case{"normal", 0, 0.01, false}, Case{"normal:mean=0.5,std=2", 0.5, 2, false},
                    Case{"uniform", 0, 0.05 / std::sqrt(3.0), true},
                    Case{"uniform:low=1,high=3", 2, 1 / std::sqrt(3.0), true},
                    Case{"xavier_normal", 0, std::sqrt(2.0 / 6912), false},
                    Case{"xavier_uniform", 0, std::sqrt(2.0 / 6912), true},
                    Case{"xavier_normal:gain=auto", 0, std::sqrt(4.0 / 6912), false, std::sqrt(2.0)},
                    Case{"he_normal", 0, std::sqrt(2.0 / 2304), false, std::sqrt(2.0)},
                    Case{"he_normal:mode=fan_out", 0, std::sqrt(2.0 / 4608), false, std::sqrt(2.0)},
                    Case{"he_normal:mode=fan_avg,gain=1", 0, std::sqrt(1.0 / 3456), false},
                    Case{"he_uniform", 0, std::sqrt(2.0 / 2304), true, std::sqrt(2.0)},
                    Case{"lecun_normal", 0, std::sqrt(1.0 / 2304), false},
                    Case{"lecun_uniform:gain=3", 0, 3 * std::sqrt(1.0 / 2304), true, 3},
                    Case{"variance_scaling:distribution=normal", 0, std::sqrt(1.0 / 2304), false},
                    Case{"variance_scaling:scale=2,mode=fan_geo_avg,distribution=uniform", 0,
                         std::sqrt(2.0 / std::sqrt(2304.0 * 4608)), true, std::sqrt(2.0)},
                    Case{"random_walk", 0, std::sqrt(2.0 / 2304) * std::exp(1.2 / 2301.6), false,
                         std::sqrt(2.0) * std::exp(1.2 / 2301.6)},
                    Case{"textbook_random", 0, 0.01, false}, Case{"textbook_xavier", 0, std::sqrt(2.0 / 768), false}));

TEST(TruncatedNormal, IsCutInStandardDeviations) {
  const Filled filling = filled("truncated_normal:mean=1,std=0.1", big());
  EXPECT_GE(filling.report.minimum, 0.8f);
  EXPECT_LE(filling.report.maximum, 1.2f);
  EXPECT_NEAR(filling.report.target_std, 0.087962566103423975, 1e-12);
  EXPECT_NEAR(filling.report.std, filling.report.target_std, 1e-4);
  const auto whole = normal_cdf(1, 0.1);
  const auto cdf = [&](double x) { return (whole(x) - whole(0.8)) / (whole(1.2) - whole(0.8)); };
  EXPECT_LT(ks_statistic(filling.values, cdf), ks_limit);

  const Filled tail = filled("truncated_normal:std=1,low=8,high=10", big());
  EXPECT_GE(tail.report.minimum, 8.0f);
  EXPECT_NEAR(tail.report.std, tail.report.target_std, 0.005 * tail.report.target_std);
  EXPECT_NEAR(tail.report.mean, 8.12, 0.01);  // 8 + 1/8 - 2/8^3
}

TEST(TruncatedNormal, TakesAbsoluteBoundsToo) {
  // Wide bounds truncate nothing; narrow ones are where they are told to be, and nothing piles up on them.
  const Filled wide = filled("truncated_normal:bounds=absolute,std=0.02", big());
  EXPECT_NEAR(wide.report.std, 0.02, 1e-4);
  EXPECT_NEAR(wide.report.target_std, 0.02, 1e-12);
  EXPECT_LT(wide.report.maximum, 0.14);
  const Filled narrow = filled("truncated_normal:bounds=absolute,std=0.1,low=-0.1,high=0.3", big());
  EXPECT_GE(narrow.report.minimum, -0.1f);
  EXPECT_LE(narrow.report.maximum, 0.3f);
  EXPECT_LT(std::ranges::count(narrow.values, -0.1f), 5);
  EXPECT_NEAR(narrow.report.std, narrow.report.target_std, 1e-4);
}

TEST(VarianceScaling, CorrectsTheTruncatedNormal) {
  // Without the correction a cut at two standard deviations takes 23 % of the variance.
  const Filled filling = filled("variance_scaling:scale=2", big());
  const double std = std::sqrt(2.0 / 2304);
  EXPECT_NEAR(filling.report.std, std, 1e-4 * 20 * std);
  EXPECT_LE(filling.report.maximum, 2 * std / 0.87962566103423978 * (1 + 1e-6));
}

TEST(VarianceScaling, DrawsSigns) {
  const Filled filling = filled("variance_scaling:distribution=sign", big());
  for (const float value : filling.values)
    ASSERT_EQ(std::abs(value), filling.values[0] < 0 ? -filling.values[0] : filling.values[0]);
  EXPECT_NEAR(filling.report.mean, 0,
              z_limit * filling.report.std / std::sqrt(static_cast<double>(filling.values.size())));
}

TEST(TruncatedNormal, WithoutSpreadIsItsMean) {
  const Filled filling = filled("truncated_normal:mean=2,std=0", conv_context(4, 4, 3));
  EXPECT_EQ(filling.report.minimum, 2);
  EXPECT_EQ(filling.report.maximum, 2);
  EXPECT_EQ(filling.report.target_std, 0);
}

TEST(Constants, AreConstant) {
  const Filled zero = filled("zeros", conv_context(4, 4, 3));
  EXPECT_TRUE(std::ranges::all_of(zero.values, [](float value) { return value == 0.0f; }));
  EXPECT_TRUE(std::isnan(zero.report.target_std));
  const Filled third = filled("constant:value=0.3", conv_context(4, 4, 3));
  EXPECT_TRUE(std::ranges::all_of(third.values, [](float value) { return value == 0.3f; }));
  EXPECT_EQ(third.report.std, 0);
}

TEST(Weights, DependOnSeedAndNameAlone) {
  WeightContext context = conv_context(8, 8, 3);
  const std::vector<float> first = filled("he_normal", context).values;
  EXPECT_EQ(filled("he_normal", context).values, first);
  context.seed = 2;
  EXPECT_NE(filled("he_normal", context).values, first);
  context.seed = 1;
  context.name = "conv2.weight";
  EXPECT_NE(filled("he_normal", context).values, first);
}

// The bits that every later version must give: a change here changes everyone's weights.
struct Golden {
  std::string scheme;
  std::uint64_t hash;
};
std::ostream& operator<<(std::ostream& out, const Golden& golden) {
  return out << golden.scheme;
}

class GoldenBits : public testing::TestWithParam<Golden> {};

TEST_P(GoldenBits, AreUnchanged) {
  const Filled filling = filled(GetParam().scheme, conv_context(24, 16, 3, 2));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(filling.values.data());
  EXPECT_EQ(hash_bytes({bytes, filling.values.size() * sizeof(float)}), GetParam().hash);
}

INSTANTIATE_TEST_SUITE_P(Schemes, GoldenBits,
                         testing::Values(Golden{"normal", 0x1dd91ef588a7f53bu}, Golden{"uniform", 0x8f8a64857e732425u},
                                         Golden{"truncated_normal", 0x311b4d43a011a526u},
                                         Golden{"xavier_uniform", 0x5baae572c702ec7du},
                                         Golden{"he_normal", 0xa03d149aa8bb0e8au},
                                         Golden{"orthogonal", 0x41453e055e1cd60au},
                                         Golden{"dirac", 0x4b0524fa4e43d91eu}));

}  // namespace
}  // namespace fanin::init
