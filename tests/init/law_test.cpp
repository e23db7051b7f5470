// Laws: moments, ranges and element types give the same tensor; sources are the schemes, piece by piece.
#include "fanin/init/law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/source.h"
#include "fanin/init/tensors.h"
#include "fanin/model/builders.h"
#include "init/fill.h"
#include "init/helpers.h"
#include "random/threads.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<Law> laws() {
  return {constant_law(-1.5),
          uniform_law(-0.25, 0.75),
          normal_law(0.5, 0.125),
          truncated_law(0, 0.02, -0.04, 0.04),
          truncated_law(1, 1, 0.5, infinity),
          sign_law(0.375)};
}

double value_of(float value) {
  return value;
}
double value_of(double value) {
  return value;
}
double value_of(bfloat16 value) {
  return to_float(value);
}
double value_of(half value) {
  return to_float(value);
}

template <class T>
class LawOf : public testing::Test {};
using Types = testing::Types<float, double, bfloat16, half>;
TYPED_TEST_SUITE(LawOf, Types);

TYPED_TEST(LawOf, IsTheSameTensorInWhateverPieces) {
  const random::Stream stream = random::make_stream(3, "a.weight", random::Purpose::initialize);
  for (const Law& law : laws()) {
    SCOPED_TRACE(law_text(law));
    std::vector<TypeParam> whole(1003), pieces(whole.size());
    draw(law, stream, std::span(whole));
    for (std::size_t first = 0, size = 1; first < pieces.size(); first += size, size = size * 2 + 1) {
      size = std::min(size, pieces.size() - first);
      draw(law, stream, std::span(pieces).subspan(first, size), first);
    }
    EXPECT_EQ(std::memcmp(whole.data(), pieces.data(), whole.size() * sizeof(TypeParam)), 0);
  }
}

TYPED_TEST(LawOf, HasItsMomentsAndBounds) {
  const random::Stream stream = random::make_stream(4, "a.weight", random::Purpose::initialize);
  for (const Law& law : laws()) {
    SCOPED_TRACE(law_text(law));
    std::vector<TypeParam> values(1 << 20);
    draw(law, stream, std::span(values));
    Measured measured;
    measured.add(std::span<const TypeParam>(values));
    // 2^20 values, five standard errors; 16-bit types round their values, by 2^-8 of them at most.
    EXPECT_NEAR(measured.mean(), law_mean(law), 5 * law_std(law) / 1024 + 1e-12);
    EXPECT_NEAR(measured.std(), law_std(law), 0.004 * law_std(law) + 1e-12);
    const double step = sizeof(TypeParam) == 2 ? 1.0 / 256 : 1e-6;
    EXPECT_GE(measured.minimum(), law_minimum(law) - step * std::abs(law_minimum(law)));
    EXPECT_LE(measured.maximum(), law_maximum(law) + step * std::abs(law_maximum(law)));
  }
}

TYPED_TEST(LawOf, TruncatedToAPointIsTheMean) {
  const random::Stream stream = random::make_stream(4, "a.weight", random::Purpose::initialize);
  for (const Law& law : {truncated_law(2, 0, 2, 2), truncated_law(2, 0, 1, 3), truncated_law(2, 1e-300, 2, 2)}) {
    std::vector<TypeParam> values(40);
    draw(law, stream, std::span(values));
    for (const TypeParam value : values) EXPECT_EQ(value_of(value), 2);
  }
}

// A value's share of a normal cut at two standard deviations is the probability of the numbers that round to it: the
// last value below a bound gets no more.
TYPED_TEST(LawOf, DoesNotPileUpAtTheBoundsOfATruncation) {
  if constexpr (sizeof(TypeParam) == 2) {
    constexpr double std = 0.02, bound = 0.04;
    std::vector<TypeParam> values(1 << 22);
    draw(truncated_law(0, std, -bound, bound), random::make_stream(5, "a.weight", random::Purpose::initialize),
         std::span(values));
    std::map<double, double> counts;
    for (const TypeParam value : values) counts[value_of(value)] += 1;
    const auto below = [&](double x) { return 0.5 * std::erfc(-x / std / std::sqrt(2.0)); };
    const double inside = below(bound) - below(-bound);
    for (const bool upper : {false, true}) {
      auto at = upper ? std::prev(counts.end()) : counts.begin();
      for (int i = 0; i < 8; ++i) {
        const double value = at->first, next = upper ? std::prev(at)->first : std::next(at)->first;
        const double inner = 0.5 * (value + next);
        // Towards the bound the cell ends at the bound itself, or half a step beyond the value.
        const double outer = i == 0 ? (upper ? bound : -bound) : value + (value - next) / 2;
        const double cut = std::abs(outer) > bound ? (upper ? bound : -bound) : outer;
        const double expected = static_cast<double>(values.size()) * std::abs(below(cut) - below(inner)) / inside;
        EXPECT_NEAR(at->second, expected, 5.5 * std::sqrt(expected) + 2) << value << " (" << i << ")";
        at = upper ? std::prev(at) : std::next(at);
      }
    }
  }
}

TEST(Laws, HaveTheMomentsOfTheirFormulas) {
  EXPECT_DOUBLE_EQ(law_std(uniform_law(-1, 1)), 1 / std::sqrt(3.0));
  EXPECT_NEAR(law_std(truncated_law(0, 1, -2, 2)), 0.87962566103423978, 1e-15);
  EXPECT_NEAR(law_mean(truncated_law(0, 1, 0, infinity)), std::sqrt(2 / std::acos(-1.0)), 1e-15);
  EXPECT_EQ(law_std(truncated_law(3, 1, -infinity, infinity)), 1);
  EXPECT_EQ(law_minimum(normal_law(0, 1)), -infinity);
  EXPECT_EQ(law_maximum(normal_law(7, 0)), 7);
  EXPECT_EQ(law_text(truncated_law(0, 0.02, -2, 2)), "truncated_normal(0, 0.02, [-2, 2])");
}

TEST(Measured, JoinsPieces) {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1e6f + static_cast<float>(i % 7));
  Measured whole, pieces, constant;
  whole.add(std::span<const float>(values));
  for (std::size_t first = 0; first < values.size(); first += 10)
    pieces.add(std::span<const float>(values).subspan(first, 10));
  EXPECT_NEAR(pieces.mean(), whole.mean(), 1e-9);
  EXPECT_NEAR(pieces.std(), whole.std(), 1e-9);
  EXPECT_EQ(pieces.minimum(), 1e6);
  EXPECT_EQ(pieces.maximum(), 1e6 + 6);
  const std::vector<float> same(100, 0.1f);
  for (int i = 0; i < 3; ++i) constant.add(std::span<const float>(same));
  EXPECT_EQ(constant.std(), 0);
}

// The moments of two passes, also where the first value is far off.
TEST(Measured, LosesNothingInOnePass) {
  const random::Stream stream = random::make_stream(4, "a.weight", random::Purpose::initialize);
  for (const double first : {0.0, 1.0, 1e6, 1e12}) {
    std::vector<double> values(10001);
    random::fill_normal(std::span(values), stream, 3.0, 1e-3);
    values[0] = first;
    double mean = 0, squares = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    for (const double value : values) squares += (value - mean) * (value - mean);
    Measured measured;
    measured.add(std::span<const double>(values));
    EXPECT_NEAR(measured.mean(), mean, 1e-12 * std::abs(mean));
    const double std = std::sqrt(squares / static_cast<double>(values.size()));
    EXPECT_NEAR(measured.std(), std, 1e-10 * std);  // 12 of 53 bits at the worst
    EXPECT_EQ(measured.minimum(), std::ranges::min(values));
    EXPECT_EQ(measured.maximum(), std::ranges::max(values));
  }
}

TEST(Sources, AreTheStateOfANetworkPieceByPiece) {
  const model::Graph graph = model::build_model(parse_spec("vanilla:depth=4,width=8"), {3, 16, 16}, 10);
  for (const char* scheme : {"he_normal", "pytorch-default", "edge_of_chaos:weights=orthogonal", "orthogonal"}) {
    SCOPED_TRACE(scheme);
    const std::vector<NamedTensor> state = initialize(graph, parse_spec(scheme), 9);
    const std::vector<Source> all = sources(graph, parse_spec(scheme), 9);
    ASSERT_EQ(all.size(), state.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].name(), state[i].name);
      std::vector<float> values(static_cast<std::size_t>(all[i].count()));
      for (std::size_t first = 0; first < values.size(); first += 100)
        all[i].fill(std::span(values).subspan(first, std::min<std::size_t>(100, values.size() - first)), first);
      EXPECT_EQ(values, state[i].tensor.values) << all[i].name();
    }
  }
}

// In turns, in pieces and with reports or without: the same bits, and a report in the network's order.
TEST(Sources, AreTheSameOnSeveralThreads) {
  const model::Graph graph = model::build_model(parse_spec("resnet18"), {3, 64, 64}, 10);
  for (const char* scheme : {"he_normal", "fixup", "edge_of_chaos:weights=orthogonal"}) {
    SCOPED_TRACE(scheme);
    std::vector<FillReport> expected_reports, reports;
    const std::vector<NamedTensor> expected = initialize(graph, parse_spec(scheme), 9, &expected_reports);
    const random::FillThreads threads(3);
    const std::vector<NamedTensor> state = initialize(graph, parse_spec(scheme), 9);
    initialize(graph, parse_spec(scheme), 9, &reports);
    const std::vector<Source> all = sources(graph, parse_spec(scheme), 9);
    std::vector<std::vector<float>> values;
    std::vector<std::span<float>> outs;
    for (const Source& source : all) values.emplace_back(static_cast<std::size_t>(source.count()));
    for (std::vector<float>& of : values) outs.emplace_back(of);
    fill_all<float>(all, outs);
    ASSERT_EQ(state.size(), expected.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      EXPECT_EQ(state[i].name, expected[i].name);
      EXPECT_EQ(state[i].tensor.shape, expected[i].tensor.shape);
      EXPECT_TRUE(state[i].tensor.values == expected[i].tensor.values) << state[i].name;
      EXPECT_TRUE(values[i] == expected[i].tensor.values) << state[i].name;
    }
    ASSERT_EQ(reports.size(), expected_reports.size());
    for (std::size_t i = 0; i < reports.size(); ++i) {
      EXPECT_EQ(reports[i].parameter, expected_reports[i].parameter);
      EXPECT_EQ(reports[i].count, expected_reports[i].count);
      EXPECT_NEAR(reports[i].mean, expected_reports[i].mean, 1e-12);
      EXPECT_NEAR(reports[i].std, expected_reports[i].std, 1e-12);
      EXPECT_EQ(reports[i].minimum, expected_reports[i].minimum);
    }
    outs.back() = outs.back().first(1);
    EXPECT_THROW(fill_all<float>(all, outs), Error);
  }
}

TEST(Sources, StartNoThreadForSmallTensors) {
  const model::Graph graph = model::build_model(parse_spec("resnet20"), {3, 32, 32}, 10);  // 270,000 parameters
  const random::FillThreads threads(4);
  const std::uint64_t before = random::threads_started();
  for (const char* scheme : {"he_normal", "orthogonal", "pytorch-default"}) initialize(graph, parse_spec(scheme), 9);
  TensorOptions options;
  options.threads = 4;
  std::vector<float> values(10000);
  for (const char* scheme : {"he_normal", "orthogonal", "truncated_normal", "dirac"})
    fill_tensor(std::span(values), {10, 40, 5, 5}, scheme, options);
  EXPECT_EQ(random::threads_started(), before);
}

TEST(Sources, HaveALawOrNot) {
  EXPECT_TRUE(Source(parse_spec("he_normal"), conv_context(8, 8, 3)).law());
  EXPECT_FALSE(Source(parse_spec("orthogonal"), conv_context(8, 8, 3)).law());
  EXPECT_TRUE(Source(parse_spec("gabor"), conv_context(8, 8, 3)).law()) << "not the first layer";
  const Source source(parse_spec("zeros"), conv_context(8, 8, 3));
  std::vector<float> values(10);
  EXPECT_THAT([&] { source.fill(std::span(values), 570); },
              ThrowsMessage<Error>(HasSubstr("has 576 elements; the destination has 10, from element 570")));
}

// The doubles are drawn as doubles, not widened floats.
TEST(Sources, DrawEachTypeNatively) {
  const Source source(parse_spec("he_normal"), conv_context(16, 16, 3));
  std::vector<double> wide(static_cast<std::size_t>(source.count()));
  std::vector<float> narrow(wide.size());
  source.fill(std::span(wide), 0);
  source.fill(std::span(narrow), 0);
  std::size_t widened = 0;
  for (const double value : wide) widened += static_cast<double>(static_cast<float>(value)) == value;
  EXPECT_LT(widened, wide.size() / 100);
}

}  // namespace
}  // namespace fanin::init
