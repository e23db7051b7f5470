// Policies and other networks' weights on the command line: reports, warnings, and runs that notice a changed file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "fanin/formats/safetensors.h"
#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Outcome make_weights(const std::string& model, const std::string& scheme, const std::string& file) {
  Outcome outcome =
      run_fanin({"init", "--model", model, "--input", "1x16x16", "--classes", "4", "--init", scheme, "-o", file});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome;
}

class TransferTest : public ::testing::Test {
 protected:
  void SetUp() override { write_idx_dataset(folder_.path() / "data"); }

  std::vector<std::string> compare(const std::string& schemes, std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {"compare",
                                    "--model",
                                    "vanilla:depth=2,width=8",
                                    "--data",
                                    folder_ / "data",
                                    "--init",
                                    schemes,
                                    "--steps",
                                    "30",
                                    "--batch",
                                    "32",
                                    "--lr",
                                    "0.01",
                                    "--seeds",
                                    "2",
                                    "--out",
                                    folder_ / "run"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  const TemporaryFolder folder_;
};

TEST_F(TransferTest, ThePolicyOfTheDocumentationIsTheExampleAndWorks) {
  const std::string example = std::string(FANIN_TESTS_DIR) + "/../examples/layers.policy";
  const std::string page = read_text(std::string(FANIN_TESTS_DIR) + "/../docs/policies.md");
  std::istringstream lines(read_text(example));
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('#')) {
      EXPECT_THAT(page, HasSubstr("\n    " + line + "\n"));
    }
  const Outcome made =
      run_fanin({"init", "--model", "lenet5", "--policy", example, "--report", "-o", folder_ / "w.safetensors"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("layers.policy:4  constant:value=-2.3"));
  EXPECT_THAT(made.out, ::testing::ContainsRegex("conv2.bias +none +its usual start"));
  EXPECT_THAT(made.err, HasSubstr("layers.policy:6: matches no parameter of lenet5"));
  const Outcome checked = run_fanin({"init", "--check", folder_ / "w.safetensors"});
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  EXPECT_EQ(
      run_fanin({"init", "--model", "lenet5", "--init", "policy:file=" + example, "-o", folder_ / "v.safetensors"})
          .code,
      0);
  EXPECT_EQ(read_text(folder_ / "w.safetensors"), read_text(folder_ / "v.safetensors"));
}

TEST_F(TransferTest, InitSaysWhatIsWrong) {
  const std::string weights = folder_ / "a.safetensors";
  make_weights("vanilla:depth=3,width=8", "he_normal", weights);
  write_text(folder_ / "bad.policy", "role:biass zeros\n* he_normal\n");
  const auto refused = [&](std::vector<std::string> words, const std::string& message) {
    words.insert(words.begin(), "init");
    words.insert(words.end(), {"-o", folder_ / "out.safetensors"});
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.safetensors"));
  };
  refused({"--model", "lenet5", "--policy", folder_ / "bad.policy"},
          "bad.policy:1: unknown role 'biass'; did you mean 'bias'?");
  refused({"--model", "lenet5", "--policy", folder_ / "absent"}, folder_ / "absent");
  refused({"--model", "lenet5", "--policy", "a,b"}, "--policy is 'a,b'; expected a path without a comma");
  refused({"--model", "lenet5", "--policy", "a", "--init", "zeros"},
          "--init, --preset and --policy say the same thing; expected one of them");
  refused({"--model", "vanilla:depth=3,width=4", "--init", "net2wider:file=" + weights},
          "'conv1' has 8 outputs there and 4 here");
  refused({"--model", "vanilla:depth=3,width=8", "--init", "from_weights:file=" + folder_.path().string()},
          folder_.path().string());
  refused({"--shape", "4x4x3x3", "--init", "net2deeper:file=" + weights}, "needs a whole network");
  refused({"--model", "lenet5", "--init", "weight_selection"}, "expected weight_selection:file=PATH");
}

TEST_F(TransferTest, CheckNoticesAChangedFile) {
  const std::string small = folder_ / "small.safetensors", wide = folder_ / "wide.safetensors";
  make_weights("vanilla:depth=3,width=4", "he_normal", small);
  make_weights("vanilla:depth=3,width=8", "net2wider:file=" + small, wide);
  EXPECT_EQ(run_fanin({"init", "--check", wide}).code, 0);
  make_weights("vanilla:depth=3,width=4", "he_uniform", small);
  const Outcome changed = run_fanin({"init", "--check", wide});
  EXPECT_EQ(changed.code, 2);
  EXPECT_THAT(changed.err,
              HasSubstr("the file of 'net2wider:file=" + small + "' has changed since these weights were made"));
}

TEST_F(TransferTest, AComparisonNoticesAChangedFile) {
  const std::string weights = folder_ / "a.safetensors", policy = folder_ / "a.policy";
  make_weights("vanilla:depth=2,width=4", "he_normal", weights);
  write_text(policy, "fc.* zeros\n* he_normal\n");
  const std::string schemes = "he_normal,net2wider:file=" + weights + ",policy:file=" + policy;
  const Outcome first = run_fanin(compare(schemes));
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(run_fanin(compare(schemes, {"--resume"})).code, 0);
  write_text(policy, "# only said\nfc.*   zeros\n* he_normal\n");
  EXPECT_EQ(run_fanin(compare(schemes, {"--resume"})).code, 0);
  write_text(policy, "fc.* ones\n* he_normal\n");
  const Outcome changed = run_fanin(compare(schemes, {"--resume"}));
  EXPECT_EQ(changed.code, 2);
  EXPECT_THAT(changed.err, HasSubstr("the file of 'policy:file=" + policy + "' has changed since it began"));
  write_text(policy, "fc.* zeros\n* he_normal\n");
  make_weights("vanilla:depth=2,width=4", "he_uniform", weights);
  const Outcome other = run_fanin(compare(schemes, {"--resume"}));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("the file of 'net2wider:file=" + weights + "' has changed since it began"));
  std::filesystem::remove(weights);
  EXPECT_EQ(run_fanin({"report", folder_ / "run"}).code, 0) << "results are read without the file";
}

TEST_F(TransferTest, ATrainingNoticesAChangedFile) {
  const std::string policy = folder_ / "a.policy";
  write_text(policy, "conv9.* zeros\n* he_normal\n");
  const std::vector<std::string> words = {"train",
                                          "--model",
                                          "vanilla:depth=2,width=4",
                                          "--data",
                                          folder_ / "data",
                                          "--init",
                                          "policy:file=" + policy,
                                          "--steps",
                                          "20",
                                          "--batch",
                                          "32",
                                          "--lr",
                                          "0.01",
                                          "--out",
                                          folder_ / "run"};
  const Outcome first = run_fanin(words);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.err,
              HasSubstr("fanin: warning: " + policy + ":1: matches no parameter of vanilla:depth=2,width=4"));
  std::vector<std::string> again = words;
  again.push_back("--resume");
  EXPECT_EQ(run_fanin(again).code, 0);
  write_text(policy, "* he_uniform\n");
  const Outcome changed = run_fanin(again);
  EXPECT_EQ(changed.code, 2);
  EXPECT_THAT(changed.err, HasSubstr("belongs to other settings"));
  EXPECT_THAT(changed.err, Not(HasSubstr("warning")));
}

TEST_F(TransferTest, ATrainedNetworkGoesOnWider) {
  const std::string small = folder_ / "small";
  ASSERT_EQ(run_fanin({"train", "--model", "vanilla:depth=2,width=4,norm=batch", "--data", folder_ / "data", "--init",
                       "he_normal", "--steps", "60", "--batch", "32", "--lr", "0.05", "--out", small})
                .code,
            0);
  const std::string file = small + "/weights.safetensors";
  // Function kept: the wide network starts with the small one's accuracy on the validation images.
  const Outcome wide = run_fanin({"train", "--model", "vanilla:depth=2,width=12,norm=batch", "--data", folder_ / "data",
                                  "--init", "net2wider:noise=0,file=" + file, "--steps", "1", "--batch", "32", "--lr",
                                  "1e-9", "--out", folder_ / "wide", "--json"});
  ASSERT_EQ(wide.code, 0) << wide.err;
  const auto last_line = [](const std::string& text) { return text.substr(text.rfind('\n', text.size() - 2) + 1); };
  const auto accuracy = [](const std::string& row) { return row.substr(row.rfind(',') + 1); };
  std::istringstream wide_curve(read_text(folder_ / "wide/curve.csv"));
  std::string header, first;
  std::getline(wide_curve, header);
  std::getline(wide_curve, first);
  EXPECT_EQ(accuracy(first) + "\n", accuracy(last_line(read_text(small + "/curve.csv"))));
}

}  // namespace
}  // namespace fanin::test
