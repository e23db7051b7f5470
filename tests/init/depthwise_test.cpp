// Schemes for depthwise convolutions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/model/builders.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(RandomImpulse, MovesEachChannelByOneShift) {
  const Filled filling = filled("random_impulse", conv_context(200, 200, 5, 200));
  std::set<std::size_t> places;
  for (std::size_t filter = 0; filter < 200; ++filter) {
    const auto* taps = filling.values.data() + filter * 25;
    ASSERT_EQ(std::count(taps, taps + 25, 0.0f), 24);
    const auto* impulse = std::find_if(taps, taps + 25, [](float value) { return value != 0; });
    EXPECT_FLOAT_EQ(*impulse, std::sqrt(2.0f));  // the gain: one tap keeps the second moment
    places.insert(static_cast<std::size_t>(impulse - taps));
  }
  EXPECT_GT(places.size(), 22u);  // of 25; fewer than 23 has a chance below 1e-3
  EXPECT_THAT(
      [] { filled("random_impulse", conv_context(4, 4, 3)); },
      ThrowsMessage<Error>(HasSubstr("scheme 'random_impulse' needs a depthwise convolution (each group one input")));
}

TEST(RandomImpulse, LeavesTheOtherLayersToHe) {
  const model::Graph graph = model::build_model(parse_spec("convmixer:width=16,depth=2,kernel=3"), {3, 8, 8}, 10);
  std::vector<FillReport> reports;
  initialize(graph, parse_spec("random_impulse"), 1, &reports);
  const auto pointwise = std::ranges::find(reports, "block1.pointwise.weight", &FillReport::parameter);
  EXPECT_NEAR(pointwise->target_std, 1.533530 / 4, 1e-5);  // GELU's gain, 16 inputs
  EXPECT_THAT(
      [] {
        initialize(model::build_model(parse_spec("vanilla:depth=3,width=4"), {3, 8, 8}, 10), parse_spec("mimetic"), 1);
      },
      ThrowsMessage<Error>(HasSubstr("the network of 'conv1.weight' has none")));
}

TEST(Mimetic, HasTheCovarianceOfItsFormula) {
  constexpr std::int64_t k = 5, taps = k * k, filters = 20000;
  const Filled filling = filled("mimetic", conv_context(filters, filters, k, filters));
  const auto bell = [](std::int64_t y, std::int64_t x) {
    return std::exp(-static_cast<double>((y - 2) * (y - 2) + (x - 2) * (x - 2)) / (2 * 0.16));
  };
  // Z(a) (Z peaking at a, at b; minus half of Z(b)). At this s the matrix is positive to 2e-5, so nothing is cut off.
  const auto one_way = [&](std::int64_t a, std::int64_t b) {
    const std::int64_t y = (b / k - a / k + 2 + k) % k, x = (b % k - a % k + 2 + k) % k;
    return bell(a / k, a % k) * (bell(y, x) - 0.5 * bell(b / k, b % k));
  };
  double trace = 0;
  for (std::int64_t a = 0; a < taps; ++a) {
    trace += one_way(a, a);
    for (std::int64_t b = 0; b < taps; ++b) {
      double sum = 0;
      for (std::int64_t f = 0; f < filters; ++f)
        sum += static_cast<double>(filling.values[static_cast<std::size_t>(f * taps + a)]) *
               static_cast<double>(filling.values[static_cast<std::size_t>(f * taps + b)]);
      EXPECT_NEAR(sum / filters, 0.5 * (one_way(a, b) + one_way(b, a)), 0.02) << a << " " << b;
    }
  }
  EXPECT_NEAR(filling.report.target_std, std::sqrt(trace / taps), 1e-4);
  EXPECT_THAT([] { filled("mimetic", conv_context(8, 8, 1, 8)); },
              ThrowsMessage<Error>(HasSubstr("scheme 'mimetic' needs square kernels from 2x2 to 31x31")));
}

TEST(Mimetic, WidensWithDepthAndSaysThatItIsUnverified) {
  const model::Graph graph = model::build_model(parse_spec("convmixer:width=64,depth=3"), {3, 16, 16}, 10);
  std::vector<FillReport> reports;
  initialize(graph, parse_spec("mimetic"), 1, &reports);
  const auto std_of = [&](const char* name) {
    return std::ranges::find(reports, name, &FillReport::parameter)->target_std;
  };
  EXPECT_LT(std_of("block0.depthwise.weight"), std_of("block1.depthwise.weight"));
  EXPECT_LT(std_of("block1.depthwise.weight"), std_of("block2.depthwise.weight"));
  EXPECT_THAT(std::string(find_scheme("mimetic").paper), HasSubstr("could not be verified"));
}

}  // namespace
}  // namespace fanin::init
