// `list`, `explain` and `show` over every row of every registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cli/registry.h"
#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(ListTest, ShowsEveryRowOfEveryRegistry) {
  for (const cli::Registry& registry : cli::registries()) {
    const std::string kind(registry.plural);
    const Outcome text = run_fanin({"list", kind});
    const Outcome json = run_fanin({"list", kind, "--json"});
    EXPECT_EQ(text.code, 0) << kind;
    EXPECT_THAT(text.err, IsEmpty());
    const nlohmann::json document = nlohmann::json::parse(json.out);  // throws on anything but one document
    const std::vector<cli::Entry> entries = registry.entries();
    ASSERT_FALSE(entries.empty()) << kind;
    ASSERT_EQ(document.size(), entries.size()) << kind;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      EXPECT_THAT(text.out, HasSubstr("\n" + entries[i].name + " "));
      EXPECT_EQ(document[i]["name"], entries[i].name);
      EXPECT_FALSE(entries[i].summary.empty()) << entries[i].name;
    }
  }
}

TEST(ListTest, IsOneLineARowInAPipe) {
  const Outcome outcome = run_fanin({"list", "models"});
  const auto lines = std::count(outcome.out.begin(), outcome.out.end(), '\n');
  EXPECT_EQ(static_cast<std::size_t>(lines),
            1 + nlohmann::json::parse(run_fanin({"list", "models", "--json"}).out).size());
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
}

TEST(ExplainTest, KnowsEveryNameAndAlias) {
  for (const cli::Entry& entry : cli::all_entries()) {
    const Outcome outcome = run_fanin({"explain", entry.name});
    EXPECT_EQ(outcome.code, 0) << entry.name << ": " << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(entry.name + " (" + std::string(entry.kind)));
    for (const OptionInfo& option : entry.options) {
      EXPECT_THAT(outcome.out, HasSubstr("\n  " + std::string(option.key) + "="));
    }
    // of an alias first whose name it is, then all of the scheme
    for (const std::string& alias : entry.aliases)
      EXPECT_THAT(run_fanin({"explain", alias}).out, HasSubstr(outcome.out)) << alias;
  }
}

TEST(ExplainTest, TellsAnActivationsGains) {
  const Outcome outcome = run_fanin({"explain", "gelu"});
  EXPECT_THAT(outcome.out, HasSubstr("forward 1.53353 (he_normal, orthogonal), backward 1.48111 (mode=fan_out)"));
  EXPECT_THAT(outcome.out, HasSubstr("its second moment times 1.072 a layer"));
}

TEST(ListTest, HasPresetsStreamsAndActivations) {
  EXPECT_THAT(run_fanin({"list", "presets"}).out, HasSubstr("keras-default"));
  EXPECT_THAT(run_fanin({"list", "presets"}).out, ::testing::Not(HasSubstr("he_normal ")));
  EXPECT_THAT(run_fanin({"list", "streams"}).out, HasSubstr("numpy_generator_float32"));
  EXPECT_THAT(run_fanin({"list", "activations"}).out, HasSubstr("hardswish"));
}

TEST(ExplainTest, TellsFormulaPaperAndWhen) {
  const Outcome outcome = run_fanin({"explain", "he_normal:mode=fan_out"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, StartsWith("he_normal (scheme"));
  for (const char* label : {"Formula", "Paper", "Use it", "Do not", "mode="})
    EXPECT_THAT(outcome.out, HasSubstr(label));
}

TEST(ExplainTest, SaysWhatAnAliasStandsForAndWhyOneIsRefused) {
  const Outcome msra = run_fanin({"explain", "MSRAPrelu"});
  EXPECT_EQ(msra.code, 0) << msra.err;
  for (const char* part :
       {"msraprelu (alias", "variance_scaling:scale=1.88", "mxnet.init", "\nvariance_scaling (scheme"})
    EXPECT_THAT(msra.out, HasSubstr(part));
  EXPECT_THAT(run_fanin({"explain", "xavier"}).out, HasSubstr("lecun_uniform"));
  const Outcome refused =
      run_fanin({"init", "--shape", "8x8x3x3", "--init", "xavier", "-o", "/nonexistent/w.safetensors"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("scheme 'xavier' can mean several things: Caffe's xavier"));
}

TEST(ListTest, WritesAMarkdownTable) {
  const Outcome outcome = run_fanin({"list", "schemes", "--markdown"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("| Name | What it does | Formula | Paper |"));
  EXPECT_THAT(outcome.out, HasSubstr("\n| `he_normal`<br>also `kaiming_normal` |"));
  std::istringstream lines(outcome.out);
  std::set<std::ptrdiff_t> columns;
  for (std::string line; std::getline(lines, line);) {
    std::ptrdiff_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    columns.insert(bars);
  }
  EXPECT_EQ(columns.size(), 1u) << "rows of different numbers of cells";
  EXPECT_EQ(run_fanin({"list", "--markdown"}).code, 2);
  EXPECT_EQ(run_fanin({"list", "schemes", "--markdown", "--json"}).code, 2);
}

TEST(ShowTest, TellsLayersOfEveryModel) {
  for (const std::string model : {"mlp", "vanilla", "lenet5", "resnet20", "resnet110"}) {
    const Outcome outcome = run_fanin({"show", model, "--input", "3x32x32", "--classes", "7"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("3x32x32"));
  }
}

TEST(ShowTest, TakesTheShapeFromTheData) {
  const TemporaryFolder folder;
  write_idx_dataset(folder.path());
  const Outcome outcome = run_fanin({"show", "mlp", "--data", folder.path().string()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("1x16x16"));
}

TEST(ShowTest, ProgramTellsMoreWhenVerbose) {
  const Outcome plain = run_fanin({"show", "lenet5", "--program", "--batch", "4"});
  const Outcome verbose = run_fanin({"show", "lenet5", "--program", "--batch", "4", "--verbose"});
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr("conv1"));
  EXPECT_GT(verbose.out.size(), plain.out.size());
}

}  // namespace
}  // namespace fanin::test
