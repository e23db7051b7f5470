// Transposed convolutions: (I, O/groups, k, k), so that rules with a direction must not read the stored shape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/init/layer.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// 64 channels to 16, and 16 to 64.
const Layer narrowing{LayerKind::convolution, {64, 16, 3, 3}, 1, {2}, true};
const Layer widening{LayerKind::convolution, {16, 64, 3, 3}, 1, {2}, true};

WeightContext context_of(const Layer& layer) {
  return layer_context(layer, "weight", 1, {model::ActivationKind::relu});
}

Filled of(const std::string& scheme, const Layer& layer) {
  return filled(scheme, context_of(layer));
}

/// The weight from input i to output o at a tap, of 9.
float at(const std::vector<float>& values, const Layer& layer, std::int64_t o, std::int64_t i, std::int64_t tap) {
  return values[static_cast<std::size_t>((i * layer.shape[1] + o) * 9 + tap)];
}

TEST(Transposed, PresetsHaveTheFrameworksFans) {
  const Layer layer{LayerKind::convolution, {64, 16, 4, 4}, 1, {}, true};
  const auto target = [&](const char* preset) { return of(preset, layer).report.target_std; };
  EXPECT_NEAR(target("flax-default"), 1 / std::sqrt(64.0 * 16), 1e-12);
  EXPECT_NEAR(target("keras-default"), std::sqrt(2.0 / (80 * 16)), 1e-12);
  EXPECT_NEAR(target("pytorch-default"), 1 / std::sqrt(3.0 * 16 * 16), 1e-12);  // its fan_in: the second extent
  EXPECT_NEAR(target("caffe-msra"), std::sqrt(2.0 / (16 * 16)), 1e-12);
  EXPECT_EQ(target("darknet-default"), 0.02);
  for (const char* preset : {"torchvision-resnet", "torchvision-vgg", "torchvision-densenet", "torchvision-mobilenet",
                             "torchvision-efficientnet", "torchvision-convnext", "timm-resnet", "timm-efficientnet"})
    EXPECT_EQ(target(preset), target("pytorch-default")) << preset;
}

TEST(Transposed, DeltaOrthogonalKeepsTheScaleWhereOutputsOutnumberInputs) {
  const auto target = [](const char* scheme, const Layer& layer) { return of(scheme, layer).report.target_std; };
  EXPECT_EQ(target("delta_orthogonal:keep=scale", narrowing), target("delta_orthogonal", narrowing));
  EXPECT_NEAR(target("delta_orthogonal:keep=scale", widening), 2 * target("delta_orthogonal", widening), 1e-12);
}

TEST(Transposed, OrthogonalWithKeepScaleGivesEachOutputTheGain) {
  for (const Layer& layer : {narrowing, widening, Layer{LayerKind::convolution, {64, 8, 1, 1}, 1, {}, true}}) {
    const WeightContext context = context_of(layer);
    double squares = 0;
    for (const float value : filled("orthogonal:keep=scale", context).values) squares += value * value;
    const double mean = squares / static_cast<double>(element_count(layer.shape));
    EXPECT_GE(mean * context.fans.in, 2 * (1 - 1e-5)) << to_string(layer.shape);  // gain^2 of ReLU
  }
}

TEST(Transposed, PatternsRunFromInputsToOutputs) {
  // Fewer outputs: a part of the identity. More: Hadamard's matrix, an isometry.
  const std::vector<float> narrow = of("zero_init", narrowing).values, wide = of("zero_init", widening).values;
  for (std::int64_t o = 0; o < 16; ++o)
    for (std::int64_t i = 0; i < 64; ++i) EXPECT_EQ(at(narrow, narrowing, o, i, 4), o == i ? 1 : 0);
  for (std::int64_t o = 0; o < 64; ++o)
    for (std::int64_t i = 0; i < 16; ++i) EXPECT_EQ(std::abs(at(wide, widening, o, i, 4)), 0.125F);
  // The identity laid on (outputs, taps x inputs).
  const std::vector<float> taps = of("idinit:noise=0", widening).values;
  for (std::int64_t o = 0; o < 64; ++o)
    for (std::int64_t i = 0; i < 16; ++i)
      for (std::int64_t tap = 0; tap < 9; ++tap)
        EXPECT_EQ(at(taps, widening, o, i, tap), i == o % 16 && tap == o / 16 ? 1 : 0);
  // A wave along each output's weights.
  const Filled waves = of("sinusoidal", narrowing);
  EXPECT_NEAR(waves.report.target_std, std::sqrt(2 / context_of(narrowing).fans.in), 1e-9);
  const auto sine = [](double row, double column) {
    return std::sin((row + 1) * (2 * std::numbers::pi * column / 576 + 2 * std::numbers::pi / 16));
  };
  const double amplitude = at(waves.values, narrowing, 0, 0, 0) / sine(0, 0);
  for (std::int64_t o = 0; o < 16; ++o)
    for (std::int64_t i = 0; i < 64; i += 7)
      EXPECT_NEAR(at(waves.values, narrowing, o, i, 5),
                  amplitude * sine(static_cast<double>(o), static_cast<double>(9 * i + 5)), 1e-6);
}

TEST(Transposed, NoiseOfTheTanhFixedPointHasTheTrueFan) {
  const std::vector<float> values = of("tanh_fixed_point", narrowing).values;
  double squares = 0;
  std::int64_t count = 0;
  for (std::int64_t o = 0; o < 16; ++o)
    for (std::int64_t i = 0; i < 64; ++i, ++count) squares += std::pow(at(values, narrowing, o, i, 0), 2);
  const double fan_in = 64 * 9 / 4.0;
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(count)), 0.085 / std::sqrt(fan_in), 0.0005);
}

TEST(Transposed, FiltersForImagesAreRefused) {
  EXPECT_THAT(
      [] {
        of("gabor", {LayerKind::convolution, {64, 16, 5, 5}, 1, {}, true});
      },
      ThrowsMessage<Error>(HasSubstr("scheme 'gabor' makes filters that read an image; 'weight' is a "
                                     "transposed convolution's weight")));
  EXPECT_THAT([] { of("conv_aware", narrowing); }, ThrowsMessage<Error>(HasSubstr("scheme 'conv_aware'")));
}

}  // namespace
}  // namespace fanin::init
