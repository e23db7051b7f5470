// `fanin train` on the real program: files, resuming, stopping, broken places.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "fanin/formats/safetensors.h"
#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class TrainTest : public ::testing::Test {
 protected:
  TrainTest() { write_idx_dataset(data_); }

  std::vector<std::string> words(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"train",  "--model",   "lenet5",     "--data", data_.string(),
                                      "--init", "he_normal", "--lr",       "0.01",   "--batch",
                                      "32",     "--out",     folder_ / out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string file(const std::string& out, const std::string& name) const {
    return read_text(folder_.path() / out / name);
  }

  TemporaryFolder folder_;
  std::filesystem::path data_ = folder_.path() / "data";
};

TEST_F(TrainTest, LearnsAndWritesItsFiles) {
  const Outcome outcome = run_fanin(words("out", {"--epochs", "4", "--json"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json document = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(document["steps"], 4 * (576 / 32));
  EXPECT_EQ(document["steps_done"], document["steps"]);
  EXPECT_GT(document["test_accuracy"], 0.9);
  EXPECT_EQ(document["curve"][0]["step"], 0);
  EXPECT_THAT(file("out", "curve.csv"), StartsWith("step,train_loss,validation_loss,validation_accuracy\n0,"));
  EXPECT_THAT(file("out", "weights.safetensors"), HasSubstr("conv1.weight"));
  EXPECT_FALSE(file("out", "checkpoint.fanin").empty());
  EXPECT_EQ(outcome.err.find('\r'), std::string::npos) << "a pipe gets plain lines";
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
}

TEST_F(TrainTest, StoppedAndResumedGivesTheSameBits) {
  const std::vector<std::string> length = {"--steps", "1500", "--augment", "flip,crop:2"};
  ASSERT_EQ(run_fanin(words("whole", length)).code, 0);

  Call call;
  call.signal = SIGINT;
  call.signal_when = "step     75 ";
  const Outcome stopped = run_fanin(words("parts", length), call);
  ASSERT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_THAT(stopped.out, IsEmpty());
  EXPECT_THAT(stopped.err, HasSubstr("To go on: fanin train --model lenet5"));
  EXPECT_THAT(stopped.err, HasSubstr(" --resume\n"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "parts/weights.safetensors"));

  std::vector<std::string> resume = length;
  resume.push_back("--resume");
  const Outcome resumed = run_fanin(words("parts", resume));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("going on from step"));
  EXPECT_EQ(file("parts", "weights.safetensors"), file("whole", "weights.safetensors"));
  EXPECT_EQ(file("parts", "curve.csv"), file("whole", "curve.csv"));
}

TEST_F(TrainTest, CheckpointIntervalChangesNoFigure) {
  ASSERT_EQ(run_fanin(words("a", {"--steps", "40"})).code, 0);
  ASSERT_EQ(run_fanin(words("b", {"--steps", "40", "--checkpoint-every", "7"})).code, 0);
  EXPECT_EQ(file("a", "weights.safetensors"), file("b", "weights.safetensors"));
  EXPECT_EQ(file("a", "curve.csv"), file("b", "curve.csv"));
}

TEST_F(TrainTest, ProfilesItsSteps) {
  ASSERT_EQ(run_fanin(words("plain", {"--steps", "6"})).code, 0);
  const Outcome outcome = run_fanin(words("timed", {"--steps", "6", "--profile"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("6 steps of "));
  EXPECT_THAT(outcome.out, HasSubstr("fc3"));
  EXPECT_EQ(file("plain", "weights.safetensors"), file("timed", "weights.safetensors"));
  const auto trace = nlohmann::json::parse(file("timed", "trace.json"));
  double end = 0;
  for (const auto& event : trace["traceEvents"]) {
    EXPECT_GE(event["ts"].get<double>(), end - 0.01) << event;
    end = event["ts"].get<double>() + event["dur"].get<double>();
  }
  EXPECT_GT(trace["traceEvents"].size(), 10U);
}

TEST_F(TrainTest, SecondSignalKills) {
  Call call;
  call.signal = SIGTERM;
  call.signals = 2;
  call.signal_when = "step     75 ";
  const Outcome killed = run_fanin(words("out", {"--steps", "1500"}), call);
  EXPECT_THAT(killed.code, ::testing::AnyOf(-SIGTERM, 130)) << killed.err;  // 130: it was faster than the second signal
}

TEST_F(TrainTest, ResumeStartsWhereThereIsNothing) {
  EXPECT_EQ(run_fanin(words("new", {"--steps", "2", "--resume"})).code, 0);
}

TEST_F(TrainTest, RefusesAFolderInUseAndOtherSettings) {
  ASSERT_EQ(run_fanin(words("out", {"--steps", "2"})).code, 0);
  const Outcome again = run_fanin(words("out", {"--steps", "2"}));
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("holds a trained network already"));
  const Outcome other = run_fanin(words("out", {"--steps", "3", "--resume"}));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("checkpoint"));
  write_text(folder_.path() / "out/checkpoint.fanin", "damaged");
  const Outcome damaged = run_fanin(words("out", {"--steps", "2", "--resume"}));
  EXPECT_EQ(damaged.code, 2);
  EXPECT_THAT(damaged.err, HasSubstr("checkpoint.fanin"));
}

TEST_F(TrainTest, StartsFromAFileOfWeights) {
  ASSERT_EQ(run_fanin(words("first", {"--epochs", "4"})).code, 0);
  const std::string weights = folder_ / "first/weights.safetensors";
  const Outcome outcome = run_fanin(words("second", {"--steps", "1", "--lr", "0.001", "--from", weights}));
  EXPECT_EQ(outcome.code, 2) << "--lr is given twice";
  std::vector<std::string> second = words("second", {"--steps", "1", "--weights", weights, "--json"});
  const Outcome continued = run_fanin(second);
  ASSERT_EQ(continued.code, 0) << continued.err;
  EXPECT_GT(nlohmann::json::parse(continued.out)["curve"][0]["validation_accuracy"], 0.9);

  write_text(folder_.path() / "bad.safetensors", "not weights");
  const Outcome bad = run_fanin(words("third", {"--steps", "1", "--from", folder_ / "bad.safetensors"}));
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("bad.safetensors"));
  std::vector<std::string> other = words("third", {"--steps", "1", "--weights", weights});
  for (std::string& word : other) {
    if (word == "mlp" || word.starts_with("mlp:")) word = "mlp:layers=5";
    if (word == "lenet5") word = "mlp:layers=5";
  }
  const Outcome strange = run_fanin(other);
  EXPECT_EQ(strange.code, 2);
  EXPECT_THAT(strange.err, HasSubstr("weights.safetensors does not fit mlp:layers=5"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "third"));
  std::vector<NamedTensor> numbers = formats::read_weights(weights);
  numbers.back().tensor.values.back() = std::numeric_limits<float>::quiet_NaN();
  formats::write_safetensors(folder_ / "nan.safetensors", numbers, {});
  const Outcome nan = run_fanin(words("third", {"--steps", "1", "--from", folder_ / "nan.safetensors"}));
  EXPECT_EQ(nan.code, 2);
  EXPECT_THAT(nan.err, HasSubstr("expected finite weights"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "third"));
  const Outcome missing = run_fanin(words("third", {"--steps", "1", "--from", folder_ / "missing.safetensors"}));
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("missing.safetensors"));
}

TEST_F(TrainTest, DivergenceIsAResult) {
  const Outcome outcome =
      run_fanin({"train", "--model", "lenet5", "--data", data_.string(), "--init", "normal:std=3", "--lr", "1e6",
                 "--steps", "20", "--batch", "32", "--out", folder_ / "out", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json document = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(document["diverged_at"].is_number());
  EXPECT_TRUE(document["test_accuracy"].is_null());
}

TEST_F(TrainTest, OutputThatCannotBeWritten) {
  write_text(folder_.path() / "file", "");
  const Outcome below_file = run_fanin(words("file/out", {"--steps", "2"}));
  EXPECT_EQ(below_file.code, 2);
  EXPECT_THAT(below_file.err, HasSubstr("file/out"));

  Call call;
  call.largest_file = 1000;
  const Outcome full = run_fanin(words("out", {"--steps", "2"}), call);
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("checkpoint.fanin"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out/checkpoint.fanin")) << "no half file";
}

}  // namespace
}  // namespace fanin::test
