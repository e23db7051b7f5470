// Escaping, hashing and numbers against known values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fanin/report/report.h"
#include "report/escape.h"
#include "report/numbers.h"
#include "report/sha256.h"

namespace fanin::report {
namespace {

std::string hex(std::string_view text) {
  std::string digits;
  for (const std::uint8_t byte : sha256(text)) {
    digits += "0123456789abcdef"[byte >> 4];
    digits += "0123456789abcdef"[byte & 15];
  }
  return digits;
}

TEST(Sha256, GivesTheStandardsExamples) {  // FIPS 180-4 examples
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Base64, GivesTheStandardsExamples) {  // RFC 4648, section 10
  const char* examples[][2] = {{"", ""},
                               {"f", "Zg=="},
                               {"fo", "Zm8="},
                               {"foo", "Zm9v"},
                               {"foob", "Zm9vYg=="},
                               {"fooba", "Zm9vYmE="},
                               {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : examples) EXPECT_EQ(base64(plain), encoded);
}

TEST(EscapeHtml, EscapesMarkupAndKeepsText) {
  EXPECT_EQ(escape_html("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  EXPECT_EQ(escape_html("Gl\xc3\xbc"
                        "ck \xe2\x82\xac \xf0\x9f\x98\x80\n"),
            "Gl\xc3\xbc"
            "ck \xe2\x82\xac \xf0\x9f\x98\x80\n");
}

TEST(EscapeHtml, ReplacesWhatIsNotText) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(escape_html(std::string("a\0b\x1b\x7f", 5)), "a" + r + "b" + r + r);
  EXPECT_EQ(escape_html("\xff<"), r + "&lt;");
  EXPECT_EQ(escape_html("\xc0\xaf"), r + r);                  // overlong '/'
  EXPECT_EQ(escape_html("\xed\xa0\x80"), r + r + r);          // a surrogate
  EXPECT_EQ(escape_html("\xf4\x90\x80\x80"), r + r + r + r);  // beyond U+10FFFF
  EXPECT_EQ(escape_html("\xe2\x82"), r + r);                  // cut short
}

TEST(BreakableHtml, BreaksAfterTheMarksOfASpec) {
  EXPECT_EQ(breakable_html("a:b=1,c_d<"), "a:<wbr>b=1,<wbr>c_<wbr>d&lt;");
  EXPECT_EQ(breakable_html("a:"), "a:");
  EXPECT_EQ(breakable_html(""), "");
}

TEST(ScriptJson, HoldsNothingThatHtmlReads) {
  const nlohmann::json value = {{"</script><!--", "&\xe2\x80\xa8\xff"}, {"n", std::nan("")}};
  const std::string text = script_json(value);
  EXPECT_EQ(text, R"({"\u003c/script\u003e\u003c!--":"\u0026\u2028\ufffd","n":null})");
  EXPECT_EQ(nlohmann::json::parse(text)["</script><!--"], "&\xe2\x80\xa8\xef\xbf\xbd");
}

TEST(Numbers, AreWrittenForPeople) {
  EXPECT_EQ(percent(0.8912), "89.1 %");
  EXPECT_EQ(percent(0.8912, 2), "89.12 %");
  EXPECT_EQ(percent(std::nan("")), "\xe2\x80\x93");
  EXPECT_EQ(short_number(0.0031623), "0.00316");
  EXPECT_EQ(short_number(1.2345e-9), "1.23e-09");
  EXPECT_EQ(short_number(std::numeric_limits<double>::infinity()), "infinite");
  EXPECT_EQ(counted(1, "seed"), "1 seed");
  EXPECT_EQ(counted(1000, "seed"), "1,000 seeds");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-123456), "-123,456");
  EXPECT_EQ(chart_value(0.123456789), 0.123457);
  EXPECT_TRUE(std::isnan(chart_value(std::nan(""))));
}

TEST(ThisMachine, KnowsItsThreadsAndSystem) {
  const MachineInfo machine = this_machine();
  EXPECT_GE(machine.threads, 1);
  EXPECT_THAT(machine.system, testing::HasSubstr("Linux"));
}

}  // namespace
}  // namespace fanin::report
