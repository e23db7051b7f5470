// Fills: SIMD equals the plain definition bit for bit, ranges are slices of the whole, arguments are checked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "random/plan.h"
#include "random/simd/targets.h"
#include "random/threads.h"
#include "random/tiles.h"

namespace fanin::random {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// A fill of elements [first, first + count), as bits.
struct Fill {
  std::string name;
  std::function<std::vector<std::uint64_t>(const Stream&, std::uint64_t first, std::size_t count)> run;
};

std::uint64_t bits_of(std::uint32_t value) {
  return value;
}
std::uint64_t bits_of(float value) {
  return std::bit_cast<std::uint32_t>(value);
}
std::uint64_t bits_of(double value) {
  return std::bit_cast<std::uint64_t>(value);
}
std::uint64_t bits_of(bfloat16 value) {
  return value.bits;
}
std::uint64_t bits_of(half value) {
  return value.bits;
}

template <class T, class Function>
Fill typed_fill(std::string name, const Function& function) {
  return {std::move(name), [function](const Stream& stream, std::uint64_t first, std::size_t count) {
            std::vector<T> values(count);
            function(std::span<T>(values), stream, first);
            std::vector<std::uint64_t> bits(count);
            std::transform(values.begin(), values.end(), bits.begin(), [](T value) { return bits_of(value); });
            return bits;
          }};
}

template <class T>
void add_fills(std::vector<Fill>& fills, const std::string& type) {
  using Out = std::span<T>;
  for (const auto& [low, high] : {std::pair{-0.3f, 0.7f}, {0.0f, 1.0f}, {2.0f, 2.0f}, {1e4f, 1.001e4f}})
    fills.push_back(
        typed_fill<T>(type + " uniform", [low = low, high = high](Out out, const Stream& stream, std::uint64_t first) {
          fill_uniform(out, stream, low, high, first);
        }));
  fills.push_back(typed_fill<T>(type + " normal", [](Out out, const Stream& stream, std::uint64_t first) {
    fill_normal(out, stream, 0.25f, 1.5f, first);
  }));
  fills.push_back(typed_fill<T>(
      type + " sign", [](Out out, const Stream& stream, std::uint64_t first) { fill_sign(out, stream, 0.3f, first); }));
  for (const auto& [low, high] : {std::pair{-2.0f, 2.0f},
                                  {-1.0f, 3.0f},
                                  {-3.0f, 0.5f},
                                  {1.0f, 2.0f},
                                  {-6.0f, -4.0f},
                                  {-infinity, infinity},
                                  {9.0f, infinity}})
    fills.push_back(typed_fill<T>(type + " truncated",
                                  [low = low, high = high](Out out, const Stream& stream, std::uint64_t first) {
                                    fill_truncated_normal(out, stream, 0.1f, 1.0f, low, high, first);
                                  }));
}

std::vector<Fill> all_fills() {
  std::vector<Fill> fills;
  fills.push_back(typed_fill<std::uint32_t>("bits", [](std::span<std::uint32_t> out, const Stream& stream,
                                                       std::uint64_t first) { fill_bits(out, stream, first); }));
  add_fills<float>(fills, "float");
  add_fills<double>(fills, "double");
  add_fills<bfloat16>(fills, "bfloat16");
  add_fills<half>(fills, "half");
  return fills;
}

class EveryTarget : public testing::Test {
 protected:
  ~EveryTarget() override { simd::force_target(0); }
};

TEST_F(EveryTarget, GivesTheBitsOfThePlainCode) {
  const Stream stream = make_stream(11, "conv1.weight", Purpose::initialize);
  constexpr std::size_t tile_count = 4096;
  constexpr std::size_t count = tile_count * tile_size;
  const Tiles tiles{stream, 3, tile_count};
  std::vector<std::uint32_t> plain_bits(count), simd_bits(count);
  std::vector<float> plain(count), fast(count);
  const auto same = [&] {
    for (std::size_t i = 0; i < count; ++i)
      if (std::bit_cast<std::uint32_t>(plain[i]) != std::bit_cast<std::uint32_t>(fast[i])) return i;
    return count;
  };
  for (const simd::Target& target : simd::runnable_targets()) {
    SCOPED_TRACE(target.name);
    simd::force_target(target.id);
    reference::bits(plain_bits.data(), tiles);
    simd::bits(simd_bits.data(), tiles);
    EXPECT_EQ(plain_bits, simd_bits);
    const UniformPlan uniform{-1.0f, 2.0f, 0.99999994f};
    reference::uniform(plain.data(), tiles, uniform);
    simd::uniform(fast.data(), tiles, uniform);
    EXPECT_EQ(same(), count);
    reference::normal(plain.data(), tiles, 0.0f, 1.0f);
    simd::normal(fast.data(), tiles, 0.0f, 1.0f);
    EXPECT_EQ(same(), count);
    const TruncatedPlan truncated{1u << 30, 1, 1e-10f, 0.1f, 3e-10f, 1e-20f, 2.0f, 0.5f, -3.0f, 9.0f};
    reference::truncated(plain.data(), tiles, truncated);
    simd::truncated(fast.data(), tiles, truncated);
    EXPECT_EQ(same(), count);
    for (const TruncatedPlan& central :
         {plan_truncated(0.5f, 2.0f, -3.5f, 4.5f), plan_truncated(0.0f, 0.02f, 0.0f, 0.0425f)}) {
      ASSERT_NE(central.central_slope, 0.0f);
      reference::truncated(plain.data(), tiles, central);
      simd::truncated(fast.data(), tiles, central);
      EXPECT_EQ(same(), count);
    }
  }
}

TEST_F(EveryTarget, GivesTheDoublesOfThePlainCode) {
  const Stream stream = make_stream(11, "conv1.weight", Purpose::initialize);
  const Tiles tiles{stream, 3, 4096};
  std::vector<double> plain(4096 * tile_elements<double>), fast(plain.size());
  const auto same = [&] { return std::memcmp(plain.data(), fast.data(), plain.size() * sizeof(double)) == 0; };
  for (const simd::Target& target : simd::runnable_targets()) {
    SCOPED_TRACE(target.name);
    simd::force_target(target.id);
    const UniformPlanDouble uniform{-1.0, 2.0, 0.9999999999999999};
    reference::uniform(plain.data(), tiles, uniform);
    simd::uniform(fast.data(), tiles, uniform);
    EXPECT_TRUE(same());
    reference::normal(plain.data(), tiles, 0.5, 2.0);
    simd::normal(fast.data(), tiles, 0.5, 2.0);
    EXPECT_TRUE(same());
    // From q = 1/2 down to 1e-40: all three pieces of the inverse.
    for (const double slope : {0x1p-64, 0x1p-70, 0x1p-100}) {
      const TruncatedPlanDouble truncated{std::uint64_t{1} << 62, 1, slope, 1e-40, slope, 1e-30, 2.0, 0.5, -30.0, 90.0};
      reference::truncated(plain.data(), tiles, truncated);
      simd::truncated(fast.data(), tiles, truncated);
      EXPECT_TRUE(same()) << slope;
    }
  }
}

TEST(Fills, AreTheSameOnSeveralThreads) {
  const Stream stream = make_stream(17, "w", Purpose::initialize);
  constexpr std::size_t count = 3 * (std::size_t{1} << 18) + 77;
  for (const Fill& fill : all_fills()) {
    SCOPED_TRACE(fill.name);
    const std::vector<std::uint64_t> expected = fill.run(stream, 5, count);
    const FillThreads threads(3);
    ASSERT_EQ(fill.run(stream, 5, count), expected);
  }
}

TEST(Fills, StartNoThreadForSmallTensors) {
  const Stream stream = make_stream(17, "w", Purpose::initialize);
  const FillThreads threads(4);
  const std::uint64_t before = threads_started();
  for (const Fill& fill : all_fills())
    for (const std::size_t count : {std::size_t{1}, std::size_t{10000}, 2 * least_piece - 1})
      fill.run(stream, 0, count);
  EXPECT_EQ(threads_started(), before);
  all_fills().front().run(stream, 0, 2 * least_piece);
  EXPECT_GT(threads_started(), before) << "the count sees no thread";
}

TEST(Fills, OfShortFloatsAreTheRoundedFloats) {
  const Stream stream = make_stream(18, "w", Purpose::initialize);
  std::vector<float> exact(10007);
  std::vector<bfloat16> brain(exact.size());
  std::vector<half> halves(exact.size());
  fill_normal(std::span<float>(exact), stream, 0.0f, 1e-5f);  // denormal as halves
  fill_normal(std::span<bfloat16>(brain), stream, 0.0f, 1e-5f);
  fill_normal(std::span<half>(halves), stream, 0.0f, 1e-5f);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    ASSERT_EQ(brain[i], to_bfloat16(exact[i]));
    ASSERT_EQ(halves[i], to_half(exact[i]));
  }
}

TEST(Fills, OfShortUniformsStayBelowTheOpenBound) {
  const Stream stream = make_stream(19, "w", Purpose::initialize);
  std::vector<bfloat16> brain(100000);
  std::vector<half> halves(brain.size());
  for (const auto& [low, high] : {std::pair{-0.25f, 0.75f}, {-1.0f, 0.0f}, {-3.0f, -2.0f}, {1.0f, 1.0078125f}}) {
    fill_uniform(std::span<bfloat16>(brain), stream, low, high);
    fill_uniform(std::span<half>(halves), stream, low, high);
    for (std::size_t i = 0; i < brain.size(); ++i) {
      ASSERT_TRUE(to_float(brain[i]) >= low && to_float(brain[i]) < high) << to_float(brain[i]);
      ASSERT_TRUE(to_float(halves[i]) >= low && to_float(halves[i]) < high) << to_float(halves[i]);
    }
  }
}

TEST(FillSign, IsTheTopBitOfTheWord) {
  const Stream stream = make_stream(20, "w", Purpose::initialize);
  std::vector<std::uint32_t> words(1000);
  std::vector<double> signs(words.size());
  fill_bits(words, stream, 3);
  fill_sign(std::span<double>(signs), stream, 0.5, 3);
  for (std::size_t i = 0; i < words.size(); ++i) ASSERT_EQ(signs[i], words[i] >> 31 != 0 ? -0.5 : 0.5);
}

TEST(TruncatedCentral, InvertsTheNormal) {
  for (const auto& [low, high] : {std::pair{-2.0f, 2.0f}, {-0.5f, 2.125f}, {-1.0f, 0.0f}}) {
    const TruncatedPlan plan = plan_truncated(0.0f, 1.0f, low, high);
    ASSERT_NE(plan.central_slope, 0.0f);
    const double from = std::erf(low / std::sqrt(2.0)), to = std::erf(high / std::sqrt(2.0));
    double largest = 0;
    for (std::uint64_t v = 0; v < std::uint64_t{1} << 32; v += 4093) {
      const double x = from + (to - from) * (static_cast<double>(v) + 0.5) * 0x1p-32;
      const double exact = std::copysign(normal_tail(0.5 - 0.5 * std::abs(x)), x);
      const float z = truncated_value(static_cast<std::uint32_t>(v) ^ 0x80000000u, plan);
      largest = std::max(largest, std::abs(z - exact));
    }
    EXPECT_LT(largest, 1.4e-6) << low << " " << high;
  }
}

TEST(TruncatedCentral, IsForIntervalsAroundTheMean) {
  const auto central = [](float std, float low, float high) {
    return plan_truncated(0.0f, std, low, high).central_slope != 0;
  };
  EXPECT_TRUE(central(0.02f, -0.04f, 0.04f));
  EXPECT_TRUE(central(1e-29f, -2e-29f, 2e-29f));
  EXPECT_TRUE(central(1.0f, 0.0f, 1e-10f));
  EXPECT_TRUE(central(1.0f, -2.0f, 2.13f));
  EXPECT_FALSE(central(1.0f, -2.0f, 2.15f));
  EXPECT_FALSE(central(1.0f, 0.01f, 2.0f));
  EXPECT_FALSE(central(1.0f, -1e-30f, 1e-30f));
  EXPECT_FALSE(central(1e-35f, -2e-35f, 2e-35f));
  EXPECT_FALSE(central(1e35f, -2e35f, 2e35f));
}

TEST(TruncatedDouble, InvertsTheNormalToTheLastDigits) {
  // Phi(-z) = q; the derivative turns the error of q into that of z.
  for (double q = 0.5; q > 1e-38; q *= 0.93) {
    const double z = normal_tail(q), back = 0.5 * std::erfc(z / std::sqrt(2.0));
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * 3.14159265358979);
    EXPECT_LT(std::abs(back - q) / density, 4e-15 * std::max(1.0, z)) << q;
  }
}

TEST_F(EveryTarget, GivesTheSameFills) {
  const Stream stream = make_stream(12, "fc.weight", Purpose::initialize);
  for (const Fill& fill : all_fills()) {
    SCOPED_TRACE(fill.name);
    simd::force_target(0);
    const std::vector<std::uint64_t> expected = fill.run(stream, 5, 1003);
    for (const simd::Target& target : simd::runnable_targets()) {
      SCOPED_TRACE(target.name);
      simd::force_target(target.id);
      EXPECT_EQ(fill.run(stream, 5, 1003), expected);
    }
  }
}

TEST_F(EveryTarget, CarriesIntoTheCountersUpperWord) {
  const Stream stream = make_stream(21, "fc.weight", Purpose::initialize, 3);
  const std::uint64_t block_index = (std::uint64_t{5} << 32) - 11;  // the upper word becomes 5 within the range
  for (const simd::Target& target : simd::runnable_targets()) {
    SCOPED_TRACE(target.name);
    simd::force_target(target.id);
    std::vector<std::uint32_t> words(131);
    const std::uint64_t first = 4 * block_index;
    fill_bits(words, stream, first);
    for (std::uint64_t i = 0; i < words.size(); ++i) {
      const std::uint64_t tile = (first + i) / 32, r = (first + i) % 32;
      ASSERT_EQ(words[i], block(stream, tile * 8 + r % 16 / 2)[r / 16 * 2 + r % 2]) << i;
    }
    std::vector<double> doubles(64);
    fill_uniform(doubles, stream, 0.0, 1.0, 2 * block_index);
    for (std::uint64_t i = 0; i < doubles.size(); ++i) {
      const std::array<std::uint32_t, 4> b = block(stream, block_index + i / 2);
      const std::uint64_t word = b[i % 2 * 2] | static_cast<std::uint64_t>(b[i % 2 * 2 + 1]) << 32;
      ASSERT_EQ(doubles[i], static_cast<double>(word >> 11) * 0x1p-53) << i;
    }
  }
}

TEST_F(EveryTarget, IsUntouchedByFlushToZero) {
  const Stream stream = make_stream(13, "fc.weight", Purpose::initialize);
  for (const simd::Target& target : simd::runnable_targets()) {
    SCOPED_TRACE(target.name);
    simd::force_target(target.id);
    for (const Fill& fill : all_fills()) {
      const std::vector<std::uint64_t> expected = fill.run(stream, 0, 100000);
      const DenormalGuard guard;
      ASSERT_TRUE(DenormalGuard::active());
      EXPECT_EQ(fill.run(stream, 0, 100000), expected) << fill.name;
    }
  }
}

TEST(Fills, OfARangeAreASliceOfTheWhole) {
  const Stream stream = make_stream(14, "w", Purpose::initialize);
  for (const Fill& fill : all_fills()) {
    SCOPED_TRACE(fill.name);
    const std::vector<std::uint64_t> whole = fill.run(stream, 0, 300);
    for (std::size_t first = 0; first < 70; ++first)
      for (const std::size_t count : {0u, 1u, 5u, 31u, 32u, 33u, 100u, 230u}) {
        const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(first);
        ASSERT_EQ(fill.run(stream, first, count),
                  std::vector<std::uint64_t>(begin, begin + static_cast<std::ptrdiff_t>(count)))
            << first << " " << count;
      }
  }
}

TEST(Fills, FollowTheDocumentedLayout) {
  const Stream stream = make_stream(15, "w", Purpose::initialize, 2);
  const std::uint64_t first = (std::uint64_t{1} << 36) + 32;  // beyond 32 bits of block index
  std::vector<std::uint32_t> bits(64);
  fill_bits(bits, stream, first);
  for (std::uint64_t i = 0; i < 64; ++i) {
    const std::uint64_t tile = (first + i) / 32, r = (first + i) % 32;
    EXPECT_EQ(bits[i], block(stream, tile * 8 + r % 16 / 2)[r / 16 * 2 + r % 2]) << i;
  }
}

TEST(Fills, OfDoublesAreASliceOfTheWhole) {
  const Stream stream = make_stream(16, "w", Purpose::initialize);
  std::vector<double> whole(101);
  fill_normal(std::span<double>(whole), stream, 1.0, 2.0);
  for (std::size_t first = 0; first < 20; ++first)
    for (std::size_t count = 0; count < 20; ++count) {
      std::vector<double> part(count);
      fill_normal(std::span<double>(part), stream, 1.0, 2.0, first);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(part[i], whole[first + i]);
    }
}

TEST(FillUniform, StaysBelowTheOpenBoundWhereRoundingWouldReachIt) {
  std::vector<float> values(100000);
  fill_uniform(values, make_stream(1, "w", Purpose::initialize), 1e6f, 1.0000001e6f);
  for (const float value : values) {
    ASSERT_GE(value, 1e6f);
    ASSERT_LT(value, 1.0000001e6f);
  }
}

TEST(FillUniform, RefusesReversedBounds) {
  std::vector<float> values(4);
  EXPECT_THAT([&] { fill_uniform(values, make_stream(1, "w", Purpose::initialize), 1.0f, -1.0f); },
              testing::ThrowsMessage<Error>("a uniform distribution needs low <= high, not [1, -1)"));
}

TEST(FillTruncatedNormal, RefusesWhatItCannotDo) {
  std::vector<float> values(4);
  const Stream stream = make_stream(1, "w", Purpose::initialize);
  EXPECT_THAT([&] { fill_truncated_normal(values, stream, 0.0f, 0.0f, -1.0f, 1.0f); },
              testing::ThrowsMessage<Error>("a truncated normal needs a standard deviation above 0, not 0"));
  EXPECT_THAT([&] { fill_truncated_normal(values, stream, 0.0f, 1.0f, 1.0f, 1.0f); },
              testing::ThrowsMessage<Error>("a truncated normal needs low < high, not [1, 1]"));
  EXPECT_THAT([&] { fill_truncated_normal(values, stream, 0.0f, 1.0f, -13.0f, -12.0f); },
              testing::ThrowsMessage<Error>("a normal with mean 0 and std 1 cannot be truncated to [-13, -12]: the "
                                            "interval must come within 10 standard deviations of the mean"));
}

}  // namespace
}  // namespace fanin::random
