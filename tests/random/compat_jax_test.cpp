// JAX's threefry streams against values recorded from JAX 0.10 (CPU, partitionable, 32 bits).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/compat.h"
#include "random/sha256.h"

namespace fanin::random::compat {
namespace {

using fanin::testing::sha256;
using Block = std::array<std::uint32_t, 2>;

const JaxKey key = jax_key(42);
constexpr std::size_t kernel_size = 3 * 3 * 64 * 128;

TEST(Threefry, GivesTheKnownAnswersOfRandom123) {
  EXPECT_EQ(threefry2x32({0, 0}, {0, 0}), (Block{0x6b200159, 0x99ba4efe}));
  EXPECT_EQ(threefry2x32({~0u, ~0u}, {~0u, ~0u}), (Block{0x1cb996fc, 0xbb002be7}));
  EXPECT_EQ(threefry2x32({0x13198a2e, 0x03707344}, {0x243f6a88, 0x85a308d3}), (Block{0xc4923a9c, 0x483df7a0}));
}

TEST(Jax, DerivesKeys) {
  EXPECT_EQ(jax_key((std::uint64_t{1} << 32) + 5), jax_key(5));
  EXPECT_EQ(jax_fold_in(key, 7), (JaxKey{0x97d0552f, 0x51bf719f}));
  EXPECT_THAT(jax_split(key, 3), ::testing::ElementsAre(JaxKey{0x6d3e048f, 0x1022172d}, JaxKey{0x03d7b32d, 0xadd083f4},
                                                        JaxKey{0x92fb20ea, 0x0f38d913}));
  JaxStream stream(42);
  EXPECT_EQ(stream.next_key(), jax_fold_in(key, 0));
  EXPECT_EQ(stream.next_key(), jax_fold_in(key, 1));
}

TEST(Jax, DrawsBitForBit) {
  std::vector<std::uint32_t> words(1000000);
  jax_bits(words, key);
  EXPECT_EQ(sha256(words), "9827556558b246dccec798a4bb3b1c584394020904be42868d9b9c5e248a757b");
  std::vector<float> values(1000000);
  jax_uniform(values, key);
  EXPECT_EQ(sha256(values), "b638390af81536853db79edf1de2e1e62f6079900a1e6eefa68219392b647b88");
  jax_uniform(values, key, -.1f, .1f);
  EXPECT_EQ(sha256(values), "c0cc35a0f749f27ca050c25f0f62c54ef56c3290fea787fe885667ac70e08916");
  jax_normal(values, key);
  EXPECT_EQ(sha256(values), "d9aebc8251b5010fcb66fa441324167329164d1eaddc1148810f8ac151b9a3c5");
  jax_truncated_normal(values, key, -2, 2);
  EXPECT_EQ(sha256(values), "1c4f9afdadf59747e0d776a0416fc470b1c35ecbc86512682e236ce13dc31c5d");
}

std::string scaled(double scale_over_fan, JaxDistribution distribution) {
  std::vector<float> values(kernel_size);
  jax_variance_scaling(values, key, scale_over_fan, distribution);
  return sha256(values);
}

TEST(Jax, MakesTheWeightsOfInitializers) {
  const double fan_in = 9 * 64, fan_out = 9 * 128;
  EXPECT_EQ(scaled(2 / fan_in, JaxDistribution::truncated_normal),
            "3cbd7b8725df3b7f77e04dbca1d6a7ddbf0d43a310d1a8ff894e7f02ef197e71");
  EXPECT_EQ(scaled(1 / fan_in, JaxDistribution::truncated_normal),
            "f5260f6c00881cd37bf08e29f4bccf3ed33e0e93de01443fd1fbfa501ccb47a8");
  EXPECT_EQ(scaled(1 / ((fan_in + fan_out) / 2), JaxDistribution::uniform),
            "c6a6cd2888d56237ef2494a6f356f12587b47b1bd10d553004632ea77035d9d8");
  EXPECT_EQ(scaled(2 / fan_out, JaxDistribution::normal),
            "74e1c702f4c926dab07ebfdee704829f4213e6bebbd406aaea638ac744be756f");
}

TEST(Jax, StreamIsFloat32Alone) {
  std::vector<double> out(4);
  EXPECT_THAT([&] { JaxStream(0).normal(std::span<double>(out), 0, 1); },
              ::testing::ThrowsMessage<Error>(::testing::HasSubstr("draws float32 alone")));
}

}  // namespace
}  // namespace fanin::random::compat
