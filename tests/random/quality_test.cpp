// The distributions at 2^22 values: moments, Kolmogorov-Smirnov, tails, independence.
//
// Every limit is at a false-alarm probability of 1e-6, and the seeds are fixed, so a pass stays a pass. The transforms
// themselves are compared with double-precision ones value by value, which proves more than any statistic.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "fanin/random/stream.h"

namespace fanin::random {
namespace {

constexpr std::size_t sample_size = std::size_t{1} << 22;
constexpr double z_limit = 4.89;    // two-sided normal, 1e-6
constexpr double ks_limit = 2.693;  // D sqrt(n), 1e-6
const double root_n = std::sqrt(static_cast<double>(sample_size));

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

template <class T>
double ks_statistic(std::vector<T> values, const std::function<double(double)>& cdf) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(values[i]);
    distance = std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return distance * std::sqrt(n);
}

std::vector<float> normals(std::uint64_t seed, std::string_view name, std::uint32_t draw = 0) {
  std::vector<float> values(sample_size);
  fill_normal(std::span<float>(values), make_stream(seed, name, Purpose::initialize, draw), 0.0f, 1.0f);
  return values;
}

/// The mean of f(a_i) g(b_i), times sqrt n: standard normal for independent standardized f and g.
double correlation(const std::vector<float>& a, const std::vector<float>& b, std::size_t lag, bool squares) {
  double sum = 0;
  for (std::size_t i = 0; i + lag < a.size(); ++i) {
    const double x = a[i], y = b[i + lag];
    sum += squares ? (x * x - 1) * (y * y - 1) / 2 : x * y;
  }
  return sum / std::sqrt(static_cast<double>(a.size() - lag));
}

template <class T>
void expect_standard_normal(const std::vector<T>& values) {
  const double n = static_cast<double>(values.size());
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  std::array<double, 4> beyond{};
  for (const double z : values) {
    m1 += z;
    m2 += z * z;
    m3 += z * z * z;
    m4 += z * z * z * z;
    for (std::size_t k = 0; k < beyond.size(); ++k) beyond[k] += std::abs(z) > 3.0 + static_cast<double>(k);
  }
  EXPECT_LT(std::abs(m1 / n) * std::sqrt(n), z_limit);
  EXPECT_LT(std::abs(m2 / n - 1) * std::sqrt(n / 2), z_limit);
  EXPECT_LT(std::abs(m3 / n) * std::sqrt(n / 15), z_limit);      // Var z^3 = 15
  EXPECT_LT(std::abs(m4 / n - 3) * std::sqrt(n / 96), z_limit);  // Var z^4 = 96
  for (std::size_t k = 0; k < 2; ++k) {
    const double expected = n * std::erfc((3.0 + static_cast<double>(k)) / std::sqrt(2.0));
    EXPECT_NEAR(beyond[k], expected, z_limit * std::sqrt(expected) + 3) << 3 + k;
  }
  EXPECT_LE(beyond[2], 14);  // > 5: 2.4 expected
  EXPECT_LE(beyond[3], 2);   // > 6: 0.008 expected
  EXPECT_LT(ks_statistic(values, normal_cdf), ks_limit);
}

TEST(NormalQuality, IsStandardNormalForSeveralSeeds) {
  for (const std::uint64_t seed : {0u, 1u, 42u}) {
    SCOPED_TRACE(seed);
    expect_standard_normal(normals(seed, "conv1.weight"));
  }
}

TEST(NormalQuality, OfDoublesIsStandardNormal) {
  std::vector<double> values(sample_size / 4);
  fill_normal(std::span<double>(values), make_stream(1, "w", Purpose::initialize), 0.0, 1.0);
  expect_standard_normal(values);
}

TEST(NormalQuality, HasNoSerialCorrelation) {
  const std::vector<float> z = normals(2, "conv1.weight");
  for (const std::size_t lag : {1u, 2u, 8u, 16u, 17u, 32u, 4096u})
    for (const bool squares : {false, true}) EXPECT_LT(std::abs(correlation(z, z, lag, squares)), z_limit) << lag;
}

TEST(NormalQuality, HasIndependentStreams) {
  const std::vector<float> z = normals(2, "conv1.weight");
  for (const std::vector<float>& other :
       {normals(3, "conv1.weight"), normals(2, "conv2.weight"), normals(2, "conv1.weight", 1)})
    for (const bool squares : {false, true}) EXPECT_LT(std::abs(correlation(z, other, 0, squares)), z_limit);
}

TEST(NormalQuality, FillsTheSquareOfBoxMullerPartnersEvenly) {
  const std::vector<float> z = normals(5, "w");
  std::vector<double> counts(64 * 64);
  const auto cell = [](float value) {
    return std::min<std::size_t>(63, static_cast<std::size_t>(normal_cdf(value) * 64));
  };
  for (std::size_t tile = 0; tile < sample_size; tile += 32)
    for (std::size_t r = 0; r < 16; ++r) counts[cell(z[tile + r]) * 64 + cell(z[tile + r + 16])] += 1;
  const double expected = static_cast<double>(sample_size) / 2 / 4096;
  double chi2 = 0;
  for (const double count : counts) chi2 += (count - expected) * (count - expected) / expected;
  EXPECT_LT(std::abs(chi2 - 4095) / std::sqrt(2 * 4095.0), z_limit);
}

TEST(NormalQuality, IsTheExactTransformOfItsWords) {
  const Stream stream = make_stream(6, "w", Purpose::initialize);
  const std::vector<float> z = normals(6, "w");
  double worst = 0;
  for (std::size_t i = 0; i < sample_size; i += 7) {
    const std::array<std::uint32_t, 4> words = block(stream, i / 32 * 8 + i % 16 / 2);
    const double u = std::fma(static_cast<float>(words[i % 2] >> 1), 0x1p-31f, 0x1p-32f);  // a float by definition
    const std::uint32_t w = words[2 + i % 2];
    const double quarters = w >> 30, fraction = static_cast<std::int32_t>(w << 2) * 0x1p-32;
    const double angle = (quarters + fraction) * (std::acos(-1.0) / 2);
    const double r = std::sqrt(-2 * std::log(u));
    const double exact = i % 32 < 16 ? r * std::cos(angle) : r * std::sin(angle);
    worst = std::max(worst, std::abs(z[i] - exact) / std::max(r, 1e-3));
  }
  EXPECT_LT(worst, 3e-7);
}

TEST(UniformQuality, IsUniformToTheLastBit) {
  std::vector<float> u(sample_size);
  fill_uniform(u, make_stream(7, "w", Purpose::initialize), 0.0f, 1.0f);
  EXPECT_LT(ks_statistic(u, [](double x) { return x; }), ks_limit);
  std::array<double, 24> ones{};
  double sum = 0, squares = 0;
  for (const float value : u) {
    ASSERT_TRUE(value >= 0.0f && value < 1.0f);
    const auto bits = static_cast<std::uint32_t>(value * 0x1p24f);
    for (std::size_t bit = 0; bit < 24; ++bit) ones[bit] += bits >> bit & 1;
    sum += value - 0.5;
    squares += (value - 0.5) * (value - 0.5) - 1.0 / 12;
  }
  for (const double count : ones) EXPECT_LT(std::abs(2 * count / root_n - root_n), z_limit);
  EXPECT_LT(std::abs(sum / root_n) * std::sqrt(12.0), z_limit);
  EXPECT_LT(std::abs(squares / root_n) * std::sqrt(180.0), z_limit);
}

TEST(UniformQuality, OfDoublesIsUniform) {
  std::vector<double> u(sample_size / 4);
  fill_uniform(std::span<double>(u), make_stream(7, "w", Purpose::initialize), -0.5, 1.5);
  EXPECT_LT(ks_statistic(u, [](double x) { return (x + 0.5) / 2; }), ks_limit);
}

struct Interval {
  double low, high;
};
std::ostream& operator<<(std::ostream& out, const Interval& interval) {
  return out << interval.low << " to " << interval.high;
}
class TruncatedQuality : public testing::TestWithParam<Interval> {};

TEST_P(TruncatedQuality, HasTheExactDistribution) {
  const auto [low, high] = GetParam();
  constexpr double mean = 0.5, std = 2.0;
  std::vector<float> values(sample_size);
  fill_truncated_normal(values, make_stream(8, "w", Purpose::initialize), mean, std,
                        static_cast<float>(mean + std * low), static_cast<float>(mean + std * high));
  // From the nearer tail, so that the reference does not lose the digits that are tested.
  const bool mirror = low + high > 0;
  const double a = mirror ? -high : low, b = mirror ? -low : high;
  const double below = normal_cdf(a), inside = normal_cdf(b) - below;
  const auto cdf = [&](double x) {
    const double z = (x - mean) / std;
    const double p = (normal_cdf(mirror ? -z : z) - below) / inside;
    return std::clamp(mirror ? 1 - p : p, 0.0, 1.0);
  };
  EXPECT_LT(ks_statistic(values, cdf), ks_limit);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  EXPECT_GE(*least, static_cast<float>(mean + std * low));
  EXPECT_LE(*most, static_cast<float>(mean + std * high));
  const auto at_bounds = std::count(values.begin(), values.end(), static_cast<float>(mean + std * low)) +
                         std::count(values.begin(), values.end(), static_cast<float>(mean + std * high));
  EXPECT_LT(at_bounds, 40);  // no piling up: a float spacing's worth of probability, not the tail's
}

constexpr double infinity = std::numeric_limits<double>::infinity();
INSTANTIATE_TEST_SUITE_P(Intervals, TruncatedQuality,
                         testing::Values(Interval{-2, 2}, Interval{-2.125, 0.5}, Interval{0, 1}, Interval{-2.5, 2.5},
                                         Interval{-1, 3}, Interval{-3, 0.25}, Interval{0.5, 1.5}, Interval{-8, -4},
                                         Interval{6, infinity}, Interval{-infinity, infinity}, Interval{-infinity, 1}));

TEST(TruncatedMoments, KeepTheStandardDeviationOfTheFormula) {
  // std of N(0, 1) cut at +-b: sqrt(1 - 2 b phi(b) / (2 Phi(b) - 1)).
  for (const auto& [bound, expected] :
       {std::pair{1.0f, 0.53956009375489697}, {2.0f, 0.87962566103423975}, {3.0f, 0.98657839255810862}}) {
    std::vector<float> values(sample_size);
    fill_truncated_normal(values, make_stream(9, "w", Purpose::initialize), 0.0f, 1.0f, -bound, bound);
    double sum = 0, squares = 0;
    for (const double value : values) {
      sum += value;
      squares += value * value;
    }
    const double n = static_cast<double>(sample_size);
    EXPECT_LT(std::abs(sum / n) / expected * root_n, z_limit);
    EXPECT_NEAR(std::sqrt(squares / n), expected, z_limit * expected / root_n);
  }
}

TEST(TruncatedMoments, AreThoseOfTheNormalWithoutBounds) {
  std::vector<float> values(sample_size);
  fill_truncated_normal(values, make_stream(10, "w", Purpose::initialize), 0.0f, 1.0f, -INFINITY, INFINITY);
  expect_standard_normal(values);
}

}  // namespace
}  // namespace fanin::random
