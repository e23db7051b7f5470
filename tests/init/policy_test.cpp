// Policies: what a line matches, which one decides, what each mistake is answered with, and that no bytes break the
// reader.
#include "init/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/effects.h"
#include "fanin/init/files.h"
#include "fanin/model/builders.h"
#include "init/files.h"
#include "init/helpers.h"
#include "init/rows/rows.h"

namespace fanin::init {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

model::Graph build(const char* model, const Shape& input = {1, 16, 16}) {
  return model::build_model(parse_spec(model), input, 10);
}

std::vector<NamedTensor> start(const model::Graph& graph, const std::string& scheme, std::uint64_t seed = 1,
                               std::vector<FillReport>* reports = nullptr) {
  return initialize(graph, parse_spec(scheme), seed, reports);
}

const std::vector<float>& values(const std::vector<NamedTensor>& state, std::string_view name) {
  return std::ranges::find(state, name, &NamedTensor::name)->tensor.values;
}

void expect_equal(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].tensor.values, b[i].tensor.values) << a[i].name;
  }
}

TEST(Policy, OfOneOpenLineIsTheBareScheme) {
  const Folder folder;
  int applied = 0;
  for (const char* model : {"lenet5", "resnet20", "resnet20:norm=none,branch_scale=scalar"}) {
    const model::Graph graph = build(model);
    for (const SchemeInfo& row : scheme_table()) {
      if (rows::reads_file(row.name) || row.needs == Needs::batch || row.needs == Needs::gradient) continue;
      SCOPED_TRACE(row.name);
      const std::string file = folder.text("bare.policy", "* " + std::string(row.name) + "\n");
      if (changes_network({std::string(row.name), {}})) {
        EXPECT_THAT([&] { start(graph, "policy:file=" + file); },
                    ThrowsMessage<Error>(testing::HasSubstr("changes the network, which a line of a policy cannot")));
        continue;
      }
      std::string refusal;
      std::vector<NamedTensor> bare;
      try {
        bare = start(graph, std::string(row.name));
      } catch (const Error& error) {
        refusal = error.what();
      }
      if (refusal.empty()) {
        for (const UpdateRule rule : {UpdateRule::proportional, UpdateRule::adaptive})
          EXPECT_EQ(learning_rate_factors(graph, parse_spec("policy:file=" + file), rule),
                    learning_rate_factors(graph, {std::string(row.name), {}}, rule));
        expect_equal(start(graph, "policy:file=" + file), bare);
        ++applied;
      } else {
        EXPECT_THAT([&] { start(graph, "policy:file=" + file); }, ThrowsMessage<Error>(file + ":1: " + refusal));
      }
    }
  }
  EXPECT_GE(applied, 90);
}

TEST(Policy, GivesEachParameterItsFirstLine) {
  const Folder folder;
  const std::string file = folder.text("my.policy",
                                       "# a comment, then an empty line\n"
                                       "\n"
                                       "conv1.weight  zeros            # of this one weight\n"
                                       "role:bias  fc?.*  constant:value=0.5\r\n"
                                       "\tfc3.bias\tconstant:value=9\n"
                                       "fc*  xavier_normal\n"
                                       "*  he_normal:mode=fan_out");
  const model::Graph graph = build("lenet5");
  std::vector<FillReport> reports;
  const auto state = start(graph, "policy:file=" + file, 1, &reports);
  EXPECT_THAT(values(state, "conv1.weight"), Each(0.0f));
  EXPECT_THAT(values(state, "fc1.bias"), Each(0.5f));
  EXPECT_THAT(values(state, "fc3.bias"), Each(0.5f)) << "the first line that matches, not the last";
  EXPECT_THAT(values(state, "conv1.bias"), Each(0.0f)) << "no line speaks of it: its usual start";
  EXPECT_EQ(values(state, "fc2.weight"), values(start(graph, "xavier_normal"), "fc2.weight"));
  EXPECT_EQ(values(state, "conv2.weight"), values(start(graph, "he_normal:mode=fan_out"), "conv2.weight"));
  std::vector<std::string> lines;
  for (const FillReport& report : reports) lines.push_back(report.parameter + " " + report.rule + " " + report.scheme);
  EXPECT_THAT(lines,
              ElementsAre("conv1.weight " + file + ":3 zeros", "conv2.weight " + file + ":7 he_normal:mode=fan_out",
                          "fc1.weight " + file + ":6 xavier_normal", "fc1.bias " + file + ":4 constant:value=0.5",
                          "fc2.weight " + file + ":6 xavier_normal", "fc2.bias " + file + ":4 constant:value=0.5",
                          "fc3.weight " + file + ":6 xavier_normal", "fc3.bias " + file + ":4 constant:value=0.5"));
  EXPECT_THAT(scheme_warnings(graph, parse_spec("policy:file=" + file)),
              ElementsAre(file + ":5: lines before it decide all that it matches"));
}

TEST(Policy, KnowsRolesAndNames) {
  const Folder folder;
  const std::string file = folder.text("roles.policy",
                                       "\xef\xbb\xbfrole:norm_scale layer*.bn2.* zeros\n"
                                       "layer?.0.bn1.weight constant:value=2\n"
                                       "role:running_var constant:value=4\n"
                                       "role:norm_scale ones\n"
                                       "*.bias constant:value=-1\n"
                                       "* orthogonal\n");
  const model::Graph graph = build("resnet20");
  const auto state = start(graph, "policy:file=" + file);
  EXPECT_THAT(values(state, "layer2.1.bn2.weight"), Each(0.0f));
  EXPECT_THAT(values(state, "layer2.0.bn1.weight"), Each(2.0f));
  EXPECT_THAT(values(state, "layer2.1.bn1.weight"), Each(1.0f));
  EXPECT_THAT(values(state, "bn1.running_var"), Each(4.0f));
  EXPECT_THAT(values(state, "bn1.running_mean"), Each(0.0f));
  EXPECT_THAT(values(state, "bn1.bias"), Each(-1.0f)) << "a pattern that names the parameter fills any role";
  EXPECT_THAT(values(state, "fc.bias"), Each(-1.0f));
  EXPECT_THAT(scheme_warnings(graph, parse_spec("policy:file=" + file)), IsEmpty());
}

TEST(Policy, WarnsOfLinesWithoutParameters) {
  const Folder folder;
  const std::string file =
      folder.text("a.policy", "layer9.* zeros\nrole:slope zeros\n* he_normal\nconv1.weight zeros\n");
  EXPECT_THAT(scheme_warnings(build("lenet5"), parse_spec("policy:file=" + file)),
              ElementsAre(file + ":1: matches no parameter of lenet5", file + ":2: matches no parameter of lenet5",
                          file + ":4: lines before it decide all that it matches"));
  EXPECT_THAT(scheme_warnings(build("lenet5"), parse_spec("he_normal")), IsEmpty());
}

TEST(Policy, FillsASingleTensorToo) {
  const Folder folder;
  const std::string file = folder.text("a.policy", "conv.* zeros\n* he_normal\n");
  const Filled conv = filled("policy:file=" + file, conv_context(4, 4, 3));
  EXPECT_THAT(conv.values, Each(0.0f));
  EXPECT_EQ(conv.report.rule, file + ":1");
  EXPECT_EQ(filled("policy:file=" + file, linear_context(4, 4)).values,
            filled("he_normal", linear_context(4, 4)).values);
}

TEST(Policy, AnswersMistakesWithFileAndLine) {
  const Folder folder;
  const std::string file = folder / "bad.policy";
  const auto answer = [&](const std::string& text) -> std::string {
    folder.text("bad.policy", text);
    try {
      start(build("lenet5"), "policy:file=" + file);
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_TRUE(message.starts_with(file + ":")) << message;
      return message.substr(file.size());
    }
    return "";
  };
  const std::string expected = "expected '[role:ROLE] [PATTERN] SCHEME', as in 'layer1.* he_normal'";
  EXPECT_THAT(answer("* he_normal\nconv1.* he_nromal\n"),
              HasSubstr(":2: unknown scheme 'he_nromal'; did you mean 'he_normal'?"));
  EXPECT_THAT(answer("role:biass zeros\n* he_normal\n"), HasSubstr(":1: unknown role 'biass'; did you mean 'bias'?"));
  EXPECT_THAT(answer("\n\n* he_normal:mdoe=fan_in\n"), HasSubstr(":3: unknown option of scheme 'he_normal': 'mdoe'"));
  EXPECT_THAT(answer("* normal:std=-1\n"), HasSubstr(":1: option 'std' of scheme 'normal' is -1"));
  EXPECT_THAT(answer("he_normal\n"), HasSubstr(":1: 'he_normal' alone; " + expected));
  EXPECT_THAT(answer("a b c\n"), HasSubstr(":1: 'b' after the pattern 'a'; " + expected));
  EXPECT_THAT(answer("role:bias role:bias zeros\n"), HasSubstr(":1: a second role, 'role:bias'; " + expected));
  EXPECT_THAT(answer("conv1.* role:bias\n"), HasSubstr(":1: 'role:bias' where a scheme was expected; " + expected));
  EXPECT_THAT(answer("* he_normal,zeros\n"), HasSubstr(":1: 'he_normal,zeros' names 2 entries; expected one"));
  EXPECT_THAT(answer("* policy:file=bad.policy\n"), HasSubstr(":1: a policy cannot name a policy"));
  EXPECT_THAT(answer("# nothing\n"), HasSubstr(": no line names a scheme; " + expected));
  EXPECT_THAT(answer(""), HasSubstr(": no line names a scheme"));
  EXPECT_THAT(answer("* he_normal\n*.bias orthogonal\n"),
              HasSubstr(":2: scheme 'orthogonal' needs a convolution or linear weight of two or more dimensions; "
                        "'conv1.bias' is a bias of shape 6"));
  EXPECT_THAT(answer("conv1.* he_normal\n"),
              HasSubstr(": no line matches the weight 'conv2.weight'; expected a last line for all others"));
  EXPECT_THAT(answer("* he_\rnormal\n"), HasSubstr(":1: byte 0x0d at column 6; expected text"));
  EXPECT_THAT(answer(std::string("* zeros\n* he\0normal\n", 20)), HasSubstr(":2: byte 0x00 at column 5"));
  EXPECT_THAT(answer("* zeros\n#" + std::string(5000, 'x')),
              HasSubstr(":2: the line has 5001 bytes; expected at most"));
  EXPECT_THAT(answer("* weight_selection\n"), HasSubstr(":1: scheme 'weight_selection' needs a file"));
  EXPECT_THAT(answer("* weight_selection:file=absent.safetensors\n"), HasSubstr(":1: "));
  EXPECT_THAT([&] { start(build("lenet5"), "policy"); },
              ThrowsMessage<Error>("scheme 'policy' needs a file; expected policy:file=PATH"));
  EXPECT_THAT([&] { start(build("lenet5"), "policy:file=" + (folder / "none")); },
              ThrowsMessage<Error>(HasSubstr(folder / "none")));
  folder.text("big.policy", std::string((1 << 20) + 1, '\n'));
  EXPECT_THAT([&] { start(build("lenet5"), "policy:file=" + (folder / "big.policy")); },
              ThrowsMessage<Error>(HasSubstr("big.policy")));
}

TEST(Policy, RefusesSchemesThatNeedABatch) {
  const Folder folder;
  for (const SchemeInfo& row : scheme_table()) {
    if (row.needs == Needs::shape || row.needs == Needs::graph) continue;
    EXPECT_THAT([&] { parse_policy("* zeros\n* " + std::string(row.name) + "\n", "a.policy"); },
                ThrowsMessage<Error>(HasSubstr("a.policy:2: scheme '" + std::string(row.name) + "' needs ")));
  }
}

TEST(Policy, HasAChecksumOfItsLinesAndTheirFiles) {
  const Folder folder;
  const std::string weights = folder.weights("a.safetensors", {{"fc.weight", {{2, 2}, {1, 2, 3, 4}}}});
  const auto checksum = [&](const std::string& text) {
    return contents_checksum(parse_spec("policy:file=" + folder.text("a.policy", text)));
  };
  EXPECT_EQ(contents_checksum(parse_spec("he_normal")), "");
  const std::string plain = checksum("conv1.* zeros\n* he_normal\n");
  EXPECT_EQ(plain.size(), 16u);
  EXPECT_EQ(checksum("# said\n\nconv1.*   zeros  # again\r\n* he_normal"), plain);
  EXPECT_NE(checksum("conv1.* zeros\n* he_uniform\n"), plain);
  EXPECT_NE(checksum("* he_normal\nconv1.* zeros\n"), plain);
  const std::string copied = checksum("* weight_selection:file=a.safetensors\n");
  folder.weights("a.safetensors", {{"fc.weight", {{2, 2}, {1, 2, 3, 5}}}});
  EXPECT_NE(checksum("* weight_selection:file=a.safetensors\n"), copied) << "of a file in the policy's own folder";
}

TEST(PolicyPattern, IsAnsweredAsByTheDefinition) {
  const std::function<bool(std::string_view, std::string_view)> naive = [&](std::string_view pattern,
                                                                            std::string_view name) {
    if (pattern.empty()) return name.empty();
    if (pattern[0] == '*') return naive(pattern.substr(1), name) || (!name.empty() && naive(pattern, name.substr(1)));
    return !name.empty() && (pattern[0] == '?' || pattern[0] == name[0]) && naive(pattern.substr(1), name.substr(1));
  };
  std::mt19937 random(7);
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string pattern, name;
    for (std::size_t length = random() % 7; pattern.size() < length;) pattern += "ab*?"[random() % 4];
    for (std::size_t length = random() % 9; name.size() < length;) name += "ab"[random() % 2];
    ASSERT_EQ(matches_pattern(pattern, name), naive(pattern, name)) << pattern << ' ' << name;
    matched += matches_pattern(pattern, name);
  }
  EXPECT_GT(matched, 1000);
  // Many stars cost no more than name times pattern.
  EXPECT_FALSE(matches_pattern(std::string(2000, '*') + "b", std::string(2000, 'a')));
}

TEST(PolicyMutations, AreParsedOrRefusedWithAPlace) {
  const std::string whole =
      "# policy\r\nconv1.weight gabor\nrole:bias  layer*.bn?.* constant:value=0.5\n* he_normal:mode=fan_out,gain=2\n";
  std::mt19937 random(11);
  int parsed = 0, refused = 0;
  const auto attempt = [&](const std::string& text) {
    try {
      const Policy policy = parse_policy(text, "p");
      EXPECT_FALSE(policy.rules.empty());
      ++parsed;
    } catch (const Error& error) {
      EXPECT_TRUE(std::string_view(error.what()).starts_with("p:")) << error.what();
      ++refused;
    }
  };
  for (std::size_t length = 0; length <= whole.size(); ++length) attempt(whole.substr(0, length));
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string text = whole;
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      attempt(text);
    }
  for (int i = 0; i < 2000; ++i) {
    std::string text = i % 2 == 0 ? whole : std::string(random() % 300, ' ');
    for (int edits = i % 2 == 0 ? 3 : static_cast<int>(text.size()); edits > 0 && !text.empty(); --edits)
      text[random() % text.size()] = static_cast<char>(random());
    attempt(text);
  }
  EXPECT_GT(parsed, 300);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace fanin::init
