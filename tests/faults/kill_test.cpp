// SIGKILL at a hundred random moments and before every write: what is resumed ends in the bytes of an undisturbed run.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <random>

#include "faults/work.h"

namespace fanin::test {
namespace {

constexpr int parts = 4;  // that run beside each other

class KillTest : public ::testing::TestWithParam<int>, protected Work {
 protected:
  using Words = std::vector<std::string> (Work::*)(const std::string&, const std::vector<std::string>&) const;

  /// Kills `kills` times at moments that the seed fixes, up to three times a run, and lets each run end after that.
  void kill_at_random(Words command, int kills, unsigned seed) {
    const Outcome whole = run_fanin((this->*command)("whole", {}), call());
    ASSERT_EQ(whole.code, 0) << whole.err;
    std::mt19937 random(seed);
    int killed = 0, runs = 0;
    double longest = whole.seconds;  // to a kill; the whole run may have met a busier machine than those that follow
    for (int attempt = 0; killed < kills && attempt < 10 * kills; ++runs) {
      for (auto lives = 1 + random() % 3; lives > 0 && killed < kills; --lives, ++attempt) {
        Call deadly = call();
        deadly.signal = SIGKILL;
        deadly.signal_after = longest * static_cast<double>(random() % 1000) / 1000;
        const Outcome outcome = run_fanin((this->*command)("out", {"--resume"}), deadly);
        ASSERT_TRUE(outcome.code == -SIGKILL || outcome.code == 0) << outcome.code << outcome.err;
        if (outcome.code == -SIGKILL) ++killed;
        longest *= outcome.code == 0 ? 0.8 : 1.05;
      }
      const Outcome resumed = run_fanin((this->*command)("out", {"--resume"}), call());
      ASSERT_EQ(resumed.code, 0) << "after kill " << killed << ": " << resumed.err;
      expect_same("out", "whole");
      expect_no_remains("out");
      remove("out");
    }
    EXPECT_EQ(killed, kills);
    RecordProperty("runs", runs);
  }

  /// Kills before each change of a file, in a run of its own.
  void kill_at_every_write(Words command, int least) {
    ASSERT_EQ(run_fanin((this->*command)("whole", {}), call()).code, 0);
    int at = 1 + GetParam();
    for (; at < 1000; at += parts) {
      SCOPED_TRACE(at);
      Call deadly = call();
      deadly.environment.push_back(std::string("LD_PRELOAD=") + FANIN_FAILING_DISK);
      deadly.environment.push_back("FANIN_TEST_DISK=" + folder() / "out");
      deadly.environment.push_back(fmt::format("FANIN_TEST_KILL_AT={}", at));
      const Outcome outcome = run_fanin((this->*command)("out", {}), deadly);
      if (outcome.code == 0) break;
      ASSERT_EQ(outcome.code, -SIGKILL) << outcome.err;
      const Outcome resumed = run_fanin((this->*command)("out", {"--resume"}), call());
      ASSERT_EQ(resumed.code, 0) << resumed.err;
      expect_same("out", "whole");
      expect_no_remains("out");
      remove("out");
    }
    EXPECT_GT(at, least);
  }
};

INSTANTIATE_TEST_SUITE_P(Part, KillTest, ::testing::Range(0, parts));

TEST_P(KillTest, AComparisonAtAHundredMoments) {
  kill_at_random(&Work::compare, 100 / parts, static_cast<unsigned>(GetParam()));
}

TEST_P(KillTest, ATrainingAtAHundredMoments) {
  kill_at_random(&Work::train, 100 / parts, static_cast<unsigned>(parts + GetParam()));
}

TEST_P(KillTest, AComparisonBeforeEveryWrite) {
  kill_at_every_write(&Work::compare, 40);
}

TEST_P(KillTest, ATrainingBeforeEveryWrite) {
  kill_at_every_write(&Work::train, 30);
}

}  // namespace
}  // namespace fanin::test
