// Completion scripts and the manual page: read by the shells and by groff themselves, where those are installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

#include "cli/command.h"
#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Both outputs of a shell command.
std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::array<char, 4096> part;
  while (const std::size_t read = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), read);
  pclose(pipe);
  return text;
}

bool installed(const std::string& program) {
  return !output_of("command -v " + program).empty();
}

/// What bash offers for the last of `words`.
std::string bash_offers(const std::string& words) {
  return output_of(std::string("bash -c 'source <(\"$0\" completion bash); COMP_WORDS=(") + words +
                   "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _fanin; echo \"${COMPREPLY[@]}\"' " + FANIN_PROGRAM);
}

TEST(CompletionTest, BashOffersCommandsOptionsAndNames) {
  if (!installed("bash")) GTEST_SKIP() << "bash is not installed";
  EXPECT_EQ(bash_offers("fanin compl"), "completion\n");
  EXPECT_EQ(bash_offers("fanin compare --mod"), "--model\n");
  EXPECT_EQ(bash_offers("fanin compare --model vanil"), "vanilla\n");
  EXPECT_EQ(bash_offers("fanin compare --init orthogonal,dir"), "orthogonal,dirac\n");
  EXPECT_EQ(bash_offers("fanin train --init = dir"), "dirac\n");
  EXPECT_EQ(bash_offers("fanin train --optimizer adamw"), "adamw\n");
  EXPECT_EQ(bash_offers("fanin list opt"), "optimizers\n");
  EXPECT_EQ(bash_offers("fanin explain resnet110"), "resnet110\n");
  EXPECT_EQ(bash_offers("fanin completion f"), "fish\n");
  EXPECT_EQ(bash_offers("fanin init --stream nu"), "numpy numpy_generator numpy_generator_float32\n");
  EXPECT_EQ(bash_offers("fanin init --preset timm-e"), "timm-efficientnet\n");
  EXPECT_EQ(bash_offers("fanin init --dtype f"), "float32 float64\n");
  EXPECT_EQ(bash_offers("fanin init --activation gel"), "gelu\n");
  EXPECT_EQ(bash_offers("fanin init --name a"), "\n");
  EXPECT_EQ(bash_offers("fanin train --steps 1"), "\n");
}

TEST(CompletionTest, FishOffersCommandsOptionsAndNames) {
  if (!installed("fish")) GTEST_SKIP() << "fish is not installed";
  const auto offers = [](const std::string& line) {
    return output_of(std::string("fish --no-config -c '") + FANIN_PROGRAM +
                     " completion fish | source; complete -C \"" + line + "\"'");
  };
  EXPECT_THAT(offers("fanin compl"), StartsWith("completion\t"));
  EXPECT_THAT(offers("fanin compare --mod"), StartsWith("--model\t"));
  EXPECT_THAT(offers("fanin compare --init orthogonal,dir"), StartsWith("orthogonal,dirac\t"));
  EXPECT_THAT(offers("fanin list opt"), StartsWith("optimizers"));
}

TEST(CompletionTest, ZshReadsTheScript) {
  if (!installed("zsh")) GTEST_SKIP() << "zsh is not installed";
  EXPECT_EQ(output_of(std::string(FANIN_PROGRAM) + " completion zsh | zsh -fn /dev/stdin"), "");
  EXPECT_EQ(output_of(std::string("zsh -fc 'autoload -Uz compinit; compinit -D -u; source <(") + FANIN_PROGRAM +
                      " completion zsh); echo $_comps[fanin]'"),
            "_fanin\n");
}

TEST(CompletionTest, RefusesAnUnknownShell) {
  const Outcome outcome = run_fanin({"completion", "tcsh"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("unknown shell 'tcsh'"));
}

TEST(ManualTest, HasEveryCommandAndOption) {
  const Outcome page = run_fanin({"help", "--man"});
  EXPECT_EQ(page.code, 0);
  const auto printed = [](std::string_view name) {  // with hyphens that can be copied
    std::string text;
    for (const char c : name) text += c == '-' ? std::string("\\-") : std::string(1, c);
    return text;
  };
  for (const cli::Command& command : cli::command_table()) {
    EXPECT_THAT(page.out, HasSubstr("\\fBfanin " + printed(command.name) + "\\fR"));
    for (const cli::OptionRow& row : command.options) {
      EXPECT_THAT(page.out, HasSubstr(printed(cli::main_name(row))));
    }
  }
  EXPECT_EQ(run_fanin({"help", "--man", "compare"}).code, 2);
}

TEST(ManualTest, RendersWithoutAWarning) {
  if (!installed("groff")) GTEST_SKIP() << "groff is not installed";
  EXPECT_THAT(output_of(std::string(FANIN_PROGRAM) + " help --man | groff -man -Tutf8 -ww -W break -z"), IsEmpty())
      << "but for lines that cannot be adjusted, as long options are: newer versions warn of these";
}

}  // namespace
}  // namespace fanin::test
