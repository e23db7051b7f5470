// The spelling of specs and the checks of options, error texts included.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>

#include "fanin/base/error.h"
#include "fanin/base/spec.h"

namespace fanin {
namespace {

using testing::HasSubstr;

constexpr double no_limit = std::numeric_limits<double>::max();
constexpr std::array<OptionInfo, 4> rows = {{
    {"std", OptionKind::number, "0.01", 0.0, no_limit, "", "standard deviation"},
    {"depth", OptionKind::integer, "20", 1, 1000, "", "layers"},
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out", "fan"},
    {"nesterov", OptionKind::flag, "false", 0, 0, "", "look ahead"},
}};

std::string error_of(auto action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(SpecTest, ParsesNameAndOptions) {
  const Spec spec = parse_spec("vanilla:depth=20,width=16");
  EXPECT_EQ(spec.name, "vanilla");
  ASSERT_EQ(spec.options.size(), 2u);
  EXPECT_EQ(spec.options[1].first, "width");
  EXPECT_EQ(spec.text(), "vanilla:depth=20,width=16");
}

TEST(SpecTest, CommaWithKeyContinuesTheSpecBeforeIt) {
  const auto specs = parse_spec_list("normal:std=0.01,mean=0,zeros,he_normal:mode=fan_out");
  ASSERT_EQ(specs.size(), 3u);
  EXPECT_EQ(specs[0].text(), "normal:std=0.01,mean=0");
  EXPECT_EQ(specs[1].text(), "zeros");
  EXPECT_EQ(specs[2].text(), "he_normal:mode=fan_out");
}

TEST(SpecTest, TextParsesToItself) {
  for (const char* text : {"zeros", "a:b=c", "a:b=c,d=", "x:y=1:2"}) EXPECT_EQ(parse_spec(text).text(), text);
}

TEST(SpecTest, RejectsMalformedText) {
  EXPECT_THAT(error_of([] { parse_spec(""); }), HasSubstr("empty entry"));
  EXPECT_THAT(error_of([] { parse_spec("he,,zeros"); }), HasSubstr("empty entry"));
  EXPECT_THAT(error_of([] { parse_spec(":std=1"); }), HasSubstr("has no name"));
  EXPECT_THAT(error_of([] { parse_spec("std=1"); }), HasSubstr("starts with an option"));
  EXPECT_THAT(error_of([] { parse_spec("normal:std"); }), HasSubstr("expected key=value"));
  EXPECT_THAT(error_of([] { parse_spec("normal:=1"); }), HasSubstr("expected key=value"));
  EXPECT_THAT(error_of([] { parse_spec("normal:std=1,std=2"); }), HasSubstr("given twice"));
  EXPECT_THAT(error_of([] { parse_spec("he,zeros"); }), HasSubstr("names 2 entries; expected one"));
}

TEST(OptionsTest, FillsDefaultsAndReadsValues) {
  const Options options(parse_spec("x:depth=7,nesterov=true"), rows, "model 'x'");
  EXPECT_DOUBLE_EQ(options.number("std"), 0.01);
  EXPECT_EQ(options.integer("depth"), 7);
  EXPECT_TRUE(options.flag("nesterov"));
  EXPECT_EQ(options.text("mode"), "fan_in");
  EXPECT_TRUE(options.given("depth"));
  EXPECT_FALSE(options.given("std"));
}

TEST(OptionsTest, SaysWhatWhereAndWhatWasExpected) {
  const auto error = [](const char* text) { return error_of([&] { Options(parse_spec(text), rows, "model 'x'"); }); };
  EXPECT_THAT(error("x:dept=7"), HasSubstr("did you mean 'depth'?"));
  EXPECT_EQ(error("x:std=-1"), "option 'std' of model 'x' is -1; expected a number of at least 0");
  EXPECT_EQ(error("x:std=nan"), "option 'std' of model 'x' is 'nan'; expected a finite number");
  EXPECT_EQ(error("x:std=1e999"), "option 'std' of model 'x' is '1e999'; expected a finite number");
  EXPECT_EQ(error("x:std="), "option 'std' of model 'x' is ''; expected a finite number");
  EXPECT_EQ(error("x:depth=0"), "option 'depth' of model 'x' is 0; expected an integer from 1 to 1000");
  EXPECT_EQ(error("x:depth=2.5"), "option 'depth' of model 'x' is '2.5'; expected an integer");
  EXPECT_EQ(error("x:mode=fan"), "option 'mode' of model 'x' is 'fan'; expected one of fan_in|fan_out");
  EXPECT_EQ(error("x:nesterov=maybe"), "option 'nesterov' of model 'x' is 'maybe'; expected true or false");
  EXPECT_EQ(error_of([] { Options(parse_spec("zeros:std=1"), {}, "scheme 'zeros'"); }),
            "scheme 'zeros' has no options, but 'std' was given");
}

TEST(ParseTest, SeedsHoldExactly64Bits) {
  EXPECT_EQ(parse_unsigned("18446744073709551615", "--seed"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_THAT(error_of([] { parse_unsigned("18446744073709551616", "--seed"); }),
              HasSubstr("--seed is '18446744073709551616'"));
  EXPECT_THAT(error_of([] { parse_unsigned("-1", "--seed"); }), HasSubstr("expected an integer from 0"));
  EXPECT_THAT(error_of([] { parse_unsigned("1x", "--seed"); }), HasSubstr("expected"));
}

// Whatever the text, the answer is an Error of one line or specs that parse to themselves.
TEST(SpecTest, EditedTextNeverBreaksTheParser) {
  const std::string alphabet = "aZ_9:=,,::==.-+eE \t\n\"'\\%\xc3\xa9\x80\x01";
  std::mt19937 random(5);
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = i % 2 == 0 ? "normal:std=0.01,mean=0,zeros" : "vanilla:depth=20";
    for (auto edits = 1 + random() % 6; edits > 0; --edits) {
      const std::size_t at = random() % (text.size() + 1);
      const char letter = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          text.insert(at, 1, letter);
          break;
        case 1:
          if (at < text.size()) text[at] = letter;
          break;
        default:
          text = text.substr(0, at) + text.substr(std::min(text.size(), at + 1 + random() % 4));
      }
    }
    try {
      const std::vector<Spec> specs = parse_spec_list(text);
      for (const Spec& spec : specs) EXPECT_EQ(parse_spec(spec.text()), spec) << text;
    } catch (const Error& error) {
      ++refused;
      EXPECT_STRNE(error.what(), "");
    }
  }
  EXPECT_GT(refused, 2000);
}

}  // namespace
}  // namespace fanin
