// Fans from a layer's description: against counting, for every kind of layer, and each refusal.
#include "fanin/init/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanin/base/error.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

model::Fans fans_of(Layer layer) {
  return layer_fans(layer);
}

/// Both fans by counting the connections of a circular layer: pixels x channels on each side.
model::Fans counted(const Layer& layer, std::int64_t extent) {
  const std::int64_t taps = layer.shape[2], step = layer.stride.empty() ? 1 : layer.stride[0];
  // A convolution has `extent` input pixels and extent / step output pixels; the transposed one the other way round.
  const std::int64_t pixels = extent / step;
  const std::int64_t connections = layer.shape[0] * layer.shape[1] * taps * pixels;
  const std::int64_t many = layer.transposed ? layer.shape[0] : layer.shape[1] * layer.groups;
  const std::int64_t inputs = layer.transposed ? many * pixels : many * extent;
  const std::int64_t outs = layer.transposed ? layer.shape[1] * layer.groups : layer.shape[0];
  const std::int64_t outputs = layer.transposed ? outs * extent : outs * pixels;
  return {static_cast<double>(connections) / static_cast<double>(outputs),
          static_cast<double>(connections) / static_cast<double>(inputs)};
}

void expect_fans(const Layer& layer, double in, double out) {
  const model::Fans fans = fans_of(layer);
  EXPECT_DOUBLE_EQ(fans.in, in) << to_string(layer.shape);
  EXPECT_DOUBLE_EQ(fans.out, out) << to_string(layer.shape);
}

TEST(LayerFans, AreTermsSummedAndOutputsFed) {
  expect_fans({LayerKind::linear, {10, 84}}, 84, 10);
  expect_fans({LayerKind::linear, {3 * 64, 64}, 1, {}, false, 3}, 64, 64);  // query, key and value in one
  expect_fans({LayerKind::convolution, {64, 32, 3, 3}}, 288, 576);
  expect_fans({LayerKind::convolution, {64, 8, 3, 3}, 4}, 72, 144);
  expect_fans({LayerKind::convolution, {64, 1, 3, 3}, 32}, 9, 18);          // depthwise, two filters a channel
  expect_fans({LayerKind::convolution, {64, 32, 3, 3}, 1, {2}}, 288, 144);  // the gradient sees a quarter
  expect_fans({LayerKind::convolution, {64, 32, 3, 3}, 1, {2, 1}}, 288, 288);
  expect_fans({LayerKind::convolution, {64, 3, 4, 4}, 1, {2}, true}, 256, 48);  // 64 channels in, 3 out
  expect_fans({LayerKind::convolution, {64, 1, 4, 4}, 32, {}, true}, 32, 16);
  expect_fans({LayerKind::convolution, {8, 4, 3, 3, 3}}, 108, 216);
  expect_fans({LayerKind::convolution, {8, 4, 5}, 1, {5}}, 20, 8);
}

TEST(LayerFans, AgreeWithCounting) {
  for (const bool transposed : {false, true})
    for (const std::int64_t groups : {1, 2, 4})
      for (const std::int64_t step : {1, 2, 3}) {
        const Layer layer{LayerKind::convolution, {8, 4, 5}, groups, {step}, transposed};
        const model::Fans expected = counted(layer, 30);
        expect_fans(layer, expected.in, expected.out);
      }
}

// A layer of the network has the fans of its description.
TEST(LayerFans, AreThoseOfTheGraph) {
  model::Graph graph("one", {8, 12, 12});
  graph.add("conv", model::Conv2d{.out_channels = 16, .kernel_h = 3, .kernel_w = 5, .stride_h = 2, .groups = 4}, {0});
  const model::Fans fans = model::fans(graph, graph.nodes()[0]);
  expect_fans({LayerKind::convolution, {16, 2, 3, 5}, 4, {2, 1}}, fans.in, fans.out);
}

TEST(LayerFans, RuleTheSchemes) {
  const auto std_of = [](const char* scheme, const Layer& layer) {
    const WeightContext context = layer_context(layer, "weight", 1, {model::ActivationKind::relu});
    return filled(scheme, context).report.target_std;
  };
  const Layer depthwise{LayerKind::convolution, {64, 1, 3, 3}, 64};
  EXPECT_DOUBLE_EQ(std_of("he_normal:mode=fan_out", depthwise), std::sqrt(2.0 / 9));
  const Layer strided{LayerKind::convolution, {64, 64, 3, 3}, 1, {2}};
  EXPECT_DOUBLE_EQ(std_of("he_normal:mode=fan_out", strided), std::sqrt(2.0 / 144));
  EXPECT_DOUBLE_EQ(std_of("xavier_uniform", {LayerKind::linear, {192, 64}, 1, {}, false, 3}), std::sqrt(1.0 / 64));
}

TEST(LayerFans, RefuseWhatIsNoLayer) {
  const auto refuses = [](const Layer& layer, const char* message) {
    EXPECT_THAT([&] { layer_fans(layer); }, ThrowsMessage<Error>(HasSubstr(message))) << message;
  };
  refuses({LayerKind::linear, {5}}, "a layer with a weight of shape 5 is not linear; expected (out, in)");
  refuses({LayerKind::convolution, {5, 4}}, "is no convolution; expected (O, I/groups, k...)");
  refuses({LayerKind::convolution, {5, 0, 3}}, "has no elements; expected extents above 0");
  refuses({LayerKind::convolution, {6, 2, 3, 3}, 4}, "cannot have 4 groups; expected a divisor of 6");
  refuses({LayerKind::convolution, {6, 2, 3, 3}, 0}, "cannot have 0 groups");
  refuses({LayerKind::linear, {6, 2}, 2}, "is linear; expected no groups, strides or transposition");
  refuses({LayerKind::linear, {64, 64}, 1, {}, false, 3}, "cannot hold 3 blocks; expected a divisor of its 64 outputs");
  refuses({LayerKind::convolution, {6, 2, 3, 3}, 1, {1, 1, 1}}, "has 2 kernel axes; expected as many strides");
  refuses({LayerKind::convolution, {6, 2, 3, 3}, 1, {0}}, "has a stride below 1");
}

}  // namespace
}  // namespace fanin::init
