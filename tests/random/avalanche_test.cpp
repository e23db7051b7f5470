// Every bit of what a word is made from changes every bit of the word half of the time; and streams of neighbouring
// seeds and names, read one block each, look like one stream.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fanin/random/stream.h"

namespace fanin::random {
namespace {

using Words = std::array<std::uint32_t, 4>;

constexpr int bases = 4096;
// Six standard deviations of a frequency over the bases: 2e-9 for each of the 24 576 pairs of bits.
const double tolerance = 6 * 0.5 / std::sqrt(static_cast<double>(bases));

/// Counts, bit by bit, how often two values differ.
template <std::size_t bits>
class Flips {
 public:
  void add(std::size_t bit, bool flipped) { counts_[bit] += flipped; }
  void expect_half(std::size_t input) const {
    for (std::size_t bit = 0; bit < bits; ++bit)
      EXPECT_NEAR(counts_[bit] / bases, 0.5, tolerance) << "bit " << bit << " by input bit " << input;
  }

 private:
  std::array<double, bits> counts_{};
};

TEST(Avalanche, OfPhiloxIsCompleteForCounterAndKey) {
  const Stream source = make_stream(1, "avalanche", Purpose::initialize);
  for (std::size_t input = 0; input < 192; ++input) {
    Flips<128> flips;
    for (std::uint64_t base = 0; base < bases; ++base) {
      const Words counter = block(source, 2 * base), more = block(source, 2 * base + 1);
      const std::array<std::uint32_t, 2> key{more[0], more[1]};
      Words other = counter;
      std::array<std::uint32_t, 2> other_key = key;
      (input < 128 ? other[input / 32] : other_key[input / 32 - 4]) ^= 1u << input % 32;
      const Words a = philox4x32_10(counter, key), b = philox4x32_10(other, other_key);
      for (std::size_t bit = 0; bit < 128; ++bit) flips.add(bit, (a[bit / 32] ^ b[bit / 32]) >> bit % 32 & 1);
    }
    flips.expect_half(input);
  }
}

TEST(Avalanche, OfTheSeedIsCompleteInTheKey) {
  const Stream source = make_stream(2, "avalanche", Purpose::initialize);
  for (std::size_t input = 0; input < 64; ++input) {
    Flips<64> flips;
    for (std::uint64_t base = 0; base < bases; ++base) {
      const Words words = block(source, base);
      const std::uint64_t seed = std::uint64_t{words[0]} << 32 | words[1];
      const std::uint64_t difference =
          make_stream(seed, "conv1.weight", Purpose::initialize).key ^
          make_stream(seed ^ std::uint64_t{1} << input, "conv1.weight", Purpose::initialize).key;
      for (std::size_t bit = 0; bit < 64; ++bit) flips.add(bit, difference >> bit & 1);
    }
    flips.expect_half(input);
  }
}

TEST(Avalanche, OfTheNameIsCompleteInTheKey) {
  const std::string name = "layer1.0.conv1.weight";
  for (std::size_t input = 0; input < name.size() * 8; ++input) {
    Flips<64> flips;
    std::string other = name;
    other[input / 8] = static_cast<char>(other[input / 8] ^ 1 << input % 8);
    for (std::uint64_t seed = 0; seed < bases; ++seed) {
      const std::uint64_t difference =
          make_stream(seed, name, Purpose::initialize).key ^ make_stream(seed, other, Purpose::initialize).key;
      for (std::size_t bit = 0; bit < 64; ++bit) flips.add(bit, difference >> bit & 1);
    }
    flips.expect_half(input);
  }
}

/// Words of block 0 of many streams, in the streams' order: bit frequencies, serial correlation, equal cells.
void expect_random(const std::function<Stream(std::uint64_t)>& stream_of) {
  constexpr double z_limit = 5.5;
  constexpr std::uint64_t streams = std::uint64_t{1} << 17;
  std::array<double, 32> ones{};
  std::vector<double> cells(4096), units;
  for (std::uint64_t i = 0; i < streams; ++i)
    for (const std::uint32_t word : block(stream_of(i), 0)) {
      for (std::size_t bit = 0; bit < 32; ++bit) ones[bit] += word >> bit & 1;
      cells[word >> 20] += 1;
      units.push_back((static_cast<double>(word) + 0.5) * 0x1p-32 - 0.5);
    }
  const auto n = static_cast<double>(units.size());
  for (const double count : ones) EXPECT_LT(std::abs(2 * count - n) / std::sqrt(n), z_limit);
  double chi2 = 0;
  for (const double count : cells) chi2 += (count - n / 4096) * (count - n / 4096) / (n / 4096);
  EXPECT_LT(std::abs(chi2 - 4095) / std::sqrt(2 * 4095.0), z_limit);
  for (const std::size_t lag : {1u, 2u, 4u, 8u, 400u}) {
    double sum = 0;
    for (std::size_t i = lag; i < units.size(); ++i) sum += units[i] * units[i - lag];
    EXPECT_LT(std::abs(sum) * 12 / std::sqrt(n), z_limit) << lag;
  }
}

TEST(InterleavedStreams, OfNeighbouringSeedsAreRandom) {
  expect_random([](std::uint64_t i) { return make_stream(i, "conv1.weight", Purpose::initialize); });
}

TEST(InterleavedStreams, OfNumberedNamesAreRandom) {
  expect_random([](std::uint64_t i) { return make_stream(1, fmt::format("layer{}.weight", i), Purpose::initialize); });
}

TEST(InterleavedStreams, OfDrawsAreRandom) {
  expect_random(
      [](std::uint64_t i) { return make_stream(1, "conv1.weight", Purpose::order, static_cast<std::uint32_t>(i)); });
}

}  // namespace
}  // namespace fanin::random
