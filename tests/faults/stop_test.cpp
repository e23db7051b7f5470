// Ctrl-C and SIGTERM at every stage: exit code 130, the command that goes on, and what it ends in.
//
// The times are recorded, not judged (a loaded machine is slow), but each work here would last minutes by itself.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>

#include "faults/work.h"

namespace fanin::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StopTest : public ::testing::Test, protected Work {
 protected:
  Call stopping(int signal, double after) const {
    Call stop = call();
    stop.signal = signal;
    stop.signal_after = after;
    return stop;
  }

  /// A network whose single step lasts most of a second, two side by side.
  std::vector<std::string> heavy(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"compare",
                                      "--model",
                                      "resnet110",
                                      "--data",
                                      folder() / "data",
                                      "--init",
                                      "he_normal,zeros",
                                      "--steps",
                                      "10000",
                                      "--batch",
                                      "64",
                                      "--lr",
                                      "0.1",
                                      "--jobs",
                                      "2",
                                      "--out",
                                      folder() / out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(StopTest, BeforeAnythingIsBegun) {
  const Outcome outcome = run_fanin(heavy("out", {"--plan"}), stopping(SIGINT, 0.3));
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_EQ(outcome.err, "fanin: stopped; nothing was begun\n");
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_FALSE(fs::exists(folder().path() / "out"));
  RecordProperty("milliseconds", static_cast<int>(1000 * outcome.seconds_left));
}

TEST_F(StopTest, InTheMiddleOfASlowStep) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Outcome outcome = run_fanin(heavy("out", {"--resume"}), stopping(signal, 3));
    EXPECT_EQ(outcome.code, 130) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("Stopped; what was finished is kept in " + folder() / "out"));
    EXPECT_THAT(outcome.err, HasSubstr("To go on: fanin compare --model resnet110"));
    EXPECT_THAT(outcome.err, HasSubstr(" --resume\n"));
    RecordProperty("milliseconds", static_cast<int>(1000 * outcome.seconds_left));
  }
}

// Stopped again and again in the middle of steps, with batch normalization whose statistics move inside a step.
TEST_F(StopTest, ManyStopsChangeNoBit) {
  const Outcome whole = run_fanin(train("whole"), call());
  ASSERT_EQ(whole.code, 0) << whole.err;
  ASSERT_EQ(run_fanin(compare("whole"), call()).code, 0);
  int stopped = 0;
  for (int i = 0; i < 40; ++i) {
    // All along, then more closely at the end, between the last step, its point, the test and the files.
    const double moment = whole.seconds * (i < 20 ? i / 20.0 : 0.7 + 0.4 * (i - 20) / 20.0);
    const Outcome training = run_fanin(train("out", {"--resume"}), stopping(i % 2 == 0 ? SIGINT : SIGTERM, moment));
    // Before the program catches the signal it dies by it.
    ASSERT_THAT(training.code, AnyOf(0, 130, -SIGINT, -SIGTERM)) << training.err;
    if (training.code == 130) ++stopped;
    const Outcome comparison = run_fanin(compare("out", {"--resume"}), stopping(SIGINT, moment));
    ASSERT_THAT(comparison.code, AnyOf(0, 130, -SIGINT)) << comparison.err;
    if (training.code == 0 && comparison.code == 0) {
      expect_same("out", "whole");
      remove("out");
    }
  }
  EXPECT_GT(stopped, 0);
  ASSERT_EQ(run_fanin(train("out", {"--resume"}), call()).code, 0);
  ASSERT_EQ(run_fanin(compare("out", {"--resume"}), call()).code, 0);
  expect_same("out", "whole");
  expect_no_remains("out");
}

TEST_F(StopTest, ASecondTrainingInTheFolderIsRefused) {
  fs::create_directories(folder().path() / "out");
  // As another process holds it: the lock belongs to the open file.
  const int lock = ::open((folder() / "out/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  const Outcome second = run_fanin(train("out"), call());
  ::close(lock);
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, HasSubstr(folder() / "out" + " is in use by another process"));
  EXPECT_EQ(run_fanin(train("out"), call()).code, 0);
}

}  // namespace
}  // namespace fanin::test
