// Streams: Philox's known answers, keys by name, single draws.
#include "fanin/random/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <set>
#include <vector>

#include "fanin/base/error.h"

namespace fanin::random {
namespace {

using Words = std::array<std::uint32_t, 4>;

TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32_10({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, FlipsHalfOfTheOutputWhenOneBitOfTheInputFlips) {
  constexpr int bases = 4096;
  std::vector<int> flips(192 * 128);
  for (int base = 0; base < bases; ++base) {
    const Words counter = block({1, Purpose::initialize}, static_cast<std::uint64_t>(base));
    const Words key_words = block({2, Purpose::initialize}, static_cast<std::uint64_t>(base));
    const std::array<std::uint32_t, 2> key{key_words[0], key_words[1]};
    const Words before = philox4x32_10(counter, key);
    for (std::size_t bit = 0; bit < 192; ++bit) {
      Words c = counter;
      std::array<std::uint32_t, 2> k = key;
      (bit < 128 ? c[bit / 32] : k[bit / 32 - 4]) ^= 1u << (bit % 32);
      const Words after = philox4x32_10(c, k);
      for (std::size_t out = 0; out < 128; ++out)
        flips[bit * 128 + out] += (before[out / 32] ^ after[out / 32]) >> (out % 32) & 1;
    }
  }
  const auto [least, most] = std::minmax_element(flips.begin(), flips.end());
  const double limit = 6 * 0.5 / std::sqrt(bases);
  EXPECT_GT(double{1.0} * *least / bases, 0.5 - limit);
  EXPECT_LT(double{1.0} * *most / bases, 0.5 + limit);
}

TEST(Stream, KeyDependsOnSeedAndName) {
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (const char* name : {"", "conv1.weight", "conv2.weight", "conv1.bias"})
      keys.insert(make_stream(seed, name, Purpose::initialize).key);
  EXPECT_EQ(keys.size(), 400u);
  EXPECT_EQ(make_stream(7, "a", Purpose::initialize).key, make_stream(7, "a", Purpose::dropout, 3).key);
}

TEST(Stream, PurposeAndDrawGiveOtherBlocks) {
  std::set<Words> blocks;
  for (const Purpose purpose :
       {Purpose::initialize, Purpose::order, Purpose::split, Purpose::augment, Purpose::dropout, Purpose::subset})
    for (std::uint32_t draw = 0; draw < 10; ++draw) blocks.insert(block(make_stream(1, "x", purpose, draw), 0));
  EXPECT_EQ(blocks.size(), 60u);
}

TEST(Stream, BlockIndexHas64Bits) {
  const Stream stream = make_stream(1, "x", Purpose::initialize);
  EXPECT_NE(block(stream, 5), block(stream, 5 + (std::uint64_t{1} << 32)));
}

TEST(UniformIndex, IsUniform) {
  const Stream stream = make_stream(3, "index", Purpose::order);
  for (const std::uint64_t n : {2u, 7u, 1000u}) {
    std::vector<double> counts(n);
    const std::uint64_t draws = 200 * n;
    for (std::uint64_t i = 0; i < draws; ++i) counts.at(uniform_index(stream, i, n)) += 1;
    double chi2 = 0;
    for (const double count : counts) chi2 += (count - 200) * (count - 200) / 200;
    const double degrees = static_cast<double>(n - 1);
    EXPECT_LT((chi2 - degrees) / std::sqrt(2 * degrees), 6.0) << n;
  }
}

TEST(UniformIndex, RejectsWithoutTouchingOtherBlocks) {
  // At n = 2^63 + 1 nearly half of all words are rejected; without rejection, low values would come up twice as often.
  const Stream stream = make_stream(4, "index", Purpose::order);
  const std::uint64_t n = (std::uint64_t{1} << 63) + 1;
  int below = 0;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const std::uint64_t value = uniform_index(stream, i, n);
    ASSERT_LT(value, n);
    below += value < n / 2;
  }
  EXPECT_NEAR(below, 10000, 4.89 * std::sqrt(5000.0));
}

TEST(UniformIndex, HandlesTheSmallestCases) {
  const Stream stream = make_stream(4, "index", Purpose::order);
  EXPECT_EQ(uniform_index(stream, 9, 1), 0u);
  EXPECT_THAT([&] { uniform_index(stream, 0, 0); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("the number of choices must be at least 1")));
}

TEST(UniformUnit, IsInTheHalfOpenInterval) {
  const Stream stream = make_stream(5, "unit", Purpose::augment);
  double sum = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const double u = uniform_unit(stream, i);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 4.89 / std::sqrt(12.0 * 100000));
}

TEST(Permutation, IsAPermutationAndUniform) {
  const std::vector<std::uint32_t> big = permutation(make_stream(1, "p", Purpose::order), 10000);
  std::vector<std::uint32_t> sorted = big;
  std::sort(sorted.begin(), sorted.end());
  for (std::uint32_t i = 0; i < 10000; ++i) ASSERT_EQ(sorted[i], i);
  EXPECT_NE(big, sorted);

  std::vector<int> counts(24);  // all orders of four elements
  for (std::uint32_t draw = 0; draw < 24000; ++draw) {
    const std::vector<std::uint32_t> p = permutation(make_stream(1, "p", Purpose::order, draw), 4);
    std::size_t rank = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      std::size_t smaller = 0;
      for (std::size_t j = i + 1; j < 4; ++j) smaller += p[j] < p[i];
      rank = rank * (4 - i) + smaller;
    }
    ++counts.at(rank);
  }
  double chi2 = 0;
  for (const int count : counts) chi2 += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT((chi2 - 23) / std::sqrt(46.0), 6.0);
}

TEST(Permutation, OfNothingAndOfOne) {
  EXPECT_TRUE(permutation(make_stream(1, "p", Purpose::order), 0).empty());
  EXPECT_THAT(permutation(make_stream(1, "p", Purpose::order), 1), testing::ElementsAre(0u));
}

}  // namespace
}  // namespace fanin::random
