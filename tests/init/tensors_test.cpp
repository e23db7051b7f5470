// The schemes on a caller's memory: the bits of the table's schemes, shards, types, and one rule for what is refused.
#include "fanin/init/tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/source.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const Shape kernel = {16, 8, 3, 3};

template <class T>
std::vector<T> made(const Shape& shape, const std::function<void(std::span<T>)>& fill) {
  std::vector<T> values(static_cast<std::size_t>(element_count(shape)));
  fill(values);
  return values;
}

std::vector<float> by_text(const char* scheme, const Shape& shape = kernel) {
  return made<float>(shape, [&](std::span<float> out) { fill_tensor(out, shape, scheme, {.seed = 5}); });
}

TEST(Tensors, HaveTheBitsOfTheTablesSchemes) {
  WeightContext context = conv_context(16, 8, 3);
  context.name = "conv.weight";
  for (const char* scheme : {"he_normal", "orthogonal", "truncated_normal", "pytorch-default", "dirac"}) {
    const std::vector<float> ours = made<float>(
        kernel, [&](std::span<float> out) { fill_tensor(out, kernel, scheme, {.seed = 1, .name = "conv.weight"}); });
    EXPECT_EQ(ours, filled(scheme, context).values) << scheme;
  }
}

TEST(Tensors, HaveAFunctionForEachCommonScheme) {
  const TensorOptions options{.seed = 5};
  const auto expect = [&](const char* text, const std::function<void(std::span<float>)>& fill) {
    EXPECT_EQ(made<float>(kernel, fill), by_text(text)) << text;
  };
  using Out = std::span<float>;
  expect("zeros", [&](Out out) { zeros(out, kernel, options); });
  expect("constant:value=0.3", [&](Out out) { constant(out, kernel, 0.3, options); });
  expect("normal:mean=1,std=0.1", [&](Out out) { normal(out, kernel, 1, 0.1, options); });
  expect("uniform:low=-2,high=0.5", [&](Out out) { uniform(out, kernel, -2, 0.5, options); });
  expect("truncated_normal:std=0.5,low=-1,high=0.5,bounds=absolute",
         [&](Out out) { truncated_normal(out, kernel, 0, 0.5, -1, 0.5, options); });
  expect("xavier_normal:gain=1.7", [&](Out out) { xavier_normal(out, kernel, options, 1.7); });
  expect("xavier_uniform", [&](Out out) { xavier_uniform(out, kernel, options); });
  expect("he_normal:mode=fan_out", [&](Out out) { he_normal(out, kernel, options, FanMode::out); });
  expect("he_uniform", [&](Out out) { he_uniform(out, kernel, options); });
  expect("lecun_normal", [&](Out out) { lecun_normal(out, kernel, options); });
  expect("lecun_uniform:gain=0.1", [&](Out out) { lecun_uniform(out, kernel, options, 0.1); });
  expect("variance_scaling:scale=2,mode=fan_geo_avg,distribution=sign",
         [&](Out out) { variance_scaling(out, kernel, 2, FanMode::geometric, Distribution::sign, options); });
  expect("orthogonal", [&](Out out) { orthogonal(out, kernel, options); });
  expect("orthogonal:gain=0.7", [&](Out out) { orthogonal(out, kernel, 0.7, options); });
}

template <class T>
class TensorsOf : public testing::Test {};
using Types = testing::Types<float, double, bfloat16, half>;
TYPED_TEST_SUITE(TensorsOf, Types);

TYPED_TEST(TensorsOf, AreCutIntoShards) {
  for (const char* scheme : {"he_uniform", "orthogonal"}) {
    const std::vector<TypeParam> whole =
        made<TypeParam>(kernel, [&](std::span<TypeParam> out) { fill_tensor(out, kernel, scheme, {.seed = 2}); });
    std::vector<TypeParam> part(500);
    fill_tensor(std::span(part), kernel, scheme, {.seed = 2, .first = 333});
    EXPECT_EQ(std::memcmp(part.data(), whole.data() + 333, part.size() * sizeof(TypeParam)), 0) << scheme;
  }
}

TYPED_TEST(TensorsOf, AreTheSameOnAnyNumberOfThreads) {
  const Shape shape = {1 << 10, 1 << 10};
  std::vector<std::vector<TypeParam>> results;
  for (const int threads : {1, 4})
    results.push_back(made<TypeParam>(
        shape, [&](std::span<TypeParam> out) { he_normal(out, shape, {.seed = 2, .threads = threads}); }));
  EXPECT_EQ(std::memcmp(results[0].data(), results[1].data(), results[0].size() * sizeof(TypeParam)), 0);
}

TEST(Tensors, ReportTargetAndResult) {
  FillReport report;
  std::vector<float> values(16 * 8 * 9);
  truncated_normal(std::span(values), kernel, 0, 0.02, -0.04, 0.04, {.seed = 9, .report = &report});
  EXPECT_NEAR(report.target_std, 0.02 * 0.87962566103423978, 1e-12);
  EXPECT_NEAR(report.std, report.target_std, 0.1 * report.target_std);
  EXPECT_EQ(report.target_mean, 0);
  EXPECT_EQ(report.target_minimum, -0.04);
  EXPECT_EQ(report.target_maximum, 0.04);
  EXPECT_GE(report.minimum, -0.04f);
  EXPECT_LE(report.maximum, 0.04f);
  EXPECT_EQ(report.count, values.size());
  EXPECT_EQ(report.key, random::make_stream(9, "weight", random::Purpose::initialize).key);
  EXPECT_EQ(report.law, "truncated_normal(0, 0.02, [-0.04, 0.04])");
}

TEST(Tensors, RefuseWhatIsNone) {
  std::vector<float> values(16 * 8 * 9);
  const std::span<float> out(values);
  const auto refuses = [&](const std::function<void()>& call, const char* message) {
    EXPECT_THAT(call, ThrowsMessage<Error>(HasSubstr(message)));
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  refuses([&] { normal(out, kernel, 0, -1); }, "option 'std' of scheme 'normal' is -1; expected a number from 0");
  refuses([&] { normal(out, kernel, nan, 1); }, "option 'mean' of scheme 'normal' is 'nan'; expected a finite number");
  refuses([&] { uniform(out, kernel, -infinity, 1); }, "option 'low' of scheme 'uniform'");
  refuses([&] { uniform(out, kernel, 1, 1); }, "scheme 'uniform' needs low < high");
  refuses([&] { xavier_normal(out, kernel, {}, nan); }, "option 'gain' of scheme 'xavier_normal' is 'nan'");
  refuses([&] { orthogonal(out, kernel, 0.0); }, "option 'gain' of scheme 'orthogonal' is '0'");
  refuses([&] { he_normal(out, kernel, {}, FanMode::geometric); }, "option 'mode' of scheme 'he_normal'");
  refuses([&] { fill_tensor(out, kernel, "he_nromal"); }, "did you mean 'he_normal'?");
  refuses([&] { fill_tensor(out, kernel, "he_normal:sdt=1"); }, "scheme 'he_normal'");
  refuses([&] { fill_tensor(out, kernel, "lsuv"); }, "so it cannot fill 'weight' by itself");
  refuses([&] { zeros(out, {}); }, "'weight' has no shape; expected one or more extents");
  refuses([&] { zeros(out, {0, 4}); }, "'weight' has shape 0x4; expected extents above 0");
  refuses([&] { zeros(out, {-3, 4}); }, "expected extents above 0");
  refuses([&] { zeros(out, {std::int64_t{1} << 32, std::int64_t{1} << 32}); }, "4294967296x4294967296");
  refuses([&] { zeros(out, {16, 8, 3}); }, "has 384 elements; the destination has 1152");
  refuses([&] { zeros(out, kernel, {.first = 1}); }, "has 1152 elements; the destination has 1152, from element 1");
  refuses([&] { he_normal(out, kernel, {.groups = 5}); }, "cannot have 5 groups");
  refuses([&] { he_normal(out.first(5), {5}); }, "needs a convolution or linear weight of two or more dimensions");
  refuses([&] { orthogonal(out, kernel, {.fused = 2}); }, "computes a tensor as a whole, which 2 fused blocks are not");
  for (const float value : values) EXPECT_EQ(value, 0) << "nothing was written";
}

TEST(Tensors, OfOneDimensionTakeSchemesWithoutFans) {
  std::vector<float> values(5);
  normal(std::span(values), {5}, 1, 0.1, {.seed = 1});
  for (const float value : values) EXPECT_NEAR(value, 1, 0.6);
}

}  // namespace
}  // namespace fanin::init
