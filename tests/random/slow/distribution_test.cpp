// Distributions at 10^8 values: moments, tails, Kolmogorov-Smirnov and Anderson-Darling; 16-bit types value by value.
// Fixed seeds, thresholds of probability 1e-6: these pass always or never. Label "slow": ctest -L slow.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "fanin/random/stream.h"

namespace fanin::random {
namespace {

constexpr double samples = 1e8;
constexpr std::size_t chunk = 1000000;
constexpr double z_limit = 4.89, ks_limit = 2.693, ad_limit = 12.53;  // two-sided, D sqrt(n), A^2: each 1e-6
constexpr std::size_t cells = std::size_t{1} << 22;                   // of the probability scale

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

/// Counts of F(value) in equal cells: D is exact to a cell, far below its threshold; A^2 sums the same cells.
class Uniformity {
 public:
  void add(double probability) {
    counts_[std::min(static_cast<std::size_t>(probability * static_cast<double>(cells)), cells - 1)] += 1;
    ++total_;
  }
  void expect_uniform() const {
    const double n = static_cast<double>(total_), width = 1.0 / static_cast<double>(cells);
    double below = 0, furthest = 0, a2 = 0;
    for (std::size_t i = 0; i < cells; ++i) {
      const double middle = (static_cast<double>(i) + 0.5) * width;
      const double difference = (below + 0.5 * counts_[i]) / n - middle;
      a2 += n * difference * difference / (middle * (1 - middle)) * width;
      below += counts_[i];
      furthest = std::max(furthest, std::abs(below / n - static_cast<double>(i + 1) * width));
    }
    EXPECT_LT(furthest * std::sqrt(n), ks_limit);
    EXPECT_LT(a2, ad_limit);
  }

 private:
  std::vector<double> counts_ = std::vector<double>(cells);
  std::uint64_t total_ = 0;
};

template <class T>
class Normals : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Normals, Types);

TYPED_TEST(Normals, HaveTheMomentsTailsAndDistribution) {
  const Stream stream = make_stream(2026, "w", Purpose::initialize);
  std::vector<TypeParam> values(chunk);
  Uniformity uniformity;
  double moments[5] = {}, beyond[4] = {};
  const double edges[4] = {4, 4.5, 5, 5.5};
  for (std::uint64_t first = 0; first < static_cast<std::uint64_t>(samples); first += chunk) {
    fill_normal(std::span<TypeParam>(values), stream, 0, 1, first);
    for (const double z : values) {
      double power = 1;
      for (double& moment : moments) moment += power, power *= z;
      if (std::abs(z) > edges[0])
        for (std::size_t i = 0; i < 4; ++i) beyond[i] += std::abs(z) > edges[i];
      uniformity.add(normal_cdf(z));
    }
  }
  const double root_n = std::sqrt(samples);
  EXPECT_LT(std::abs(moments[1] / samples) * root_n, z_limit);
  EXPECT_LT(std::abs(moments[2] / samples - 1) * root_n / std::sqrt(2.0), z_limit);
  EXPECT_LT(std::abs(moments[3] / samples) * root_n / std::sqrt(15.0), z_limit);
  EXPECT_LT(std::abs(moments[4] / samples - 3) * root_n / std::sqrt(96.0), z_limit);
  for (std::size_t i = 0; i < 4; ++i) {
    const double expected = samples * std::erfc(edges[i] / std::sqrt(2.0));
    EXPECT_LT(std::abs(beyond[i] - expected), z_limit * std::sqrt(expected) + 2) << edges[i];
  }
  uniformity.expect_uniform();
}

TYPED_TEST(Normals, TruncatedHaveTheDistribution) {
  const Stream stream = make_stream(2027, "w", Purpose::initialize);
  std::vector<TypeParam> values(chunk);
  Uniformity uniformity;
  const double low = normal_cdf(-2), inside = normal_cdf(2) - low;
  for (std::uint64_t first = 0; first < static_cast<std::uint64_t>(samples); first += chunk) {
    fill_truncated_normal(std::span<TypeParam>(values), stream, 0, 1, -2, 2, first);
    for (const double z : values) uniformity.add(std::clamp((normal_cdf(z) - low) / inside, 0.0, 1.0));
  }
  uniformity.expect_uniform();
}

TYPED_TEST(Normals, UniformsHaveTheDistribution) {
  const Stream stream = make_stream(2028, "w", Purpose::initialize);
  std::vector<TypeParam> values(chunk);
  Uniformity uniformity;
  for (std::uint64_t first = 0; first < static_cast<std::uint64_t>(samples); first += chunk) {
    fill_uniform(std::span<TypeParam>(values), stream, 0, 1, first);
    for (const double u : values) uniformity.add(u);
  }
  uniformity.expect_uniform();
}

/// Knuth's run test (The art of computer programming 2, 3.3.2 G): the word after a run is thrown away, so that runs are
/// independent and their lengths have the probabilities 1/k! - 1/(k + 1)!, the last cell 1/6!.
class Runs {
 public:
  explicit Runs(bool upward) : upward_(upward) {}
  void add(std::uint32_t word) {
    if (length_ == 0) {
      length_ = 1;
    } else if (upward_ ? word > last_ : word < last_) {
      ++length_;
    } else {
      counts_[std::min<std::size_t>(length_, 6) - 1] += 1;
      length_ = 0;
    }
    last_ = word;
  }
  double chi_square() const {
    double total = 0, chi2 = 0, factorial = 1;
    for (const double count : counts_) total += count;
    for (std::size_t k = 1; k <= 6; ++k) {
      factorial *= static_cast<double>(k);
      const double p = k < 6 ? 1 / factorial - 1 / (factorial * static_cast<double>(k + 1)) : 1 / factorial;
      chi2 += (counts_[k - 1] - total * p) * (counts_[k - 1] - total * p) / (total * p);
    }
    return chi2;
  }

 private:
  bool upward_;
  std::uint32_t last_ = 0;
  std::size_t length_ = 0;
  std::array<double, 6> counts_{};
};

TEST(Words, HaveRunsOfTheExactLengths) {
  // At this size dieharder's runs test is weak for any source: it approximates the lengths of runs that are not
  // independent.
  constexpr double limit = 35.9;  // chi-square with 5 degrees, 1e-6
  for (const std::uint64_t seed : {101u, 2026u}) {
    Runs up(true), down(false);
    std::vector<std::uint32_t> words(chunk);
    for (std::uint64_t first = 0; first < 1'000'000'000; first += chunk) {
      fill_bits(words, make_stream(seed, "w", Purpose::initialize), first);
      for (const std::uint32_t word : words) up.add(word), down.add(word);
    }
    EXPECT_LT(up.chi_square(), limit) << seed;
    EXPECT_LT(down.chi_square(), limit) << seed;
  }
}

template <class T>
class Shorts : public testing::Test {};
using ShortTypes = testing::Types<bfloat16, half>;
TYPED_TEST_SUITE(Shorts, ShortTypes);

/// Counts by bit pattern against a standard normal, cut at +-`bound`: magnitudes upward, value k owns the interval
/// between its middles with the neighbours, the last one what is left up to the bound. Values share a cell until it
/// expects `rare` of them.
template <class T>
void expect_counts(const std::vector<double>& counts, double bound, double rare) {
  const double outside = std::erfc(bound / std::sqrt(2.0));
  double chi2 = 0, cells_used = 0, expected = 0, observed = 0, tail = 1;
  const auto close = [&] {
    if (expected == 0) return;
    chi2 += (observed - expected) * (observed - expected) / expected;
    cells_used += 1;
    expected = observed = 0;
  };
  for (std::uint32_t bits = 0; tail > 1e-7; ++bits) {
    const double here = to_float(T{static_cast<std::uint16_t>(bits)});
    if (here > bound) break;
    const double next = to_float(T{static_cast<std::uint16_t>(bits + 1)});
    const double middle = std::min(bound, 0.5 * (here + next));
    const double above = (std::erfc(middle / std::sqrt(2.0)) - outside) / (1 - outside);  // both signs
    expected += samples * (tail - above);
    observed += counts[bits] + counts[bits | 0x8000u];
    tail = above;
    if (expected >= rare) close();
  }
  if (expected >= 50) close();  // what is left at the bound
  const double degrees = cells_used - 1;
  EXPECT_GT(degrees, 500);
  EXPECT_LT(std::abs(chi2 - degrees) / std::sqrt(2 * degrees), 5.5);
}

TYPED_TEST(Shorts, HaveEachValueAsOftenAsItsInterval) {
  const Stream stream = make_stream(2029, "w", Purpose::initialize);
  std::vector<TypeParam> values(chunk);
  std::vector<double> counts(65536);
  for (std::uint64_t first = 0; first < static_cast<std::uint64_t>(samples); first += chunk) {
    fill_normal(std::span<TypeParam>(values), stream, 0, 1, first);
    for (const TypeParam value : values) counts[value.bits] += 1;
  }
  expect_counts<TypeParam>(counts, std::numeric_limits<double>::infinity(), 50);
}

TYPED_TEST(Shorts, TruncatedDoNotPileUpAtTheBounds) {
  const Stream stream = make_stream(2030, "w", Purpose::initialize);
  std::vector<TypeParam> values(chunk);
  std::vector<double> counts(65536);
  for (std::uint64_t first = 0; first < static_cast<std::uint64_t>(samples); first += chunk) {
    fill_truncated_normal(std::span<TypeParam>(values), stream, 0, 1, -2, 2, first);
    for (const TypeParam value : values) {
      ASSERT_LE(std::abs(to_float(value)), 2.0f);
      counts[value.bits] += 1;
    }
  }
  expect_counts<TypeParam>(counts, 2, 50);
}

}  // namespace
}  // namespace fanin::random
