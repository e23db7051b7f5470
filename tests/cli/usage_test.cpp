// Help, versions, and mistakes in the words of the command line: message and exit code of each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanin/base/version.h"
#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(UsageTest, HelpIsOnStandardOutput) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--help"}, {"-h"}, {"help"}}) {
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("Usage: fanin COMMAND"));
    EXPECT_THAT(outcome.err, IsEmpty());
  }
}

TEST(UsageTest, EveryCommandHasHelp) {
  for (const std::string command : {"compare", "train", "show", "list", "explain", "report", "completion", "help"}) {
    const Outcome outcome = run_fanin({command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_THAT(outcome.out, HasSubstr("Usage: fanin " + command));
    EXPECT_EQ(run_fanin({"help", command}).out, outcome.out);
  }
}

TEST(UsageTest, VersionIsTheBuilds) {
  EXPECT_EQ(run_fanin({"--version"}).out, "fanin " + std::string(version()) + "\n");
}

struct Mistake {
  std::vector<std::string> words;
  std::string message;
};

/// A sound command, plus what the case adds.
std::vector<std::string> compare_with(std::vector<std::string> more) {
  std::vector<std::string> words = {"compare", "--model", "mlp", "--data", "/nonexistent", "--init", "he_normal,zeros"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> train_with(std::vector<std::string> more) {
  std::vector<std::string> words = {"train",  "--model",   "mlp",   "--data",          "/nonexistent",
                                    "--init", "he_normal", "--out", "/nonexistent/out"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> table = {
      {{}, "no command is given"},
      {{"init", "--shape=", "--init", "he_normal", "-o", "x.raw"}, "--shape is ''"},
      {{"init", "--shape", "3x3", "--init=", "-o", "x.raw"}, "--init is empty"},
      {{"init", "--model", "lenet5", "--stream", "torch", "--init", "constant:value=1e6", "--dtype", "half", "-o",
        "x.raw"},
       "'conv1.weight' holds 1e+06; expected at most 65504, where half ends"},
      {{"compar"}, "unknown command 'compar'; did you mean 'compare'?"},
      {{"--modle", "x"}, "unknown option '--modle'; expected a command first"},
      {compare_with({"--epochs", "1", "--optimiser", "adam"}), "did you mean '--optimizer'?"},
      {compare_with({"--epochs", "0"}), "--epochs is 0; expected an integer from 1"},
      {compare_with({"--epochs", "-1"}), "--epochs is -1; expected an integer from 1"},
      {compare_with({"--epochs", "1.5"}), "--epochs is '1.5'; expected an integer"},
      {compare_with({"--steps", "0"}), "--steps is 0; expected an integer from 1"},
      {compare_with({"--steps", "9", "--epochs", "1"}), "--steps and --epochs are both given"},
      {compare_with({}), "expected --epochs or --steps"},
      {compare_with({"--steps", "9", "--lr", "nan"}), "--lr is 'nan'; expected a finite number"},
      {compare_with({"--steps", "9", "--lr", "inf"}), "--lr is 'inf'; expected a finite number"},
      {compare_with({"--steps", "9", "--lr", "0"}), "--lr is 0; expected a number above 0"},
      {compare_with({"--steps", "9", "--lr", "-0.1"}), "--lr is -0.1; expected a number above 0"},
      {compare_with({"--steps", "9", "--lr", "1..0.1:3"}), "expected LOW..HIGH:POINTS with LOW below HIGH"},
      {compare_with({"--steps", "9", "--lr", "0.1..1:1"}), "--lr has 1 points; expected 2 to 64"},
      {compare_with({"--steps", "9", "--lr", "0.1..1:x"}), "POINTS of --lr is 'x'; expected an integer"},
      {compare_with({"--steps", "9", "--lr", "nan..1:3"}), "LOW of --lr is 'nan'; expected a finite number"},
      {compare_with({"--steps", "9", "--lr", "0.1", "--lr-grow", "1"}), "--lr-grow needs a grid"},
      {compare_with({"--steps", "9", "--lr-grow", "3"}), "--lr-grow is 3; expected an integer from 0 to 2"},
      {compare_with({"--steps", "9", "--seeds", "0"}), "--seeds is 0; expected an integer from 1 to 1000"},
      {compare_with({"--steps", "9", "--seed", "18446744073709551616"}),
       "--seed is '18446744073709551616'; expected an integer from 0 to 18446744073709551615"},
      {compare_with({"--steps", "9", "--seed", "-1"}), "--seed is '-1'; expected an integer from 0"},
      {compare_with({"--steps", "9", "--seed", "18446744073709551615"}), "leaves no room for 5 seeds below 2^64"},
      {compare_with({"--steps", "9", "--target", "2"}), "--target is 2; expected a number in (0, 1]"},
      {compare_with({"--steps", "9", "--label-smoothing", "1"}), "--label-smoothing is 1; expected a number in [0, 1)"},
      {compare_with({"--steps", "9", "--mixup", "-0.2"}), "--mixup is -0.2; expected a number of at least 0"},
      {compare_with({"--steps", "9", "--mixup", "1e-9"}), "--mixup is 1e-09; expected 0 (none) or a number from 0.001"},
      {compare_with({"--steps", "9", "--mixup", "nan"}), "--mixup is 'nan'; expected a finite number"},
      {compare_with({"--steps", "9", "--clip-norm", "-1"}), "--clip-norm is -1; expected a number of at least 0"},
      {compare_with({"--steps", "9", "--clip-norm", "nan"}), "--clip-norm is 'nan'; expected a finite number"},
      {compare_with({"--steps", "9", "--batch", "0"}), "--batch is 0; expected an integer from 1"},
      {compare_with({"--steps", "9", "--jobs", "0"}), "--jobs is 0; expected an integer from 1"},
      {compare_with({"--steps", "9", "--jobs", "many"}), "--jobs is 'many'; expected an integer"},
      {compare_with({"--steps", "9", "--train-size", "-5"}), "--train-size is -5; expected an integer from 0"},
      {compare_with({"--steps", "9", "--optimizer", "sdg"}), "unknown optimizer 'sdg'; did you mean 'sgd'?"},
      {compare_with({"--steps", "9", "--optimizer", "sgd:momentun=1"}), "did you mean 'momentum'?"},
      {compare_with({"--steps", "9", "--optimizer", "sgd:momentum"}), "expected key=value"},
      {compare_with({"--steps", "9", "--schedule", "cosin"}), "unknown schedule 'cosin'; did you mean 'cosine'?"},
      {compare_with({"--steps", "9", "--augment", "flop"}), "flop"},
      {compare_with({"--steps", "9", "--data", "x"}), "the option '--data' is given 2 times"},
      {compare_with({"--steps", "9", "extra"}), "'compare' does not take 'extra'"},
      {compare_with({"--steps"}), "the option '--steps' needs a value"},
      {{"compare", "--data", "x", "--init", "zeros", "--steps", "1"}, "--model is missing"},
      {{"compare", "--model", "mlp", "--init", "zeros", "--steps", "1"}, "--data is missing"},
      {{"compare", "--model", "mlp", "--data", "x", "--steps", "1"}, "--init is missing"},
      {{"compare", "--model", "lenet6", "--data", "x", "--init", "zeros", "--steps", "1"}, "did you mean 'lenet5'?"},
      {{"compare", "--model", "mlp:hiden=3", "--data", "x", "--init", "zeros", "--steps", "1"},
       "did you mean 'hidden'?"},
      {{"compare", "--model", "mlp", "--data", "x", "--init", "he_nromal", "--steps", "1"},
       "did you mean 'he_normal'?"},
      {{"compare", "--model", "mlp", "--data", "x", "--init", "zeros,zeros", "--steps", "1"},
       "--init names the scheme 'zeros' twice"},
      {{"compare", "--model", "mlp", "--data", "x", "--init", "normal:std=-1", "--steps", "1"}, "'std'"},
      {{"compare", "--model", "mlp", "--data", "x", "--init", "normal:std=nan", "--steps", "1"},
       "expected a finite number"},
      {{"compare", "--model", "mlp", "--data", "x", "--init", "zeros,,", "--steps", "1"}, "empty entry"},
      {{"compare", "--model", "mlp", "--data", "x", "--init", "std=3", "--steps", "1"}, "starts with an option"},
      {train_with({"--steps", "9", "--lr", "nan"}), "--lr is 'nan'; expected a finite number"},
      {train_with({"--steps", "9", "--lr", "0.1..1:3"}),
       "--lr is '0.1..1:3'; expected one rate: 'fanin compare' takes a grid"},
      {train_with({"--steps", "9", "--checkpoint-every", "-1"}), "--checkpoint-every is -1"},
      {{"train", "--model", "mlp", "--data", "x", "--init", "zeros", "--steps", "1"}, "--out is missing"},
      {{"show"}, "'show' needs MODEL"},
      {{"show", "lenet5", "--input", "3x"}, "--input is '3x'; expected CxHxW"},
      {{"show", "lenet5", "--input", "3x0x3"}, "--input is '3x0x3'; expected CxHxW"},
      {{"show", "lenet5", "--verbose"}, "--verbose is of --program; expected that with it"},
      {{"show", "lenet5", "--classes", "1"}, "--classes is 1; expected an integer from 2"},
      {{"show", "lenet5", "--input", "1x2x2"}, "needs images of at least"},
      {{"show", "vanilla:depth=1000000000"}, "'depth'"},
      {{"show", "lenet5", "--data", "x", "--classes", "3"}, "--data says the input's shape"},
      {{"list", "schema"}, "did you mean 'schemes'?"},
      {{"explain", "he_nromal"}, "nothing is called 'he_nromal'; did you mean 'he_normal'?"},
      {{"explain", "qqqqqqqqq"}, "nothing is called 'qqqqqqqqq'; 'fanin list' shows what there is"},
      {{"explain"}, "'explain' needs NAME"},
      {{"report"}, "'report' needs DIR..."},
      {{"report", "/nonexistent/run"}, "/nonexistent/run"},
      {{"help", "comparee"}, "did you mean 'compare'?"},
  };
  return table;
}

TEST(UsageTest, EveryMistakeIsOneSentenceAndCodeTwo) {
  for (const Mistake& mistake : mistakes()) {
    const Outcome outcome = run_fanin(mistake.words);
    std::string call;
    for (const std::string& word : mistake.words) call += word + " ";
    EXPECT_EQ(outcome.code, 2) << call;
    EXPECT_THAT(outcome.err, StartsWith("fanin: ")) << call;
    EXPECT_THAT(outcome.err.substr(0, outcome.err.find('\n')), HasSubstr(mistake.message)) << call;
    EXPECT_THAT(outcome.out, IsEmpty()) << call;
  }
}

TEST(UsageTest, UsageErrorsPointToTheHelp) {
  EXPECT_THAT(run_fanin({"compare", "--epoch", "1"}).err, HasSubstr("\nRun 'fanin compare --help' for its options.\n"));
  EXPECT_THAT(run_fanin({"compar"}).err, HasSubstr("\nRun 'fanin --help' for the commands.\n"));
}

TEST(UsageTest, OutputThatCannotBeWrittenIsAFailure) {
  Call call;
  call.out_path = "/dev/full";
  const Outcome outcome = run_fanin({"list", "commands"}, call);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "fanin: standard output cannot be written\n");
}

}  // namespace
}  // namespace fanin::test
