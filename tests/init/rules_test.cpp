// docs/initializing.md, "The rules for all schemes", over the whole table.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/source.h"
#include "init/fill.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// The message of the Error that filling throws; "" for none.
std::string refusal(const std::string& scheme, const WeightContext& context) {
  try {
    const Source source(parse_spec(scheme), context);
    std::vector<float> values(static_cast<std::size_t>(source.count()));
    source.fill(std::span(values), 0);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

/// The rows that one tensor can be filled by.
std::vector<const SchemeInfo*> rows() {
  std::vector<const SchemeInfo*> result;
  for (const SchemeInfo& row : scheme_table())
    if (find_entry(row.name) != nullptr) result.push_back(&row);
  return result;
}

TEST(Rules, NumbersAreFiniteAndInTheirRanges) {
  for (const SchemeInfo* row : rows())
    for (const OptionInfo& option : row->options) {
      if (option.kind != OptionKind::number && option.kind != OptionKind::integer) continue;
      const auto said = [&](const std::string& value) {
        return refusal(fmt::format("{}:{}={}", row->name, option.key, value), conv_context(8, 8, 7));
      };
      const std::string named = fmt::format("option '{}' of scheme '{}' is ", option.key, row->name);
      for (const char* value : {"nan", "inf", "-inf", "", "1e999", "two"}) EXPECT_THAT(said(value), HasSubstr(named));
      EXPECT_THAT(said(fmt::format("{}", option.minimum - 1 - std::abs(option.minimum))),
                  AllOf(HasSubstr(named), HasSubstr("expected")));
      EXPECT_THAT(said(fmt::format("{}", 2 * option.maximum + 1)), AllOf(HasSubstr(named), HasSubstr("expected")));
    }
}

// Options that are a number or a word.
TEST(Rules, TextsThatAreNumbersToo) {
  for (const SchemeInfo* row : rows())
    for (const OptionInfo& option : row->options) {
      if (option.key != "gain") continue;
      for (const char* value : {"nan", "inf", "-1", "0", "1e31", ""})
        EXPECT_THAT(refusal(fmt::format("{}:gain={}", row->name, value), conv_context(8, 8, 7)),
                    HasSubstr(fmt::format("option 'gain' of scheme '{}' is ", row->name)))
            << value;
    }
}

TEST(Rules, KeysAreKnown) {
  for (const SchemeInfo* row : rows())
    EXPECT_THAT(refusal(fmt::format("{}:no_such_key=1", row->name), conv_context(8, 8, 7)),
                AllOf(HasSubstr(fmt::format("scheme '{}'", row->name)), HasSubstr("'no_such_key'")));
}

TEST(Rules, EmptyTensorsAreRefused) {
  for (const SchemeInfo* row : rows()) {
    WeightContext empty = conv_context(8, 8, 7);
    empty.shape = {8, 0, 7, 7};
    EXPECT_EQ(refusal(std::string(row->name), empty), "'conv.weight' of shape 8x0x7x7 has no elements to initialize")
        << row->name;
    empty.shape = {std::int64_t{1} << 32, std::int64_t{1} << 32};
    EXPECT_THAT(refusal(std::string(row->name), empty), HasSubstr("4294967296x4294967296")) << row->name;
  }
}

// A weight of one dimension has no fans and is no matrix: a scheme says so, or needs neither.
TEST(Rules, OneDimension) {
  WeightContext vector = conv_context(8, 8, 7);
  vector.shape = {5};
  vector.fans = {};
  for (const SchemeInfo* row : rows()) {
    const std::string said = refusal(std::string(row->name), vector);
    const bool plain = row->name == "zeros" || row->name == "constant" || row->name == "normal" ||
                       row->name == "uniform" || row->name == "truncated_normal" || row->name == "textbook_random";
    if (plain) {
      EXPECT_EQ(said, "") << row->name;
    } else {
      EXPECT_THAT(said, HasSubstr(fmt::format("scheme '{}' needs ", row->name)));
    }
  }
}

// Every scheme that takes a tensor gives finite values in every type, and the same ones in any range.
TEST(Rules, ValuesAreFiniteInEveryType) {
  WeightContext context = conv_context(8, 8, 7);
  context.place.first = true;
  const auto check = [&]<class T>(const Source& source, T) {
    std::vector<T> values(static_cast<std::size_t>(source.count()));
    source.fill(std::span(values), 0);
    Measured measured;
    measured.add(std::span<const T>(values));
    EXPECT_TRUE(std::isfinite(measured.minimum()) && std::isfinite(measured.maximum())) << source.name();
  };
  for (const SchemeInfo* row : rows()) {
    if (!refusal(std::string(row->name), context).empty()) continue;  // needs a network around the layer
    SCOPED_TRACE(row->name);
    const Source source(parse_spec(row->name), context);
    check(source, float{});
    check(source, double{});
    check(source, bfloat16{});
    check(source, half{});
  }
}

}  // namespace
}  // namespace fanin::init
