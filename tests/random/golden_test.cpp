// The test vectors of docs/random.md: bits that every later version must give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <vector>

#include "fanin/random/stream.h"

namespace fanin::random {
namespace {

using Vector = std::vector<std::uint32_t>;
const Stream stream = make_stream(42, "conv1.weight", Purpose::initialize);

/// Elements 0, 1, 2, 16, 17 and 31 as bits.
template <class T>
Vector chosen(const std::array<T, 32>& values) {
  Vector bits;
  for (const std::size_t i : {0u, 1u, 2u, 16u, 17u, 31u}) bits.push_back(std::bit_cast<std::uint32_t>(values[i]));
  return bits;
}

TEST(GoldenStream, KeyAndBlock) {
  EXPECT_EQ(stream.key, 0x3a5070387802ef16u);
  EXPECT_THAT(block(stream, 0), testing::ElementsAre(0xbf04d9e3, 0x0fc8daf7, 0x9356aa24, 0xa23d648b));
}

TEST(GoldenStream, Fills) {
  std::array<std::uint32_t, 32> words;
  fill_bits(words, stream);
  EXPECT_EQ(chosen(words), (Vector{0xbf04d9e3, 0x0fc8daf7, 0xd70a85e3, 0x9356aa24, 0xa23d648b, 0xd26cfe41}));
  std::array<float, 32> values;
  fill_uniform(values, stream, 0.0f, 1.0f);
  EXPECT_EQ(chosen(values), (Vector{0x3f3f04d9, 0x3d7c8da0, 0x3f570a85, 0x3f1356aa, 0x3f223d64, 0x3f526cfe}));
  fill_normal(std::span<float>(values), stream, 0.0f, 1.0f);
  EXPECT_EQ(chosen(values), (Vector{0xbf2e3fa7, 0xbfe11229, 0x3cab88cc, 0xbeb3103a, 0x3fc9979c, 0xbf8a0e4f}));
  fill_truncated_normal(values, stream, 0.0f, 1.0f, -2.0f, 2.0f);
  EXPECT_EQ(chosen(values), (Vector{0xbf26808f, 0x3e179d8f, 0xbec90b23, 0xbfa7dd59, 0xbf846fc1, 0xbee120e1}));
}

TEST(GoldenStream, Doubles) {
  std::array<double, 4> values;
  fill_normal(std::span<double>(values), stream, 0.0, 1.0);
  std::vector<std::uint64_t> bits;
  for (const double value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
  EXPECT_THAT(bits,
              testing::ElementsAre(0xbffc22452d666654u, 0x3ff932f33846c648u, 0xbfd64b9a0c2c0f39u, 0xbff83dfd60a539ddu));
}

std::vector<std::uint64_t> bits_of(const std::array<double, 4>& values) {
  std::vector<std::uint64_t> bits;
  for (const double value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
  return bits;
}

TEST(GoldenStream, UniformAndTruncatedDoubles) {
  std::array<double, 4> values;
  fill_uniform(std::span<double>(values), stream, 0.0, 1.0);
  EXPECT_THAT(bits_of(values),
              testing::ElementsAre(0x3faf91b5ef7e09b0u, 0x3fe447ac91726ad5u, 0x3fd31d062a75c2a0u, 0x3feed9590dcfd1c1u));
  fill_truncated_normal(std::span<double>(values), stream, 0.0, 1.0, -2.0, 2.0);
  EXPECT_THAT(bits_of(values),
              testing::ElementsAre(0xbff64f551d9600ceu, 0x3ff08df7fe49c257u, 0xbfe010fb260683f9u, 0x3fb60ecce3c3bebau));
}

TEST(GoldenStream, ShortFloats) {
  std::array<bfloat16, 4> brain;
  fill_normal(std::span<bfloat16>(brain), stream, 0.0f, 1.0f);
  EXPECT_THAT(brain, testing::ElementsAre(bfloat16{0xbf2e}, bfloat16{0xbfe1}, bfloat16{0x3cac}, bfloat16{0xbeb2}));
  std::array<half, 4> halves;
  fill_normal(std::span<half>(halves), stream, 0.0f, 1.0f);
  EXPECT_THAT(halves, testing::ElementsAre(half{0xb972}, half{0xbf09}, half{0x255c}, half{0xb593}));
}

}  // namespace
}  // namespace fanin::random
