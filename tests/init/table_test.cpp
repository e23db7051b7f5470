// The table of schemes: complete, documented, each row with exactly one function; unknown names and bad options.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <string>

#include "fanin/base/error.h"
#include "init/fill.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(SchemeTable, HasExactlyOneFunctionForEachRow) {
  // Those that run the network have theirs in src/adapt/; tests/adapt counts over both.
  const auto runs = [](const SchemeInfo& row) { return row.needs == Needs::batch || row.needs == Needs::gradient; };
  for (const SchemeInfo& row : scheme_table())
    EXPECT_EQ(std::ranges::count(scheme_functions(), row.name, &SchemeEntry::name), runs(row) ? 0 : 1) << row.name;
  EXPECT_EQ(scheme_functions().size() + std::ranges::count_if(scheme_table(), runs), scheme_table().size());
}

TEST(SchemeTable, HasUniqueNamesAndFullDocumentation) {
  std::set<std::string_view> names;
  for (const SchemeInfo& row : scheme_table()) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(names.insert(row.name).second);
    for (const std::string_view text : {row.summary, row.formula, row.paper, row.when, row.when_not})
      EXPECT_FALSE(text.empty());
    EXPECT_TRUE(row.summary.ends_with('.'));
    for (const OptionInfo& option : row.options) EXPECT_FALSE(option.summary.empty()) << option.key;
    EXPECT_NO_THROW(Options(Spec{std::string(row.name), {}}, row.options, "defaults"));
  }
}

TEST(SchemeTable, NamesProofsThatAreThere) {
  std::string sources;
  for (const auto& file : std::filesystem::recursive_directory_iterator(FANIN_TESTS_DIR)) {
    if (file.path().extension() != ".cpp") continue;
    std::ifstream in(file.path());
    sources.append(std::istreambuf_iterator<char>(in), {});
  }
  for (const SchemeInfo& row : scheme_table()) {
    if (row.proof.empty()) continue;  // the first rows: the distribution and structure tests name them
    const std::size_t dot = row.proof.find('.');
    ASSERT_NE(dot, std::string_view::npos) << row.name;
    const std::string call =
        "(" + std::string(row.proof.substr(0, dot)) + ", " + std::string(row.proof.substr(dot + 1)) + ")";
    EXPECT_THAT(sources, HasSubstr(call)) << row.name;
  }
}

TEST(SchemeTable, FindsAliases) {
  EXPECT_EQ(find_scheme("kaiming_normal").name, "he_normal");
  EXPECT_EQ(find_scheme("kaiming_uniform").name, "he_uniform");
  EXPECT_EQ(find_scheme("glorot_normal").name, "xavier_normal");
  EXPECT_EQ(find_scheme("glorot_uniform").name, "xavier_uniform");
  EXPECT_EQ(filled("kaiming_normal", conv_context(8, 8, 3)).values, filled("he_normal", conv_context(8, 8, 3)).values);
}

TEST(SchemeTable, AnswersAnUnknownNameWithTheNearest) {
  EXPECT_THAT([] { find_scheme("he_nromal"); },
              ThrowsMessage<Error>(HasSubstr("unknown scheme 'he_nromal'; did you mean 'he_normal'?")));
  EXPECT_THAT([] { find_scheme("zzz"); }, ThrowsMessage<Error>(HasSubstr("known: zeros, constant, normal")));
}

struct BadArgument {
  std::string scheme, message;
};
std::ostream& operator<<(std::ostream& out, const BadArgument& argument) {
  return out << argument.scheme;
}
class BadArguments : public testing::TestWithParam<BadArgument> {};

TEST_P(BadArguments, GetAClearError) {
  EXPECT_THAT([] { filled(GetParam().scheme, conv_context(4, 4, 3)); },
              ThrowsMessage<Error>(HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Options, BadArguments,
    testing::Values(
        BadArgument{"zeros:value=1", "scheme 'zeros' has no options, but 'value' was given"},
        BadArgument{"normal:std=-1", "option 'std' of scheme 'normal' is -1; expected a number from 0"},
        BadArgument{"normal:std=nan", "option 'std' of scheme 'normal' is 'nan'; expected a finite number"},
        BadArgument{"normal:std=inf", "expected a finite number"}, BadArgument{"normal:mean=", "finite number"},
        BadArgument{"normal:sdt=1", "did you mean 'std'"},
        BadArgument{"constant:value=1e31", "option 'value' of scheme 'constant' is 1e31; expected a number from"},
        BadArgument{"uniform:low=1,high=-1", "scheme 'uniform' needs low < high; given low=1 and high=-1"},
        BadArgument{"uniform:low=0,high=0", "needs low < high"},
        BadArgument{"truncated_normal:std=-0.1", "option 'std' of scheme 'truncated_normal' is -0.1"},
        BadArgument{"truncated_normal:low=2,high=1",
                    "scheme 'truncated_normal' needs low < high; given low=2 and high=1"},
        BadArgument{"truncated_normal:high=11", "scheme 'truncated_normal' needs bounds within 10 standard deviations"},
        BadArgument{"truncated_normal:bounds=absolute,mean=5,std=0.1", "on one side at least; given low=-2"},
        BadArgument{"variance_scaling:scale=0", "option 'scale' of scheme 'variance_scaling' is 0"},
        BadArgument{"variance_scaling:distribution=gauss", "expected one of normal|truncated_normal|uniform|sign"},
        BadArgument{"sparse:sparsity=1.5",
                    "option 'sparsity' of scheme 'sparse' is 1.5; expected a number from 0 to 1"},
        BadArgument{"edge_of_chaos:q=-1", "option 'q' of scheme 'edge_of_chaos' is -1"},
        BadArgument{"fixup", "scheme 'fixup' needs a network with residual branches"},
        BadArgument{"skipinit", "scheme 'skipinit' needs residual branches that end in a trainable scale"},
        BadArgument{"rezero", "scheme 'rezero' needs residual branches that end in a trainable scale"},
        BadArgument{"layerscale",
                    "scheme 'layerscale' needs residual branches that end in one trainable scale a channel"},
        BadArgument{"tat:eta=1", "option 'eta' of scheme 'tat' is 1; expected a number from 0.001 to 0.999"},
        BadArgument{"mimetic:start=0", "option 'start' of scheme 'mimetic' is 0"},
        BadArgument{"fixup:scalar_rate=0", "option 'scalar_rate' of scheme 'fixup' is 0"},
        BadArgument{"signed_constant:gain=0", "option 'gain' of scheme 'signed_constant' is '0'"},
        BadArgument{"zero_gamma", "scheme 'zero_gamma' needs residual branches that end in a normalization"},
        BadArgument{"he_normal:mode=fan_inn",
                    "option 'mode' of scheme 'he_normal' is 'fan_inn'; expected one of fan_in|fan_out|fan_avg"},
        BadArgument{"he_normal:gain=nan",
                    "option 'gain' of scheme 'he_normal' is 'nan'; expected auto or a number above 0"},
        BadArgument{"he_uniform:gain=-1",
                    "option 'gain' of scheme 'he_uniform' is '-1'; expected auto or a number above 0"},
        BadArgument{"xavier_normal:gain=0", "option 'gain' of scheme 'xavier_normal' is '0'"},
        BadArgument{"lecun_normal:gain=relu", "option 'gain' of scheme 'lecun_normal' is 'relu'"},
        BadArgument{"orthogonal:gain=", "option 'gain' of scheme 'orthogonal' is ''"},
        BadArgument{"dirac:gain=1", "scheme 'dirac' has no options"}));

TEST(BadContexts, AreRefusedWithTheReason) {
  WeightContext bias = conv_context(4, 4, 3);
  bias.name = "conv.bias";
  bias.shape = {4};
  bias.role = model::Role::bias;
  for (const char* scheme : {"orthogonal",
                             "dirac",
                             "he_normal",
                             "he_uniform",
                             "xavier_normal",
                             "xavier_uniform",
                             "lecun_normal",
                             "lecun_uniform",
                             "textbook_xavier",
                             "variance_scaling",
                             "delta_orthogonal",
                             "conv_orthogonal",
                             "bilinear",
                             "sparse",
                             "gabor",
                             "conv_aware",
                             "sinusoidal",
                             "tanh_fixed_point",
                             "random_walk",
                             "edge_of_chaos",
                             "looks_linear",
                             "autoinit",
                             "zero_init",
                             "idinit",
                             "pytorch-default",
                             "keras-default",
                             "rezero",
                             "layerscale",
                             "mup",
                             "tat",
                             "random_impulse",
                             "mimetic",
                             "sparse_orthogonal",
                             "signed_constant"})
    EXPECT_THAT(
        [&] { filled(scheme, bias); },
        ThrowsMessage<Error>(std::string("scheme '") + scheme +
                             "' needs a convolution or linear weight of two or more dimensions; 'conv.bias' is a "
                             "bias of shape 4"));
  for (const char* scheme : {"zeros", "constant:value=2", "normal", "uniform", "truncated_normal", "textbook_random"})
    EXPECT_NO_THROW(filled(scheme, bias));

  WeightContext odd = conv_context(6, 8, 3, 4);
  EXPECT_THAT([&] { filled("orthogonal", odd); },
              ThrowsMessage<Error>(HasSubstr("'conv.weight' of shape 6x2x3x3 has 4 groups")));

  WeightContext fanless = conv_context(4, 4, 3);
  fanless.fans = {0, 0};
  EXPECT_THAT(
      [&] { filled("he_normal", fanless); },
      ThrowsMessage<Error>(HasSubstr("scheme 'he_normal' needs positive fans; 'conv.weight' of shape 4x4x3x3")));

  WeightContext empty = conv_context(0, 4, 3);
  EXPECT_THAT([&] { filled("he_normal", empty); },
              ThrowsMessage<Error>("'conv.weight' of shape 0x4x3x3 has no elements to initialize"));

  std::vector<float> small(3);
  EXPECT_THAT([&] { fill(parse_spec("zeros"), conv_context(4, 4, 3), small); },
              ThrowsMessage<Error>("'conv.weight' of shape 4x4x3x3 has 144 elements; the destination has 3"));
}

}  // namespace
}  // namespace fanin::init
