// What max-pooling and zero padding do to the scale of a signal, and the gains that make up for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"
#include "init/helpers.h"
#include "reference/network.h"

namespace fanin::init {
namespace {

using model::ActivationKind;
using testing::HasSubstr;
using testing::ThrowsMessage;

double second_moment(const reference::Array& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum / static_cast<double>(values.size());
}

TEST(PoolingFactor, IsThatOfIndependentPixels) {
  EXPECT_NEAR(pooling_factor({ActivationKind::relu}, 4), 2 * 1.544, 2e-3);
  EXPECT_NEAR(pooling_factor({ActivationKind::relu}, 9), 2 * 2.563, 2e-3);
  EXPECT_EQ(pooling_factor({ActivationKind::relu}, 1), 1);
  EXPECT_NEAR(pooling_factor({ActivationKind::identity}, 1, 4), 0.49172 + 1.02938 * 1.02938, 1e-4);
  // ReLU rises with its argument, so the order of the two does not matter.
  EXPECT_NEAR(pooling_factor({ActivationKind::relu}, 1, 4), pooling_factor({ActivationKind::relu}, 4), 1e-5);
  EXPECT_THAT([] { pooling_factor({ActivationKind::relu}, 0); }, ThrowsMessage<Error>(HasSubstr("at least 1")));
}

TEST(PoolingFactor, AgreesWithDraws) {
  constexpr std::size_t windows = 200000;
  std::vector<double> normals(windows * 4);
  random::fill_normal(std::span<double>(normals), random::make_stream(1, "pool", random::Purpose::augment), 0.0, 1.0);
  for (const auto kind : {ActivationKind::tanh, ActivationKind::gelu, ActivationKind::silu, ActivationKind::elu}) {
    const model::Activation activation{kind, 1.0};
    double sum = 0;
    for (std::size_t i = 0; i < windows; ++i) {
      double most = -1e9;
      for (std::size_t k = 0; k < 4; ++k)
        most = std::max(most, model::activation_value(activation, normals[4 * i + k]));
      sum += most * most / windows;
    }
    const double factor = pooling_factor(activation, 4);
    EXPECT_NEAR(sum / activation_moments(activation).second, factor, 0.02 * factor) << model::activation_name(kind);
  }
}

/// A wide 1x1 convolution of noise, ReLU, pooling: neighbouring pixels are independent.
model::Graph pooled(std::int64_t window) {
  model::Graph graph("pooled", {64, 18, 18});
  model::ValueId x = graph.add("conv", model::Conv2d{.out_channels = 256}, {graph.input()});
  x = graph.add("relu", model::Activation{ActivationKind::relu}, {x});
  graph.add("pool", model::MaxPool2d{window, window, window, window}, {x});
  return graph;
}

TEST(PoolingAware, KeepsTheSecondMomentBehindThePool) {
  for (const std::int64_t window : {2, 3})
    for (const auto& [scheme, wanted] :
         {std::pair{"he_normal:pooling=aware", 1.0}, std::pair{"he_uniform:pooling=aware", 1.0},
          std::pair{"he_normal", window == 2 ? 3.09 : 5.13}, std::pair{"lecun_normal:gain=auto,pooling=aware", 1.0}}) {
      const model::Graph graph = pooled(window);
      reference::Network network(graph);
      network.load(initialize(graph, parse_spec(scheme), 1));
      reference::Array image(static_cast<std::size_t>(element_count(graph.input_shape())));
      random::fill_normal(std::span<double>(image), random::make_stream(3, "image", random::Purpose::augment), 0.0,
                          1.0);
      EXPECT_NEAR(second_moment(network.forward(image, false)), wanted, 0.05 * wanted) << scheme << " " << window;
    }
}

TEST(PoolingAware, IsForTheLayerBeforeThePoolAlone) {
  model::Graph graph("net", {3, 8, 8});
  model::ValueId x = graph.add("conv1", model::Conv2d{.out_channels = 8}, {graph.input()});
  x = graph.add("pool1", model::MaxPool2d{}, {x});
  x = graph.add("relu1", model::Activation{ActivationKind::relu}, {x});
  x = graph.add("conv2", model::Conv2d{.out_channels = 8}, {x});
  x = graph.add("bn2", model::BatchNorm{}, {x});
  x = graph.add("pool2", model::MaxPool2d{}, {x});
  graph.add("conv3", model::Conv2d{.out_channels = 8}, {x});
  const std::vector<Place> where = places(graph);
  EXPECT_NEAR(where[0].pooling, 3.09, 0.01);
  EXPECT_EQ(where[3].pooling, 1);  // a normalization sets the scale anew
  EXPECT_EQ(where[6].pooling, 1);
  EXPECT_THAT(
      [&] { initialize(graph, parse_spec("he_normal:mode=fan_out,pooling=aware"), 1); },
      ThrowsMessage<Error>(HasSubstr("scheme 'he_normal' has pooling=aware with mode=fan_out; expected fan_in")));
}

TEST(PaddingAware, IsThereForEveryGainAndDividesByTheBordersRoot) {
  WeightContext context = conv_context(16, 16, 3);
  context.place.border = 0.64;
  for (const char* scheme : {"he_normal", "he_uniform", "xavier_normal", "xavier_uniform", "lecun_normal",
                             "lecun_uniform", "orthogonal", "signed_constant"}) {
    const Filled plain = filled(scheme, context), aware = filled(std::string(scheme) + ":padding=aware", context);
    EXPECT_NEAR(aware.report.gain, plain.report.gain / 0.8, 1e-12) << scheme;
    EXPECT_NEAR(aware.report.target_std, plain.report.target_std / 0.8, 1e-12) << scheme;
    for (std::size_t i = 0; i < plain.values.size(); ++i)
      EXPECT_NEAR(aware.values[i], plain.values[i] / 0.8F, 1e-6F * std::abs(aware.values[i]) + 1e-9F) << scheme;
  }
}

}  // namespace
}  // namespace fanin::init
