// A disk that is full at every write in turn: exit code 1, one sentence, nothing half-written, and after room is made
// --resume ends in the bytes of a run that met no full disk.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/mount.h>

#include "fanin/formats/image.h"
#include "faults/work.h"

namespace fanin::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* full = "No space left on device";

class FullDiskTest : public ::testing::Test, protected Work {
 protected:
  /// The program, whose `at`-th and later changes of files below `place` fail.
  Outcome run_failing(const std::vector<std::string>& words, const std::string& place, int at) const {
    Call failing = call();
    failing.environment.push_back(std::string("LD_PRELOAD=") + FANIN_FAILING_DISK);
    failing.environment.push_back("FANIN_TEST_DISK=" + place);
    failing.environment.push_back(fmt::format("FANIN_TEST_FAIL_AT={}", at));
    return run_fanin(words, failing);
  }

  static void expect_failure(const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
    const std::size_t at = outcome.err.find("fanin: ");
    ASSERT_NE(at, std::string::npos) << outcome.err;
    EXPECT_THAT(outcome.err.substr(at, outcome.err.find('\n', at) - at), AnyOf(HasSubstr(full), HasSubstr("full")));
  }
};

// In parts that run beside each other: every fourth write.
constexpr int parts = 4;
class EveryWriteTest : public FullDiskTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Part, EveryWriteTest, ::testing::Range(0, parts));

TEST_P(EveryWriteTest, OfATraining) {
  ASSERT_EQ(run_fanin(train("whole"), call()).code, 0);
  int at = 1 + GetParam();
  for (; at < 1000; at += parts) {
    SCOPED_TRACE(at);
    const Outcome outcome = run_failing(train("out"), folder() / "out", at);
    if (outcome.code == 0) break;
    expect_failure(outcome);
    expect_no_remains("out");
    ASSERT_EQ(run_fanin(train("out", {"--resume"}), call()).code, 0);
    expect_same("out", "whole");
    remove("out");
  }
  EXPECT_GT(at, 30) << "every checkpoint was met";
}

TEST_P(EveryWriteTest, OfAComparison) {
  ASSERT_EQ(run_fanin(compare("whole"), call()).code, 0);
  int at = 1 + GetParam();
  for (; at < 1000; at += parts) {
    SCOPED_TRACE(at);
    const Outcome outcome = run_failing(compare("out"), folder() / "out", at);
    if (outcome.code == 0) break;
    expect_failure(outcome);
    expect_no_remains("out");
    ASSERT_EQ(run_fanin(compare("out", {"--resume"}), call()).code, 0);
    expect_same("out", "whole");
    EXPECT_THAT(file("out", "report.html"), HasSubstr("</html>"));
    remove("out");
  }
  EXPECT_GT(at, 40) << "store, checkpoints and results were met";
}

TEST_F(FullDiskTest, ReportAndStandardOutput) {
  ASSERT_EQ(run_fanin(compare("whole"), call()).code, 0);
  const std::string before = file("whole", "report.html");
  int at = 1;
  for (; at < 20; ++at) {
    const Outcome outcome = run_failing({"report", folder() / "whole"}, folder() / "whole", at);
    if (outcome.code == 0) break;
    expect_failure(outcome);
    expect_no_remains("whole");
    EXPECT_EQ(file("whole", "report.html"), before) << "the old page stays";
  }
  EXPECT_GT(at, 3);
  Call to_full = call();
  to_full.out_path = "/dev/full";
  const Outcome outcome = run_fanin(compare("whole", {"--resume", "--json"}), to_full);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("fanin: standard output cannot be written\n"));
}

// The cache only saves time: without room for it all goes on.
TEST_F(FullDiskTest, TheCacheIsNotMissed) {
  formats::Image image{1, 8, 8, std::vector<std::uint8_t>(64, 100)};
  const auto png = formats::encode_png(image);
  for (const char* part : {"train", "test"}) {
    for (int i = 0; i < 8; ++i) {
      write_text(folder().path() / fmt::format("images/{}/{}/{}.png", part, i % 2 == 0 ? "a" : "b", i),
                 std::string(png.begin(), png.end()));
    }
  }
  const auto words = [&](const std::string& out) {
    return std::vector<std::string>{"train",  "--model",   "mlp:hidden=4", "--data", folder() / "images",
                                    "--init", "he_normal", "--steps",      "2",      "--batch",
                                    "2",      "--out",     folder() / out};
  };
  for (int at = 1; at < 8; ++at) {
    const std::string out = fmt::format("out{}", at);
    const Outcome outcome = run_failing(words(out), folder() / "cache", at);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    expect_no_remains("cache");
    expect_same(out, "out1");
    remove("cache");
  }
}

// A real small file system: the map of SQLite's index and all that the calls above do not show. The limit on the size
// of files below needs no privilege.
TEST_F(FullDiskTest, SmallFileSystems) {
  ASSERT_EQ(run_fanin(compare("whole"), call()).code, 0);
  const std::string place = folder() / "small";
  int failed = 0;
  for (int pages = 1; pages <= 64; pages += pages < 16 ? 1 : 4) {
    SCOPED_TRACE(pages);
    fs::create_directories(place);
    const std::string size = fmt::format("size={}", pages * 4096);
    if (::mount("tmpfs", place.c_str(), "tmpfs", 0, size.c_str()) != 0) {
      GTEST_SKIP() << "mounting is not permitted; EveryWriteTest and FilesOfLimitedSize stand for it";
    }
    const Outcome outcome = run_fanin(compare("small/out"), call());
    if (outcome.code != 0) {
      ++failed;
      expect_failure(outcome);
      expect_no_remains("small/out");
      EXPECT_EQ(::mount("tmpfs", place.c_str(), "tmpfs", MS_REMOUNT, "size=16m"), 0);
      EXPECT_EQ(run_fanin(compare("small/out", {"--resume"}), call()).code, 0);
    }
    expect_same("small/out", "whole");
    EXPECT_EQ(::umount(place.c_str()), 0);
  }
  EXPECT_GT(failed, 8);
}

TEST_F(FullDiskTest, FilesOfLimitedSize) {
  ASSERT_EQ(run_fanin(compare("whole"), call()).code, 0);
  int failed = 0;
  for (long size = 512; size < (1 << 20); size += size / 3) {
    SCOPED_TRACE(size);
    Call limited = call();
    limited.largest_file = size;
    const Outcome outcome = run_fanin(compare("out"), limited);
    if (outcome.code != 0) {
      ++failed;
      EXPECT_EQ(outcome.code, 1) << outcome.err;
      EXPECT_THAT(outcome.err, HasSubstr("fanin: "));
      expect_no_remains("out");
      ASSERT_EQ(run_fanin(compare("out", {"--resume"}), call()).code, 0);
    }
    expect_same("out", "whole");
    remove("out");
  }
  EXPECT_GT(failed, 4);
}

}  // namespace
}  // namespace fanin::test
