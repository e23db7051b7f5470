// NumPy's streams against values recorded from NumPy 2.4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/compat.h"
#include "random/compat/ziggurat.h"
#include "random/sha256.h"

namespace fanin::random::compat {
namespace {

using fanin::testing::sha256;
using ::testing::ElementsAre;

template <class T, class Array>
std::string table_sha(const Array& table) {
  return sha256(std::vector<T>(table.begin(), table.end()));
}

TEST(NumpyRandomState, DrawsBitForBit) {
  std::vector<double> values(1000000);
  NumpyRandomState(42).uniform(std::span<double>(values), 0, 1);
  EXPECT_EQ(sha256(values), "98879202db23bc814b0760768af1bbf97ea762b2930e6ddfc1ebd08c1c42f62f");
  values.resize(100001);
  NumpyRandomState(42).normal(std::span<double>(values), 0, 1);
  EXPECT_EQ(sha256(values), "d5f97f680c2d4d5895ac8a0fd473ef2558fe0a2f97dfe5a49e43d3c0e2d15222");
  values.resize(100000);
  NumpyRandomState(42).normal(std::span<double>(values), .5, .02);
  EXPECT_EQ(sha256(values), "db1901007311efa17d06e2784ebcc02c54463e22a5ef6e473a69b12313b56597");
  NumpyRandomState(42).uniform(std::span<double>(values), -.1, .1);
  EXPECT_EQ(sha256(values), "445da3dffc7815d30e92d75aa5d8eb86566062f87b2ba0dc9f044a79df9b07de");
  EXPECT_EQ(sha256(NumpyRandomState(42).permutation(1000)),
            "57071745552bb2ef097e250edbaf6ddd14a4f0e478d31acfa6d0724b7c87fbd6");
}

TEST(NumpyRandomState, SeedsFromWords) {
  const std::uint32_t one[] = {42}, three[] = {1, 2, 3};
  NumpyRandomState from_one(one), from_three(three);
  EXPECT_EQ(from_one.random_sample(), 0x1.4762f307200c5p-1);
  EXPECT_EQ(from_one.random_sample(), 0x1.99c6b5eeb206p-6);
  EXPECT_EQ(from_three.random_sample(), 0x1.383fbc97230c2p-1);
  EXPECT_EQ(from_three.random_sample(), 0x1.c5fd27a5da181p-1);
}

TEST(NumpyRandomState, RoundsDoublesToFloats) {
  std::vector<double> wide(1000);
  std::vector<float> narrow(1000);
  NumpyRandomState(7).normal(std::span<double>(wide), 0, .01);
  NumpyRandomState(7).normal(std::span<float>(narrow), 0, .01);
  for (std::size_t i = 0; i < wide.size(); ++i) ASSERT_EQ(narrow[i], static_cast<float>(wide[i]));
}

TEST(SeedSequence, GivesTheRecordedWords) {
  const std::uint32_t seed[] = {42}, zero[] = {0}, list[] = {1, 2, 3}, child[] = {42, 0, 0, 0, 2};
  EXPECT_THAT(seed_sequence(seed, 4), ElementsAre(0xcd540ab7, 0x9f1e2e6d, 0x79fb94b6, 0xd57873dc));
  EXPECT_THAT(seed_sequence(zero, 4), ElementsAre(0xb0f478be, 0xdb2cd7e7, 0x2c71ba49, 0xabf4641a));
  EXPECT_THAT(seed_sequence(list, 4), ElementsAre(0xe3d1fc80, 0xb45f843f, 0x203807c7, 0x42c16e36));
  EXPECT_THAT(seed_sequence(child, 4), ElementsAre(0x0de6c5ed, 0xa102097a, 0xc9f23d3f, 0x957ebe91));
}

TEST(NumpyGenerator, GivesTheRecordedWords) {
  NumpyGenerator generator(42), other(0);
  EXPECT_EQ(generator.next64(), 0xc621fbcd16d92688u);
  EXPECT_EQ(generator.next64(), 0x705a5661a791ffc1u);
  EXPECT_EQ(other.next64(), 0xa30febcfd9c2825fu);
  NumpyGenerator halves(42);
  EXPECT_EQ(halves.next32(), 0x16d92688u);
  EXPECT_EQ(halves.next64(), 0x705a5661a791ffc1u);  // between the halves of the first word
  EXPECT_EQ(halves.next32(), 0xc621fbcdu);
}

/// Whether the C library rounds log1p of a float correctly, as glibc does from 2.41 on: NumPy's tails, which it
/// computes, follow the library.
bool log1p_is_correctly_rounded() {
  for (int i = 1; i < 1024; ++i) {
    const float x = -static_cast<float>(i) / 1024;
    if (std::log1p(x) != static_cast<float>(std::log1p(static_cast<double>(x)))) return false;
  }
  return true;
}

TEST(NumpyGenerator, DrawsBitForBit) {
  std::vector<double> wide(1000000);
  std::vector<float> narrow(1000000);
  NumpyGenerator(42).standard_normal(std::span<double>(wide));
  EXPECT_EQ(sha256(wide), "d317580e98209bd61db46be506a50f1b9ceb1823872be30aaef4153c2d9cb721");
  NumpyGenerator(42).standard_normal(std::span<float>(narrow));
  EXPECT_EQ(sha256(narrow), log1p_is_correctly_rounded()
                                ? "836a71db84894947201e042c9a252402e6f75a6480ff2d5775ce7d97a3dd9918"
                                : "02c6867aa0cdf63e262e260b3e498dd3d06d20729163bf813f7d498ac932e3db");
  narrow.resize(100000);
  NumpyGenerator(42).random(std::span<float>(narrow));
  EXPECT_EQ(sha256(narrow), "b1edf8649a60c104daf8086ae576ac79c01c537473d4562d3208e60684fa3ad4");
  EXPECT_EQ(sha256(NumpyGenerator(42).permutation(1000)),
            "9f551c62131b8c8bac0e9eed9d7a82dc1fbda75798054d6842f410082c746263");
  NumpyGenerator(42).random(std::span<double>(wide));
  EXPECT_EQ(wide[0], 0x1.8c43f79a2db24p-1);
  EXPECT_EQ(wide[1], 0x1.c16959869e47ep-2);
}

TEST(NumpyGeneratorFloat, ScalesFloatDrawsInFloat) {
  std::vector<float> drawn(999), scaled(999);
  NumpyGenerator(7).standard_normal(std::span<float>(drawn));
  NumpyGeneratorFloat(7).normal(std::span<float>(scaled), 0.5, 0.02);
  for (std::size_t i = 0; i < drawn.size(); ++i) EXPECT_EQ(scaled[i], drawn[i] * 0.02F + 0.5F);
  // rng = np.random.default_rng(7); rng.standard_normal(3, dtype=np.float32) * np.float32(0.02) + np.float32(0.5)
  EXPECT_EQ(scaled[0], 0x1.0f95cp-1F);
  EXPECT_EQ(scaled[1], 0x1.e891980p-2F);
  EXPECT_EQ(scaled[2], 0x1.0bc714p-1F);
  std::vector<double> wide(3);
  EXPECT_THAT([&] { NumpyGeneratorFloat(7).normal(std::span<double>(wide), 0, 1); },
              ::testing::ThrowsMessage<Error>(::testing::HasSubstr("for float64 use numpy_generator")));
  EXPECT_THROW(NumpyGeneratorFloat(7).truncated_normal(std::span<float>(scaled), 0, 1, -2, 2), Error);
}

TEST(Ziggurat, HasNumPysTables) {
  const ZigguratTables& tables = ziggurat_tables();
  EXPECT_EQ(table_sha<std::uint64_t>(tables.inside),
            "565295797825931547a1036f5b012a247be54abbe077c39fe06c8ed1e9d0a5a9");
  EXPECT_EQ(table_sha<double>(tables.width), "33c6472209e1d09ea3548f0291e5e1ad67fb4f1d0305e9f1086689584b7bb7fa");
  EXPECT_EQ(table_sha<double>(tables.height), "acd898d9d87e212f657755ba43b21e40958090a7ff2103c9e79f4ea1b0fe2bc5");
  EXPECT_EQ(table_sha<std::uint32_t>(tables.inside_float),
            "b00c1701b8ee9b5e5bb285bef552e979942af25328141d131b0ad8183643fd39");
  EXPECT_EQ(table_sha<float>(tables.width_float), "7e876b6f831f031c494d3f21c00f1845928d7ba8984b207e08b3fcba766a67fd");
  EXPECT_EQ(table_sha<float>(tables.height_float), "3ec75aef4fc5308b6f948d1fd8d0eef691a752eebbaa91914fc111948aea6ad8");
}

TEST(NumpyStreams, HaveNoTruncatedNormal) {
  std::vector<double> out(4);
  EXPECT_THAT([&] { NumpyRandomState(0).truncated_normal(std::span<double>(out), 0, 1, -2, 2); },
              ::testing::ThrowsMessage<Error>(::testing::HasSubstr("NumPy has no truncated normal")));
  EXPECT_THROW(NumpyGenerator(0).truncated_normal(std::span<double>(out), 0, 1, -2, 2), Error);
}

}  // namespace
}  // namespace fanin::random::compat
