// `fanin compare` and `fanin report` on the real program, with trials of a few steps.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CompareTest : public ::testing::Test {
 protected:
  CompareTest() { write_idx_dataset(data_); }

  std::vector<std::string> words(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {
        "compare",     "--model", "lenet5",     "--data", data_.string(), "--init", "he_normal,normal:std=0.01,zeros",
        "--steps",     steps_,    "--batch",    "32",     "--seeds",      "2",      "--lr",
        "0.01..0.1:3", "--out",   folder_ / out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string file(const std::string& out, const std::string& name) const {
    return read_text(folder_.path() / out / name);
  }

  std::string steps_ = "12";  // long enough to be met by a signal, where a test needs that
  TemporaryFolder folder_;
  std::filesystem::path data_ = folder_.path() / "data";
};

TEST_F(CompareTest, PrintsResultsAndWritesItsFiles) {
  const Outcome outcome = run_fanin(words("run"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* scheme : {"he_normal", "normal:std=0.01", "zeros"}) EXPECT_THAT(outcome.out, HasSubstr(scheme));
  EXPECT_THAT(outcome.out, HasSubstr("\nreport: " + folder_ / "run/report.html"));
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos) << "no colour in a pipe";
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
  EXPECT_EQ(outcome.err.find('\r'), std::string::npos);
  for (const char* name : {"run.sqlite", "results.json", "results.csv", "timings.csv", "report.html"}) {
    EXPECT_FALSE(file("run", name).empty()) << name;
  }
  EXPECT_THAT(file("run", "report.html"), StartsWith("<!"));
}

TEST_F(CompareTest, RedrawsATableOnATerminal) {
  Call call;
  call.columns = 30;
  const Outcome outcome = run_fanin(words("run"), call);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("SCHEME"));
  EXPECT_THAT(outcome.err, HasSubstr("\x1b[")) << "the cursor goes back up";
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos) << "standard output is no terminal";
  // No line is as wide as the terminal, or it would wrap and the redrawing would miss it.
  const std::string plain = std::regex_replace(outcome.err, std::regex("\x1b\\[[0-9]*[A-Z]"), "");
  std::istringstream lines(plain);
  for (std::string line; std::getline(lines, line);) EXPECT_LT(line.size(), 31U) << line;  // with the terminal's own \r
  Call in_ci = call;
  in_ci.environment = {"CI=true"};
  EXPECT_EQ(run_fanin(words("ci"), in_ci).err.find('\x1b'), std::string::npos);
}

TEST_F(CompareTest, JsonIsOneDocumentAndTheSameForAnyJobs) {
  const Outcome one = run_fanin(words("one", {"--jobs", "1", "--json"}));
  ASSERT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(nlohmann::json::parse(one.out).at("schema"), "fanin-results");
  const Outcome two = run_fanin(words("two", {"--jobs", "2", "--json"}));
  EXPECT_EQ(one.out, two.out);
  EXPECT_EQ(file("one", "results.json"), file("two", "results.json"));
  EXPECT_EQ(file("one", "results.csv"), file("two", "results.csv"));
}

TEST_F(CompareTest, StoppedAndResumedGivesTheSameBytes) {
  steps_ = "150";
  ASSERT_EQ(run_fanin(words("whole")).code, 0);
  Call call;
  call.signal = SIGINT;
  call.signal_when = "he_normal: ";
  const Outcome stopped = run_fanin(words("parts"), call);
  ASSERT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_THAT(stopped.out, IsEmpty());
  EXPECT_THAT(stopped.err, HasSubstr("To go on: fanin compare --model lenet5"));
  const Outcome refused = run_fanin(words("parts"));
  EXPECT_EQ(refused.code, 2) << "a folder that holds a run wants --resume";
  const Outcome resumed = run_fanin(words("parts", {"--resume"}));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(file("parts", "results.json"), file("whole", "results.json"));
  EXPECT_EQ(file("parts", "results.csv"), file("whole", "results.csv"));
  // A finished run resumes to the same as well.
  ASSERT_EQ(run_fanin(words("whole", {"--resume"})).code, 0);
  EXPECT_EQ(file("parts", "results.json"), file("whole", "results.json"));
}

TEST_F(CompareTest, KilledAndResumedGivesTheSameBytes) {
  steps_ = "150";
  ASSERT_EQ(run_fanin(words("whole")).code, 0);
  Call call;
  call.signal = SIGKILL;
  call.signal_when = "he_normal: ";
  ASSERT_EQ(run_fanin(words("parts"), call).code, -SIGKILL);
  ASSERT_EQ(run_fanin(words("parts", {"--resume"})).code, 0);
  EXPECT_EQ(file("parts", "results.json"), file("whole", "results.json"));
}

TEST_F(CompareTest, RefusesAFolderOfOtherSettings) {
  ASSERT_EQ(run_fanin(words("run")).code, 0);
  const Outcome other = run_fanin(words("run", {"--resume", "--clip-norm", "1"}));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr(folder_ / "run"));
  write_text(folder_.path() / "foreign/run.sqlite", "this is no store");
  const Outcome foreign = run_fanin(words("foreign", {"--resume"}));
  EXPECT_EQ(foreign.code, 2) << foreign.err;
}

TEST_F(CompareTest, RefusesAFolderInUseAndOneThatCannotBeMade) {
  std::filesystem::create_directories(folder_.path() / "run");
  const int lock = ::open((folder_ / "run/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);  // as a run in another process holds it
  const Outcome second = run_fanin(words("run", {"--resume"}));
  ::close(lock);
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.err, HasSubstr(folder_ / "run"));
  write_text(folder_.path() / "file", "");
  const Outcome below_file = run_fanin(words("file/run"));
  EXPECT_EQ(below_file.code, 2);
  EXPECT_THAT(below_file.err, HasSubstr("file/run"));
}

TEST_F(CompareTest, PlanRunsNothing) {
  const Outcome text = run_fanin(words("run", {"--plan"}));
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("About "));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "run"));
  const nlohmann::json document = nlohmann::json::parse(run_fanin(words("run", {"--plan", "--json"})).out);
  EXPECT_EQ(document["trials_final"], 6);
  EXPECT_GT(document["estimated_seconds"], 0.0);
}

TEST_F(CompareTest, FolderHasANameOfItsOwnByDefault) {
  Call call;
  call.folder = folder_.path();
  const Outcome outcome = run_fanin({"compare", "--model", "mlp:hidden=8", "--data", "data", "--scheme",
                                     "zeros,he_normal", "--steps", "4", "--seeds", "1", "--lr", "0.1"},
                                    call);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "fanin-runs/mlp-hidden-8-data/report.html"));
}

TEST_F(CompareTest, ReportJoinsRuns) {
  ASSERT_EQ(run_fanin(words("a")).code, 0);
  ASSERT_EQ(run_fanin(words("b", {"--label-smoothing", "0.1", "--mixup", "0.2"})).code, 0);
  const std::string first = file("a", "report.html");
  ASSERT_EQ(run_fanin({"report", folder_ / "a"}).code, 0);
  EXPECT_EQ(file("a", "report.html"), first) << "the page is a view of the store";
  const Outcome outcome = run_fanin({"report", folder_ / "a", folder_ / "b", "-o", folder_ / "both.html"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "report: " + folder_ / "both.html" + "\n");
  EXPECT_GT(read_text(folder_.path() / "both.html").size(), first.size());
  EXPECT_THAT(file("b", "report.html"), HasSubstr("<dt>mixup</dt><dd>of pairs, shares from Beta(0.2, 0.2)</dd>"));
  EXPECT_THAT(file("a", "report.html"), Not(HasSubstr("<dt>mixup")));
  const Outcome nowhere = run_fanin({"report", folder_ / "a", "-o", folder_ / "missing/both.html"});
  EXPECT_EQ(nowhere.code, 2);
}

TEST_F(CompareTest, FullDiskIsAFailure) {
  Call call;
  call.largest_file = 2000;
  const Outcome outcome = run_fanin(words("run"), call);
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("fanin: "));
}

}  // namespace
}  // namespace fanin::test
