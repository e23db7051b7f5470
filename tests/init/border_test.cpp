// What zero padding takes: the published numbers per layer, and the map's way through other operators.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "fanin/model/builders.h"
#include "init/border.h"
#include "init/helpers.h"

namespace fanin::init {
namespace {

std::vector<Border> stack(std::int64_t width, int depth, std::int64_t kernel = 3) {
  model::Graph graph("stack", {4, width, width});
  model::ValueId x = graph.input();
  for (int i = 0; i < depth; ++i) x = graph.add("conv" + std::to_string(i), same_convolution(4, kernel), {x});
  return borders(graph);
}

double product(const std::vector<Border>& layers) {
  double all = 1;
  for (const Border& layer : layers) all *= layer.factor;
  return all;
}

TEST(Borders, BeginWithTheShareOfTapsInside) {
  for (const double width : {4.0, 7.0, 8.0, 16.0, 32.0})
    EXPECT_NEAR(stack(static_cast<std::int64_t>(width), 1)[0].factor, std::pow((3 * width - 2) / (3 * width), 2),
                1e-12);
}

TEST(Borders, TendToTheLargestEigenvalue) {
  for (const std::int64_t width : {4, 7, 8, 14})
    EXPECT_NEAR(stack(width, 400).back().factor,
                std::pow((1 + 2 * std::cos(std::numbers::pi / static_cast<double>(width + 1))) / 3, 2), 1e-9);
  // Kernel 5 on three pixels: every window holds the whole image.
  EXPECT_NEAR(stack(3, 5, 5).back().factor, 0.36, 1e-12);
  EXPECT_NEAR(stack(2, 1, 5)[0].factor, 0.16, 1e-12);
}

/// 1^T B^depth 1 / W for the operator B of a window of three in one direction.
double left_in_one_direction(std::size_t width, int depth) {
  std::vector<double> vector(width + 2, 1.0);
  vector.front() = vector.back() = 0;
  double sum = 0;
  for (int i = 0; i < depth; ++i) {
    std::vector<double> next(width + 2, 0.0);
    sum = 0;
    for (std::size_t at = 1; at <= width; ++at) sum += next[at] = (vector[at - 1] + vector[at] + vector[at + 1]) / 3;
    vector = next;
  }
  return sum / static_cast<double>(width);
}

TEST(Borders, GiveWhatIsLeftAfterAnyNumberOfLayers) {
  for (const std::int64_t width : {4, 8, 32})
    for (const int depth : {1, 2, 10, 50})
      EXPECT_NEAR(
          product(stack(width, depth)) / std::pow(left_in_one_direction(static_cast<std::size_t>(width), depth), 2), 1,
          1e-9);
}

TEST(Borders, ArePartOfTheWholeGraph) {
  model::Graph graph("graph", {4, 8, 8});
  model::ValueId x = graph.add("pad", model::Pad{1, 1, 1, 1}, {graph.input()});
  x = graph.add("explicit", model::Conv2d{.out_channels = 4, .kernel_h = 3, .kernel_w = 3}, {x});
  x = graph.add("relu", model::Activation{model::ActivationKind::relu}, {x});
  x = graph.add("implicit", same_convolution(4), {x});
  x = graph.add("pool", model::GlobalAveragePool{}, {x});
  graph.add("fc", model::Linear{.out_features = 2}, {x});
  const std::vector<Border> layers = borders(graph), plain = stack(8, 2);
  EXPECT_NEAR(layers[1].factor, plain[0].factor, 1e-12);
  EXPECT_NEAR(layers[1].padded, 0.64, 1e-12);
  EXPECT_NEAR(layers[3].factor, plain[1].factor, 1e-12);
  EXPECT_NEAR(layers[3].padded, 1, 1e-12);
  EXPECT_NEAR(layers[5].factor, 1, 1e-12);
}

TEST(Borders, OfEveryModelAreFactors) {
  for (const model::BuilderInfo& row : model::builder_table())
    for (const Border& border : borders(model::build_model({std::string(row.name), {}}, {3, 64, 64}, 10))) {
      EXPECT_GT(border.factor, 0) << row.name;
      EXPECT_LT(border.factor, 1.2) << row.name;  // above 1 where windows leave the image's border out
    }
}

}  // namespace
}  // namespace fanin::init
