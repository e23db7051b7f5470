// PyTorch's stream against values recorded from PyTorch 2.15 (AVX2 and AVX-512 alike), seed 42.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/compat.h"
#include "random/sha256.h"

namespace fanin::random::compat {
namespace {

using fanin::testing::sha256;

TEST(Sha256, GivesTheKnownAnswer) {
  EXPECT_EQ(sha256(std::vector<char>{'a', 'b', 'c'}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Mt19937, GivesTheRecordedWords) {
  const auto words = [](std::uint32_t seed) {
    Mt19937 engine(seed);
    std::vector<std::uint32_t> drawn(1001);
    for (std::uint32_t& word : drawn) word = engine.next();
    return std::vector<std::uint32_t>{drawn[0], drawn[3], drawn[1000]};
  };
  EXPECT_THAT(words(0), ::testing::ElementsAre(0x8c7f0aac, 0xd821ccc0, 0x4f751e27));
  EXPECT_THAT(words(42), ::testing::ElementsAre(0x5fe1dc66, 0x2ef5950e, 0xb2bab9f5));
  EXPECT_THAT(words(0xffffffff), ::testing::ElementsAre(0x18fe69a3, 0x900cac47, 0x63040731));
}

template <class T>
std::string drawn(std::size_t count, const std::function<void(TorchStream&, std::span<T>)>& draw) {
  TorchStream stream(42);
  std::vector<T> values(count);
  draw(stream, values);
  return sha256(values);
}

TEST(TorchStream, DrawsUniformsBitForBit) {
  EXPECT_EQ(drawn<float>(1000000, [](TorchStream& s, std::span<float> out) { s.uniform(out, 0, 1); }),
            "82371dc0b1b8c82d6c23a5549bd3b344c92006b2f087ef0b519d86a8e4db26fd");
  EXPECT_EQ(drawn<double>(1000000, [](TorchStream& s, std::span<double> out) { s.uniform(out, 0, 1); }),
            "43d72452c5f3e2ceec9292584bff2bdc6b15a76a155042fe795b62c4f9f98ac6");
  EXPECT_EQ(drawn<float>(1000000, [](TorchStream& s, std::span<float> out) { s.uniform(out, -.1, .1); }),
            "e4e3a7be4cb66ca15e011d2923f75fe97f1e16f4c9089bbd8f3147b65b355c21");
  EXPECT_EQ(drawn<bfloat16>(1000000, [](TorchStream& s, std::span<bfloat16> out) { s.uniform(out, 0, 1); }),
            "d7195814b3482dae64cf1abeb7e5d51bf5ff7c9440195d4bc5d8d39629e69b79");
  EXPECT_EQ(drawn<half>(1000000, [](TorchStream& s, std::span<half> out) { s.uniform(out, 0, 1); }),
            "b53a37d57aa7979ae7aa99e8a455b8f8ff48b24fc805d6dc638d7a283f8ddb06");
}

TEST(TorchStream, DrawsNormalsBitForBit) {
  const auto standard = [](TorchStream& s, auto out) { s.normal(out, 0, 1); };
  EXPECT_EQ(drawn<float>(1000000, standard), "a3ff6db77853f063e9058d73f250772956a84aa16f70cc7674c2efa7c368b7c1");
  EXPECT_EQ(drawn<float>(1000003, standard), "4085738930147ae4776e55a12e44b11fdba68b8177133b5cb4a009527b48baf6");
  EXPECT_EQ(drawn<float>(15, standard), "8db9a5331024e1ef6641fb105e2cef40e44a0fc808368674795ee3b09096fe02");
  EXPECT_EQ(drawn<double>(15, standard), "bc331c8e22a2ec755d9cfa585f57781626c5b6032609fea08002165919f7b6f4");
  EXPECT_EQ(drawn<double>(1000000, standard), "6caa1b7f527731f66f596dacd82f6c7c7b53781013c97151d2aa9fcecf6f117a");
  EXPECT_EQ(drawn<bfloat16>(1000003, standard), "8fb14a1666d4b2e9b46a92157f8477df239f582b7ed0110a2d7aaf9fbc6936ae");
  EXPECT_EQ(drawn<half>(1000003, standard), "87f4cbdc7be092d0e8c5f98e16c5e0208efd171596c9ce3ff9cc35af29764167");
  EXPECT_EQ(drawn<float>(1000000, [](TorchStream& s, std::span<float> out) { s.normal(out, .5, .02); }),
            "82c2ad5af38d5a13cb74d50f773c6c3eeac5792ffab712940be45f6144e5c981");
}

TEST(TorchStream, DrawsTruncatedNormalsBitForBit) {
  const auto truncated = [](double mean, double std, double low, double high) {
    return drawn<float>(100003, [=](TorchStream& s, auto out) { s.truncated_normal(out, mean, std, low, high); });
  };
  EXPECT_EQ(truncated(0, 1, -2, 2), "085c99c21a31bb7d01df9dab774b3e88bcbeb09ea051bd29d44a546d288d89ce");
  EXPECT_EQ(truncated(0, .02, -.04, .04), "48f20dd79611c7d8132fde0f9516c0583153cd2cfcca3ec61cdb17581dae6a32");
  EXPECT_EQ(truncated(0, 1, 2, 3), "ecf3798de477b48961660a466ea8037c6620068de1ae2a0f53b84ae7f58dfe30");
}

TEST(TorchStream, MakesTheWeightsOfModules) {
  // nn.Conv2d(3, 64, 7): kaiming_uniform_(a=sqrt(5)), then the bias from the same stream.
  TorchStream stream(42);
  std::vector<float> weight(64 * 3 * 49), bias(64);
  const double fan_in = 3 * 49, negative_slope = std::sqrt(5.0);
  const double bound = std::sqrt(3.0) * (std::sqrt(2.0 / (1 + negative_slope * negative_slope)) / std::sqrt(fan_in));
  stream.uniform(std::span<float>(weight), -bound, bound);
  stream.uniform(std::span<float>(bias), -1 / std::sqrt(fan_in), 1 / std::sqrt(fan_in));
  EXPECT_EQ(sha256(weight), "605313254184da0dc0e55fe0a9e9d093d096fbb1ae2fe75a1a0f3afe63a29d3b");
  EXPECT_EQ(sha256(bias), "81c07e0191d228468268b50f59c9de8635f99f5fe58fb927d6ba822912c461f9");

  std::vector<float> kernel(64 * 3 * 49);
  TorchStream(42).normal(std::span<float>(kernel), 0, std::sqrt(2.0) / std::sqrt(64.0 * 49));
  EXPECT_EQ(sha256(kernel), "26f720a0ba193659a0ebd4f9c54564d4b6b78351cbc401f0f42bd7ec1d94e1b6");
  const double a = std::sqrt(3.0) * (1.0 * std::sqrt(2.0 / (3 * 49 + 64 * 49)));
  TorchStream(42).uniform(std::span<float>(kernel), -a, a);
  EXPECT_EQ(sha256(kernel), "37ee730a9c0749cebce7e77da92509e98a5cbd3b3efb2fc8ef1a13279252aac3");
}

TEST(TorchStream, KeepsTheSineHalfOfSmallDrawsAcrossLargeOnes) {
  TorchStream stream(42), twin(42);
  std::vector<float> four(4), three(3), large(64), one(1);
  twin.normal(std::span<float>(four), 0, 1);
  stream.normal(std::span<float>(three), 0, 1);
  stream.normal(std::span<float>(large), 0, 1);
  stream.normal(std::span<float>(one), 0, 1);
  EXPECT_EQ(one[0], four[3]);
}

TEST(TorchStream, Permutes) {
  const std::vector<std::int64_t> order = TorchStream(42).permutation(100000);
  EXPECT_EQ(sha256(order), "0db47ee798461909e3e4eb0e9f8d3617d637ba050433ae3f090dadb7e149ce3f");
  EXPECT_TRUE(TorchStream(1).permutation(0).empty());
  EXPECT_THROW(TorchStream(1).permutation(-1), Error);
}

TEST(TorchStream, UsesTheLow32BitsOfTheSeed) {
  std::vector<float> low(20), high(20);
  TorchStream(5).uniform(std::span<float>(low), 0, 1);
  TorchStream((std::uint64_t{1} << 32) + 5).uniform(std::span<float>(high), 0, 1);
  EXPECT_EQ(low, high);
}

TEST(TorchStream, RefusesWhatPyTorchCannotDraw) {
  std::vector<float> out(4);
  TorchStream stream(0);
  EXPECT_THAT([&] { stream.uniform(std::span<float>(out), 1, 0); },
              ::testing::ThrowsMessage<Error>(::testing::HasSubstr("finite low <= high, not [1, 0)")));
  EXPECT_THROW(stream.normal(std::span<float>(out), 0, -1), Error);
  EXPECT_THROW(stream.normal(std::span<float>(out), NAN, 1), Error);
  EXPECT_THROW(stream.truncated_normal(std::span<float>(out), 0, 0, -1, 1), Error);
  EXPECT_THAT([&] { stream.truncated_normal(std::span<float>(out), 0, 1, 3, 1e9); },
              ::testing::ThrowsMessage<Error>(::testing::HasSubstr("would reject nearly every draw")));
}

TEST(StreamTable, NamesEveryStream) {
  for (const StreamInfo& info : stream_table()) {
    SCOPED_TRACE(info.name);
    std::vector<float> out(100), again(100);
    make_foreign_stream(info.name, 3)->normal(std::span<float>(out), 0, 1);
    make_foreign_stream(info.name, 3)->normal(std::span<float>(again), 0, 1);
    EXPECT_EQ(out, again);
    EXPECT_FALSE(info.summary.empty());
  }
  EXPECT_THAT([] { make_foreign_stream("pytorch", 0); },
              ::testing::ThrowsMessage<Error>(::testing::HasSubstr("did you mean 'torch'?")));
  EXPECT_THROW(make_foreign_stream("numpy", std::uint64_t{1} << 32), Error);
}

}  // namespace
}  // namespace fanin::random::compat
