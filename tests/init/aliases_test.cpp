// Names of other frameworks: complete, without clashes, the frameworks' own laws; ambiguous ones refused.
#include "fanin/init/aliases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "fanin/base/error.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Aliases, StandForRowsOfTheTable) {
  std::set<std::string_view> names;
  for (const AliasInfo& alias : alias_table()) {
    SCOPED_TRACE(alias.name);
    EXPECT_TRUE(names.insert(alias.name).second) << "twice";
    EXPECT_FALSE(alias.source.empty());
    for (const SchemeInfo& row : scheme_table()) EXPECT_NE(row.name, alias.name) << "hides a scheme";
    if (alias.meaning.empty()) {
      EXPECT_THAT([&] { find_scheme(alias.name); }, ThrowsMessage<Error>(HasSubstr("can mean several things")));
      continue;
    }
    const Spec meaning = parse_spec(alias.meaning);
    const SchemeInfo& row = find_scheme(alias.name);
    EXPECT_EQ(row.name, meaning.name);
    EXPECT_NO_THROW(Options(meaning, row.options, "alias"));
  }
}

TEST(Aliases, HaveTheFrameworksLaw) {
  const WeightContext conv = conv_context(64, 32, 3);  // fans 288 and 576
  WeightContext last = linear_context(10, 50);
  last.activation = {model::ActivationKind::identity};
  const auto target = [](const char* name, const WeightContext& context) {
    return filled(name, context).report.target_std;
  };
  EXPECT_NEAR(target("caffe_xavier", conv), std::sqrt(1 / 288.0), 1e-12);
  EXPECT_NEAR(target("mxnet_xavier", conv), std::sqrt(2 / 864.0), 1e-12);
  EXPECT_NEAR(target("msra", conv), std::sqrt(2 / 288.0), 1e-12);
  EXPECT_NEAR(target("msra", last), std::sqrt(2 / 50.0), 1e-12);  // Caffe's gain does not look at what follows
  EXPECT_NEAR(target("kaiming_normal", last), std::sqrt(1 / 50.0), 1e-12);
  EXPECT_NEAR(target("MSRAPrelu", conv), std::sqrt(2 / (1 + 0.0625) / 432), 1e-12);
  EXPECT_NEAR(target("HeNormal", last), std::sqrt(2 / 50.0), 1e-9);
  EXPECT_LT(filled("HeNormal", conv).report.maximum, 2.28 * std::sqrt(2 / 288.0));  // truncated
  EXPECT_NEAR(target("random_normal", conv), 0.05, 1e-12);
}

TEST(Aliases, TakeOptionsThatOverrideTheirOwn) {
  EXPECT_EQ(resolve_alias(parse_spec("msra:mode=fan_out")).text(),
            "variance_scaling:scale=2,mode=fan_out,distribution=normal");
  EXPECT_EQ(resolve_alias(parse_spec("trunc_normal_:std=0.02")).text(),
            "truncated_normal:std=0.02,low=-2,high=2,bounds=absolute");
  EXPECT_EQ(resolve_alias(parse_spec("normal:std=3")).text(), "normal:std=3");
  EXPECT_THAT([] { filled("msra:gain=2", conv_context(4, 4, 3)); }, ThrowsMessage<Error>(HasSubstr("gain")));
}

TEST(Aliases, AreRefusedWhereFrameworksDisagree) {
  EXPECT_THAT([] { filled("xavier", conv_context(4, 4, 3)); },
              ThrowsMessage<Error>(HasSubstr("Caffe's xavier has variance 1 / fan_in (lecun_uniform)")));
  EXPECT_THAT([] { filled("kaiming", conv_context(4, 4, 3)); },
              ThrowsMessage<Error>(HasSubstr("he_normal or he_uniform")));
}

}  // namespace
}  // namespace fanin::init
