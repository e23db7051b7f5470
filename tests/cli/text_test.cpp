// Wrapping, tables, clipping, and the words of a command line.
#include "cli/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.h"

namespace fanin::cli {
namespace {

using ::testing::ElementsAre;

TEST(TextTest, WrapKeepsWordsAndLineBreaks) {
  EXPECT_EQ(wrap("one two three four five", 2, 20), "  one two three four\n  five\n");
  EXPECT_EQ(wrap("a\nb", 0, 80), "a\nb\n");
  EXPECT_EQ(wrap("", 4, 80), "\n");
  EXPECT_EQ(wrap("unbreakable_word_that_is_far_too_long", 0, 20), "unbreakable_word_that_is_far_too_long\n");
}

TEST(TextTest, TableAlignsColumnsAndWrapsTheLast) {
  EXPECT_EQ(table({{"NAME", "SUMMARY"}, {"relu", "max(x, 0)"}}, 0), "NAME  SUMMARY\nrelu  max(x, 0)\n");
  EXPECT_EQ(table({{"N", "S"}, {"a", "one two three four five six"}}, 24),
            "N  S\na  one two three four\n   five six\n");
  EXPECT_EQ(table({{"N", "S"}, {"a", ""}}, 24), "N  S\na  \n");
}

TEST(TextTest, LongLabelStandsOnItsOwnLine) {
  const std::string label(40, 'x');
  EXPECT_EQ(definition_list({{"a", "one"}, {label, "two"}}, 80), "  a  one\n  " + label + "\n     two\n");
  EXPECT_EQ(definition_list({{"a", ""}}, 80), "  a  \n");
}

TEST(TextTest, ClipCountsCharactersNotBytes) {
  EXPECT_EQ(clip("abcdef", 3), "abc");
  EXPECT_EQ(clip("abc", 80), "abc");
  EXPECT_EQ(clip("\xc3\xa4\xc3\xb6\xc3\xbc", 2), "\xc3\xa4\xc3\xb6");
  EXPECT_EQ(clip("abc", 0), "");
}

TEST(CommandLineTest, ShellWordQuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(shell_word("normal:std=0.01,zeros"), "normal:std=0.01,zeros");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("$(rm)"), "'$(rm)'");
}

int nothing(const Arguments&) {
  return 0;
}

Command sample() {
  return {"paint",
          "WALL",
          1,
          2,
          "",
          "",
          {},
          {{"--color", "WHEN", "auto", ""},
           {"-h,--help", "", "", ""},
           {"-c,--coat,--layer", "N", "1", ""},
           {"--dry", "", "", ""}},
          nothing};
}

TEST(CommandLineTest, SortsWordsByTheRows) {
  const Command command = sample();
  const Arguments arguments = parse_arguments(command, {"north", "--layer", "-3", "--dry", "south"});
  EXPECT_THAT(arguments.positionals(), ElementsAre("north", "south"));
  EXPECT_EQ(arguments.text("--coat"), "-3");
  EXPECT_TRUE(arguments.given("--dry"));
  EXPECT_FALSE(arguments.given("--color"));
  EXPECT_EQ(arguments.text("--color"), "auto");
  EXPECT_EQ(arguments.command_line(), "fanin paint north south --coat -3 --dry");
  EXPECT_EQ(arguments.command_line({"--dry"}), "fanin paint north south --coat -3");
  EXPECT_EQ(parse_arguments(command, {"north", "--coat=2"}).text("--coat"), "2");
  EXPECT_EQ(parse_arguments(command, {"north", "-c", "2"}).text("--coat"), "2");
}

TEST(CommandLineTest, HelpNeedsNoArguments) {
  const Command command = sample();
  EXPECT_TRUE(parse_arguments(command, {"--help"}).given("--help"));
  EXPECT_TRUE(parse_arguments(command, {"-h"}).given("--help"));
}

std::string message(const std::vector<std::string>& words) {
  const Command command = sample();
  try {
    parse_arguments(command, words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CommandLineTest, SaysWhatIsWrong) {
  EXPECT_EQ(message({}), "'paint' needs WALL");
  EXPECT_EQ(message({"a", "b", "c"}), "'paint' does not take 'c'; it takes WALL");
  EXPECT_EQ(message({"a", "--coot", "3"}), "'paint' has no option '--coot'; did you mean '--coat'?");
  EXPECT_EQ(message({"a", "--coot=3"}), "'paint' has no option '--coot'; did you mean '--coat'?");
  EXPECT_EQ(message({"a", "--zzzzzzzz"}), "'paint' has no option '--zzzzzzzz'");
  EXPECT_EQ(message({"a", "--coat"}), "the option '--coat' needs a value");
  EXPECT_EQ(message({"a", "--coat", "1", "--layer", "2"}), "the option '--coat' is given 2 times; it takes one value");
  EXPECT_EQ(message({"a", "--dry=no"}), "the option '--dry' takes no value");
  EXPECT_EQ(message({"a", "--color", "blue"}), "--color: 'blue' is none of always, never, auto");
}

TEST(CommandTableTest, RowsAreWellFormed) {
  for (const Command& command : command_table()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.examples.empty()) << command.name;
    for (const std::string_view example : command.examples) {
      EXPECT_THAT(std::string(example), testing::HasSubstr("fanin " + std::string(command.name)));
    }
    for (const OptionRow& row : command.options) {
      EXPECT_FALSE(row.summary.empty()) << command.name << " " << row.names;
      EXPECT_TRUE(main_name(row).starts_with("--")) << row.names;
    }
  }
}

}  // namespace
}  // namespace fanin::cli
