// Shape rules, parameters, errors, fans and what follows a layer.
#include "fanin/model/graph.h"

#include <gmock/gmock.h>

#include <limits>

#include "model/throws.h"

namespace fanin::model {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

// The output shape of `op` on one input.
Shape shape_after(const Operator& op, const Shape& input) {
  Graph graph("test", input);
  return graph.value(graph.add("node", op, {0})).shape;
}

std::string refusal(const Operator& op, const Shape& input) {
  return error_of([&] { shape_after(op, input); });
}

TEST(Shapes, OfEveryOperator) {
  EXPECT_EQ(shape_after(Conv2d{.out_channels = 4, .kernel_h = 3, .kernel_w = 5}, {2, 8, 9}), (Shape{4, 6, 5}));
  EXPECT_EQ(shape_after(Linear{7}, {3}), (Shape{7}));
  EXPECT_EQ(shape_after(BatchNorm{}, {2, 8, 9}), (Shape{2, 8, 9}));
  EXPECT_EQ(shape_after(BatchNorm{}, {5}), (Shape{5}));
  EXPECT_EQ(shape_after(Activation{}, {2, 8, 9}), (Shape{2, 8, 9}));
  EXPECT_EQ(shape_after(MaxPool2d{}, {2, 8, 9}), (Shape{2, 4, 4}));
  EXPECT_EQ(shape_after(AveragePool2d{.kernel_h = 1, .kernel_w = 1}, {2, 7, 8}), (Shape{2, 4, 4}));
  EXPECT_EQ(shape_after(GlobalAveragePool{}, {2, 8, 9}), (Shape{2}));
  EXPECT_EQ(shape_after(Flatten{}, {2, 8, 9}), (Shape{144}));
  EXPECT_EQ(shape_after(Pad{1, 2, 3, 4, 5, 6}, {2, 8, 9}), (Shape{13, 12, 15}));
  EXPECT_EQ(shape_after(Dropout{}, {5}), (Shape{5}));
  EXPECT_EQ(shape_after(Scale{}, {2, 8, 9}), (Shape{2, 8, 9}));
  EXPECT_EQ(shape_after(PReLU{}, {2, 8, 9}), (Shape{2, 8, 9}));
  EXPECT_EQ(shape_after(Concat{}, {2, 8, 9}), (Shape{2, 8, 9}));
  Graph graph("test", {2, 3, 3});
  EXPECT_EQ(graph.value(graph.add("concat", Concat{}, {0, 0, 0})).shape, (Shape{6, 3, 3}));
  EXPECT_EQ(graph.value(graph.add("sum", Add{}, {0, 0})).shape, (Shape{2, 3, 3}));
}

TEST(Shapes, OfStridedPaddedDilatedWindows) {
  // torch.nn.functional.conv2d gives these.
  const Conv2d conv{.out_channels = 6,
                    .kernel_h = 3,
                    .kernel_w = 2,
                    .stride_h = 2,
                    .stride_w = 3,
                    .pad_top = 1,
                    .pad_left = 0,
                    .pad_bottom = 2,
                    .pad_right = 1,
                    .dilation_h = 2,
                    .dilation_w = 3,
                    .groups = 2};
  EXPECT_EQ(shape_after(conv, {4, 9, 11}), (Shape{6, 4, 3}));
  EXPECT_EQ(shape_after(MaxPool2d{3, 3, 2, 2, 1, 1, 1, 1}, {1, 7, 8}), (Shape{1, 4, 4}));
  EXPECT_EQ(shape_after(Conv2d{.out_channels = 1, .kernel_h = 4, .kernel_w = 4}, {1, 4, 4}), (Shape{1, 1, 1}));
}

TEST(Parameters, AreNamedShapedAndOrderedAsPyTorchHasThem) {
  Graph graph("test", {8, 5, 5});
  ValueId x = graph.add("conv1", Conv2d{.out_channels = 16, .kernel_h = 3, .kernel_w = 2, .groups = 4}, {0});
  x = graph.add("bn1", BatchNorm{}, {x});
  x = graph.add("scale", Scale{}, {x});
  x = graph.add("flatten", Flatten{}, {x});
  graph.add("fc", Linear{10, false}, {x});
  std::vector<std::string> seen;
  for (const Parameter& p : graph.parameters()) {
    seen.push_back(p.name + " " + to_string(p.shape) + " " + std::string(role_name(p.role)) + " of " +
                   graph.node(p.node).name);
  }
  EXPECT_THAT(seen, ElementsAre("conv1.weight 16x2x3x2 weight of conv1", "conv1.bias 16 bias of conv1",
                                "bn1.weight 16 norm_scale of bn1", "bn1.bias 16 norm_shift of bn1",
                                "bn1.running_mean 16 running_mean of bn1", "bn1.running_var 16 running_var of bn1",
                                "scale.weight 1 residual_scale of scale", "fc.weight 10x192 weight of fc"));
  EXPECT_THAT(graph.nodes()[0].parameters, ElementsAre(0, 1));
  EXPECT_EQ(graph.trainable_count(), 192 + 16 + 16 + 16 + 1 + 1920);
  EXPECT_EQ(graph.find_parameter("fc.weight"), 7);
  EXPECT_THAT(error_of([&] { graph.find_parameter("fc.wieght"); }), HasSubstr("did you mean 'fc.weight'?"));
  EXPECT_EQ(graph.classes(), 10);
  EXPECT_EQ(graph.output(), 5);
}

TEST(Graphs, KnowTheirReaders) {
  Graph graph("test", {4});
  const ValueId a = graph.add("a", Activation{}, {0});
  graph.add("b", Add{}, {a, 0});
  graph.add("c", Add{}, {a, a});
  EXPECT_THAT(graph.readers(0), ElementsAre(0, 1));
  EXPECT_THAT(graph.readers(a), ElementsAre(1, 2));
  EXPECT_EQ(graph.value(a).producer, 0);
  EXPECT_EQ(graph.value(0).producer, -1);
}

TEST(Errors, NameTheNodeAndTheNumbers) {
  EXPECT_EQ(refusal(Conv2d{.out_channels = 6, .groups = 3}, {16, 4, 4}),
            "node: groups 3 do not divide 16 input channels");
  EXPECT_EQ(refusal(Conv2d{.out_channels = 7, .groups = 2}, {16, 4, 4}),
            "node: groups 2 do not divide 7 output channels");
  EXPECT_EQ(refusal(Conv2d{.out_channels = 7, .groups = 0}, {16, 4, 4}), "node: groups is 0; at least 1 expected");
  EXPECT_EQ(refusal(Conv2d{}, {16, 4, 4}), "node: out_channels is 0; from 1 to 2147483648 expected");
  EXPECT_EQ(refusal(Conv2d{.out_channels = 1, .stride_h = 0}, {1, 4, 4}),
            "node: stride height is 0; from 1 to 1048576 expected");
  EXPECT_EQ(refusal(Conv2d{.out_channels = 1, .pad_left = -1}, {1, 4, 4}),
            "node: padding before the width is -1; from 0 to 1048576 expected");
  EXPECT_EQ(refusal(Conv2d{.out_channels = 1, .kernel_h = 3, .pad_top = 1, .dilation_h = 3}, {1, 4, 4}),
            "node: the window's height is 7, which does not fit into the input's height of 4 with padding 1");
  EXPECT_EQ(refusal(Conv2d{.out_channels = 1}, {4}), "node: the input has shape 4; an image (C, H, W) is expected");
  EXPECT_EQ(refusal(Linear{3}, {1, 2, 2}),
            "node: the input has shape 1x2x2; a vector (F) is expected (flatten it first)");
  EXPECT_EQ(refusal(Linear{0}, {3}), "node: out_features is 0; from 1 to 2147483648 expected");
  EXPECT_EQ(refusal(MaxPool2d{2, 2, 2, 2, 2, 0, 0, 0}, {1, 4, 4}),
            "node: padding (2, 0, 0, 0) must be smaller than the 2x2 window");
  EXPECT_EQ(refusal(BatchNorm{0.0}, {3}), "node: epsilon is 0; above 0 expected");
  EXPECT_EQ(refusal(BatchNorm{1e-5, 1.5}, {3}), "node: momentum is 1.5; from 0 to 1 expected");
  EXPECT_EQ(refusal(Dropout{1.0}, {3}), "node: dropout rate is 1; from 0 to below 1 expected");
  EXPECT_EQ(refusal(Dropout{std::numeric_limits<double>::quiet_NaN()}, {3}),
            "node: dropout rate is nan; from 0 to below 1 expected");
  EXPECT_EQ(refusal(Scale{std::numeric_limits<double>::infinity()}, {3}),
            "node: initial value is inf; a finite number is expected");
  EXPECT_EQ(refusal(Pad{-1}, {1, 2, 2}), "node: padding is -1; from 0 to 1048576 expected");
  EXPECT_EQ(refusal(Flatten{}, {3}), "node: the input has shape 3; an image (C, H, W) is expected");
  EXPECT_EQ(refusal(Add{}, {3}), "node: add takes 2 inputs, 1 given");
}

TEST(Errors, OfTheGraphItself) {
  EXPECT_EQ(error_of([] { Graph("net", {3, 4}); }), "net: the input has shape 3x4; (C, H, W) or (F) is expected");
  EXPECT_EQ(error_of([] {
              Graph("net", {3, 0, 4});
            }),
            "net: the input has shape 3x0x4; extents of at least 1 are expected");
  Graph graph("net", {4, 2, 2});
  const ValueId flat = graph.add("flat", Flatten{}, {0});
  EXPECT_EQ(error_of([&] { graph.add("flat", Flatten{}, {0}); }), "flat: a node of this name exists already in net");
  EXPECT_EQ(error_of([&] { graph.add("", Flatten{}, {0}); }), "net: a node has no name");
  EXPECT_EQ(error_of([&] { graph.add("a", Flatten{}, {7}); }),
            "a: input value 7 does not exist; the network has 2 values");
  EXPECT_EQ(error_of([&] { graph.add("a", Activation{}, {0, 0}); }), "a: activation takes 1 input, 2 given");
  EXPECT_EQ(error_of([&] { graph.add("a", Add{}, {0, flat}); }), "a: adds 4x2x2 to 16; equal shapes are expected");
  // A refused node leaves nothing behind.
  EXPECT_EQ(graph.nodes().size(), 1U);
  EXPECT_EQ(graph.values().size(), 2U);
  EXPECT_TRUE(graph.parameters().empty());
  graph.add("act", Activation{}, {0});
  EXPECT_EQ(error_of([&] { graph.classes(); }), "net: the output has shape 4x2x2; logits (classes) are expected");
}

TEST(Errors, OfSizesThatWouldOverflow) {
  const std::int64_t wide = std::int64_t{1} << 31;
  EXPECT_THAT(
      refusal(
          Conv2d{
              .out_channels = wide, .kernel_h = 1 << 20, .kernel_w = 1 << 20, .pad_top = 1 << 20, .pad_left = 1 << 20},
          {1, 4, 4}),
      ::testing::StartsWith("node: "));
}

Fans fans_of(const Operator& op, const Shape& input) {
  Graph graph("test", input);
  graph.add("node", op, {0});
  return fans(graph, graph.node(0));
}

TEST(Fans, CountTermsAndReaders) {
  const Fans plain = fans_of(Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 5}, {16, 9, 9});
  EXPECT_EQ(plain.in, 16 * 15);
  EXPECT_EQ(plain.out, 32 * 15);
  const Fans grouped = fans_of(Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .groups = 4}, {16, 9, 9});
  EXPECT_EQ(grouped.in, 4 * 9);
  EXPECT_EQ(grouped.out, 8 * 9);
  const Fans depthwise = fans_of(Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .groups = 16}, {16, 9, 9});
  EXPECT_EQ(depthwise.in, 9);
  EXPECT_EQ(depthwise.out, 2 * 9);
  const Fans strided =
      fans_of(Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2}, {16, 9, 9});
  EXPECT_EQ(strided.in, 16 * 9);
  EXPECT_EQ(strided.out, 32 * 9 / 4.0);
  const Fans dilated =
      fans_of(Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .dilation_h = 2, .dilation_w = 3}, {16, 9, 9});
  EXPECT_EQ(dilated.in, 16 * 9);
  EXPECT_EQ(dilated.out, 32 * 9);
  const Fans linear = fans_of(Linear{10}, {84});
  EXPECT_EQ(linear.in, 84);
  EXPECT_EQ(linear.out, 10);
  EXPECT_EQ(error_of([] { fans_of(BatchNorm{}, {3}); }), "node: batch_norm has no fans; conv2d or linear is expected");
}

TEST(MultiplyAccumulates, CountProductsOfOneImage) {
  Graph graph("test", {4, 9, 9});
  ValueId x =
      graph.add("conv", Conv2d{.out_channels = 8, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .groups = 2}, {0});
  x = graph.add("act", Activation{}, {x});
  x = graph.add("pool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{10}, {x});
  EXPECT_EQ(multiply_accumulates(graph, graph.node(0)), 8 * 4 * 7 * 2 * 9);
  EXPECT_EQ(multiply_accumulates(graph, graph.node(1)), 0);
  EXPECT_EQ(multiply_accumulates(graph, graph.node(3)), 80);
}

TEST(FollowingActivation, LooksThroughWhatPassesASignalOn) {
  Graph graph("test", {4, 8, 8});
  ValueId x = graph.add("conv", Conv2d{.out_channels = 4}, {0});
  x = graph.add("bn", BatchNorm{}, {x});
  x = graph.add("scale", Scale{}, {x});
  x = graph.add("none", Activation{ActivationKind::identity}, {x});
  x = graph.add("add", Add{}, {x, 0});
  x = graph.add("drop", Dropout{}, {x});
  x = graph.add("max", MaxPool2d{}, {x});
  x = graph.add("mean", AveragePool2d{}, {x});
  x = graph.add("pad", Pad{}, {x});
  x = graph.add("flat", Flatten{}, {x});
  x = graph.add("act", Activation{ActivationKind::tanh}, {x});
  graph.add("fc", Linear{10}, {x});
  EXPECT_EQ(following_activation(graph, graph.node(0)).kind, ActivationKind::tanh);
  EXPECT_EQ(following_activation(graph, graph.nodes().back()).kind, ActivationKind::identity);
}

TEST(FollowingActivation, StopsAtTheNextLayerAndTakesTheFirstOfSeveral) {
  Graph graph("test", {4});
  const ValueId a = graph.add("fc1", Linear{4}, {0});
  const ValueId b = graph.add("fc2", Linear{4}, {a});
  const ValueId c = graph.add("act1", Activation{ActivationKind::leaky_relu, 0.3}, {b});
  const ValueId d = graph.add("act2", Activation{ActivationKind::tanh}, {b});
  graph.add("sum", Add{}, {c, d});
  EXPECT_EQ(following_activation(graph, graph.node(0)).kind, ActivationKind::identity);
  EXPECT_EQ(following_activation(graph, graph.node(1)).kind, ActivationKind::leaky_relu);
  EXPECT_EQ(following_activation(graph, graph.node(1)).alpha, 0.3);
}

TEST(Summary, AlignsItsColumnsAndAddsUp) {
  Graph graph("small", {1, 6, 6});
  ValueId x =
      graph.add("conv1", Conv2d{.out_channels = 120, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2}, {0});
  x = graph.add("bn1", BatchNorm{}, {x});
  x = graph.add("pool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{10}, {x});
  EXPECT_EQ(summary(graph),
            "small\n\n"
            "node   operator                                  output  parameters   MACs  fan in  fan out\n"
            "-------------------------------------------------------------------------------------------\n"
            "input  -                                          1x6x6           -      -       -        -\n"
            "conv1  conv2d 3x3, 120 channels, stride 2       120x2x2       1,200  4,320       9      270\n"
            "bn1    batch_norm, epsilon 1e-05, momentum 0.1  120x2x2         240      -       -        -\n"
            "pool   global_average_pool                          120           -      -       -        -\n"
            "fc     linear, 10 features                           10       1,210  1,200     120       10\n"
            "-------------------------------------------------------------------------------------------\n"
            "Trainable parameters:  2,650 (0.01 MB in float32)\n"
            "Running statistics:    240\n"
            "MACs of one image:     5,520\n"
            "Values of one image:   1,126 (0.00 MB in float32)\n");
}

}  // namespace
}  // namespace fanin::model
