// Schemes of one's own: used like any other, refused with the reason, safe beside running fills.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/model/builders.h"
#include "fanin/random/stream.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// Normal with the standard deviation scale / fan_in.
CustomScheme inverse_fan(std::string name) {
  CustomScheme scheme;
  scheme.name = std::move(name);
  scheme.summary = "Normal with standard deviation scale / fan_in.";
  scheme.options = {{"scale", OptionKind::number, "1", 0, 100, "", "factor"}};
  scheme.function = [](const WeightContext& context, const Options& options, std::span<float> out) {
    const double std = options.number("scale") / context.fans.in;
    random::fill_normal(out, random::make_stream(context.seed, context.name, random::Purpose::initialize), 0.0f,
                        static_cast<float>(std));
    return Applied{std, options.number("scale")};
  };
  return scheme;
}

TEST(RegisteredScheme, IsASchemeLikeAnyOther) {
  {
    CustomScheme scheme = inverse_fan("inverse_fan");
    std::string key = "scale", text = "1";  // texts are copied: these go
    scheme.options[0].key = key;
    scheme.options[0].default_value = text;
    register_scheme(std::move(scheme));
  }
  EXPECT_EQ(find_scheme("inverse_fan").summary, "Normal with standard deviation scale / fan_in.");
  EXPECT_EQ(registered_schemes().back()->name, "inverse_fan");

  const model::Graph graph = model::build_model(parse_spec("lenet5"), {1, 28, 28}, 10);
  std::vector<FillReport> reports;
  const auto state = initialize(graph, parse_spec("inverse_fan:scale=2"), 7, &reports);
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports[0].scheme, "inverse_fan:scale=2");
  EXPECT_DOUBLE_EQ(reports[0].target_std, 2 / reports[0].fan_in);
  EXPECT_NEAR(reports.back().std, reports.back().target_std, 0.1 * reports.back().target_std);
  EXPECT_EQ(state.size(), graph.parameters().size());
}

TEST(RegisteredScheme, ChecksItsOptionsAndNamesIt) {
  register_scheme(inverse_fan("checked_fan"));
  EXPECT_THAT([] { filled("checked_fan:scale=101", conv_context(4, 4, 3)); },
              ThrowsMessage<Error>(HasSubstr("option 'scale' of scheme 'checked_fan' is 101")));
  EXPECT_THAT([] { find_scheme("checked_fna"); }, ThrowsMessage<Error>(HasSubstr("did you mean 'checked_fan'?")));
}

TEST(RegisteredScheme, MustLeaveFiniteWeights) {
  CustomScheme scheme = inverse_fan("leaves_nan");
  scheme.function = [](const WeightContext&, const Options&, std::span<float> out) {
    std::ranges::fill(out, 0.0f);
    out[5] = std::numeric_limits<float>::infinity();
    return Applied{};
  };
  register_scheme(scheme);
  EXPECT_THAT(
      [] { filled("leaves_nan", conv_context(4, 4, 3)); },
      ThrowsMessage<Error>("scheme 'leaves_nan' left inf at element 5 of 'conv.weight'; expected finite weights"));
}

TEST(RegisteredScheme, IsRefusedWithTheReason) {
  const auto refused = [](CustomScheme scheme, const std::string& message) {
    EXPECT_THAT([&] { register_scheme(scheme); }, ThrowsMessage<Error>(HasSubstr(message)));
  };
  refused(inverse_fan("he_normal"), "scheme 'he_normal' cannot be registered: Fanin has one of that name");
  refused(inverse_fan("kaiming_normal"), "Fanin has one of that name");
  for (const char* name : {"", "Mine", "my scheme", "a:b", "a,b", "a=b", "1a", "_a"})
    refused(inverse_fan(name), std::string("a scheme cannot be named '") + name + "'");
  register_scheme(inverse_fan("twice"));
  refused(inverse_fan("twice"), "scheme 'twice' is registered already");

  CustomScheme scheme = inverse_fan("no_function");
  scheme.function = nullptr;
  refused(scheme, "scheme 'no_function' has no function");
  scheme = inverse_fan("bad_default");
  scheme.options[0].default_value = "-1";
  refused(scheme, "option 'scale' of scheme 'bad_default' is -1");
  scheme = inverse_fan("bad_key");
  scheme.options[0].key = "my key";
  refused(scheme, "scheme 'bad_key' cannot have an option named 'my key'");
  scheme = inverse_fan("two_keys");
  scheme.options.push_back(scheme.options[0]);
  refused(scheme, "scheme 'two_keys' has the option 'scale' twice");
  for (const char* name : {"no_function", "bad_default", "bad_key", "two_keys"})
    EXPECT_THROW(find_scheme(name), Error) << name;
}

TEST(RegisteredScheme, MayBeAddedBesideFillsOnOtherThreads) {
  constexpr int threads = 4, each = 20;
  std::atomic<int> added = 0;
  std::vector<std::jthread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        const std::string name = "parallel_" + std::to_string(t % 2) + "_" + std::to_string(i);  // each name by two
        try {
          register_scheme(inverse_fan(name));
          ++added;
        } catch (const Error&) {
        }
        filled(name, conv_context(4, 4, 3));
      }
    });
  }
  workers.clear();
  EXPECT_EQ(added, 2 * each);
}

}  // namespace
}  // namespace fanin::init
