// Haar matrices: the SIMD products equal the plain ones bit for bit, the bits do not depend on threads or instruction
// sets, the matrices are orthogonal and distributed as the Haar measure says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "fanin/random/stream.h"
#include "init/haar.h"
#include "init/simd/panel.h"
#include "random/simd/targets.h"

namespace fanin::init {
namespace {

template <class T>
class Haar : public testing::Test {
 protected:
  ~Haar() override { random::simd::force_target(0); }

  static std::vector<T> matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed = 7,
                               std::uint64_t first = 0) {
    std::vector<T> values(static_cast<std::size_t>(rows * columns));
    haar(std::span<T>(values), random::make_stream(seed, "w", random::Purpose::initialize), rows, columns, first);
    return values;
  }
};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Haar, Types);

/// Values at an address that is a multiple of 64 bytes.
template <class T>
class AlignedValues {
 public:
  AlignedValues(std::size_t rows, std::uint64_t seed) : size_(rows * panel_width), storage_(size_ + 64 / sizeof(T)) {
    void* start = storage_.data();
    std::size_t space = storage_.size() * sizeof(T);
    values_ = static_cast<T*>(std::align(64, size_ * sizeof(T), start, space));
    random::fill_normal(std::span<T>(values_, size_), random::make_stream(seed, "x", random::Purpose::initialize), T{0},
                        T{1});
  }
  T* data() { return values_; }
  std::size_t bytes() const { return size_ * sizeof(T); }

 private:
  std::size_t size_;
  std::vector<T> storage_;
  T* values_;
};

TYPED_TEST(Haar, ProductsGiveTheBitsOfThePlainCode) {
  using T = TypeParam;
  for (const random::simd::Target& target : random::simd::runnable_targets()) {
    SCOPED_TRACE(target.name);
    random::simd::force_target(target.id);
    for (const std::size_t depth : {0u, 1u, 13u, 48u})
      for (const std::size_t rows : {8u, 40u})
        for (const std::size_t columns : {16u, 32u, 48u}) {
          AlignedValues<T> x(48, 1), b(48, 2), plain(48, 3), fast(48, 3);
          reference::add_product(x.data(), b.data(), depth, plain.data(), rows, columns);
          simd::add_product(x.data(), b.data(), depth, fast.data(), rows, columns);
          ASSERT_EQ(std::memcmp(plain.data(), fast.data(), plain.bytes()), 0) << depth << " " << rows << " " << columns;
        }
    for (const std::size_t depth : {1u, 64u, 203u}) {
      AlignedValues<T> x(depth, 1), b(depth, 2), plain(48, 3), fast(48, 3);
      reference::add_transposed_product(x.data(), b.data(), depth, plain.data(), 24, 32);
      simd::add_transposed_product(x.data(), b.data(), depth, fast.data(), 24, 32);
      ASSERT_EQ(std::memcmp(plain.data(), fast.data(), plain.bytes()), 0) << depth;
    }
  }
}

TYPED_TEST(Haar, HasTheSameBitsOnEveryTargetAndNumberOfThreads) {
  for (const auto& [rows, columns] : {std::pair{3, 3}, {1, 9}, {50, 121}, {200, 97}, {330, 330}}) {
    SCOPED_TRACE(rows);
    const std::vector<TypeParam> expected = this->matrix(rows, columns, 7, 5);
    for (const random::simd::Target& target : random::simd::runnable_targets()) {
      random::simd::force_target(target.id);
      EXPECT_EQ(this->matrix(rows, columns, 7, 5), expected) << target.name;
    }
    random::simd::force_target(0);
    for (const int count : {2, 5}) {
      const random::FillThreads threads(count);
      EXPECT_EQ(this->matrix(rows, columns, 7, 5), expected) << count;
    }
  }
}

TYPED_TEST(Haar, IsOrthogonalToItsPrecision) {
  const double limit = sizeof(TypeParam) == 4 ? 5e-7 : 1e-14;
  for (const auto& [rows, columns] :
       {std::pair{1, 1}, {2, 1}, {1, 7}, {8, 8}, {47, 48}, {49, 48}, {64, 576}, {97, 97}, {400, 30}, {301, 299}}) {
    const std::vector<TypeParam> q = this->matrix(rows, columns);
    const int shorter = std::min(rows, columns), longer = std::max(rows, columns);
    const auto value = [&q, wide = rows <= columns, columns = columns](int vector, int i) {
      return static_cast<double>(q[static_cast<std::size_t>(wide ? vector * columns + i : i * columns + vector)]);
    };
    double worst = 0;
    for (int a = 0; a < shorter; ++a)
      for (int b = 0; b <= a; ++b) {
        double dot = 0;
        for (int i = 0; i < longer; ++i) dot += value(a, i) * value(b, i);
        worst = std::max(worst, std::abs(dot - (a == b ? 1 : 0)));
      }
    EXPECT_LT(worst, limit) << rows << "x" << columns;
  }
}

TYPED_TEST(Haar, HasTheMomentsOfTheMeasure) {
  // On O(n) with n >= 4: traces have the moments 0, 1, 0, 3 of a standard normal (Diaconis and Shahshahani 1994),
  // entries the second moment 1/n and the fourth 3 / (n (n + 2)), determinants both signs alike. n = 50 takes two
  // blocks. Limits: five standard errors.
  for (const auto& [n, draws] : {std::pair{4, 8000}, {50, 2000}}) {
    double trace = 0, squares = 0, fourths = 0, corner = 0, corner_squares = 0, last_squares = 0, corner_fourths = 0;
    for (int draw = 0; draw < draws; ++draw) {
      const std::vector<TypeParam> q = this->matrix(n, n, static_cast<std::uint64_t>(draw));
      double t = 0;
      for (int i = 0; i < n; ++i) t += static_cast<double>(q[static_cast<std::size_t>(i * n + i)]);
      trace += t;
      squares += t * t;
      fourths += t * t * t * t;
      const auto first = static_cast<double>(q.front()), last = static_cast<double>(q.back());
      corner += first;
      corner_squares += first * first;
      last_squares += last * last;
      corner_fourths += first * first * first * first;
    }
    const double count = draws, root = std::sqrt(count), variance = 1.0 / n;
    EXPECT_NEAR(trace / count, 0, 5 / root) << n;
    EXPECT_NEAR(squares / count, 1, 5 * std::sqrt(2.0) / root) << n;
    EXPECT_NEAR(fourths / count, 3, 5 * std::sqrt(96.0) / root) << n;
    EXPECT_NEAR(corner / count, 0, 5 * std::sqrt(variance) / root) << n;
    EXPECT_NEAR(corner_squares / count, variance, 5 * std::sqrt(2.0) * variance / root) << n;
    EXPECT_NEAR(last_squares / count, variance, 5 * std::sqrt(2.0) * variance / root) << n;
    EXPECT_NEAR(corner_fourths / count, 3.0 / (n * (n + 2.0)), 5 * std::sqrt(96.0) * variance * variance / root) << n;
  }
}

TYPED_TEST(Haar, OfOneValueIsASign) {
  int positive = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const TypeParam value = this->matrix(1, 1, seed)[0];
    EXPECT_NEAR(std::abs(value), 1, 1e-6);
    positive += value > 0 ? 1 : 0;
  }
  EXPECT_NEAR(positive, 500, 5 * 15.9);
}

}  // namespace
}  // namespace fanin::init
