// `fanin random`: the bytes are the stream's words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "fanin/random/stream.h"
#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::HasSubstr;

TEST(Random, WritesTheWordsOfTheStream) {
  const Outcome outcome = run_fanin({"random", "--raw", "--seed", "7", "--name", "conv1.weight", "--bytes", "300001"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_EQ(outcome.out.size(), 300001u);
  std::vector<std::uint32_t> words(75001);
  random::fill_bits(words, random::make_stream(7, "conv1.weight", random::Purpose::initialize));
  EXPECT_EQ(std::memcmp(words.data(), outcome.out.data(), outcome.out.size()), 0);
}

TEST(Random, WritesNothingForNoBytes) {
  const Outcome outcome = run_fanin({"random", "--raw", "--bytes", "0"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
}

TEST(Random, RefusesWhatItCannotDo) {
  EXPECT_EQ(run_fanin({"random"}).code, 2);
  EXPECT_THAT(run_fanin({"random"}).err, HasSubstr("expected --raw"));
  EXPECT_EQ(run_fanin({"random", "--raw", "--bytes", "-1"}).code, 2);
  EXPECT_EQ(run_fanin({"random", "--raw", "--seed", "x"}).code, 2);
}

TEST(Random, SaysThatTheDiskIsFull) {
  Call call;
  call.out_path = "/dev/full";
  const Outcome outcome = run_fanin({"random", "--raw", "--bytes", "1000000"}, call);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("standard output cannot be written"));
}

}  // namespace
}  // namespace fanin::test
