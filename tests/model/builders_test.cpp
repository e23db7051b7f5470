// The built-in architectures: counts known from papers and own arithmetic, structure, errors.
#include "fanin/model/builders.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <tuple>

#include "model/throws.h"

namespace fanin::model {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

Graph build(std::string_view spec, const Shape& input = {3, 32, 32}, std::int64_t classes = 10) {
  return build_model(parse_spec(spec), input, classes);
}

const Node& node_named(const Graph& graph, std::string_view name) {
  const auto found =
      std::find_if(graph.nodes().begin(), graph.nodes().end(), [&](const Node& n) { return n.name == name; });
  if (found == graph.nodes().end()) throw Error("no node " + std::string(name));
  return *found;
}

Shape shape_of(const Graph& graph, std::string_view name) {
  return graph.value(node_named(graph, name).output).shape;
}

std::int64_t count(const Graph& graph, std::size_t alternative) {
  return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                       [&](const Node& n) { return n.op.index() == alternative; });
}
const std::size_t conv2d = Operator(Conv2d{}).index(), batch_norm = Operator(BatchNorm{}).index(),
                  scale = Operator(Scale{}).index();

TEST(Builders, EveryRowBuildsOnGreyAndColourImages) {
  for (const BuilderInfo& row : builder_table()) {
    EXPECT_FALSE(row.summary.empty()) << row.name;
    for (const OptionInfo& option : row.options) EXPECT_FALSE(option.summary.empty()) << row.name << " " << option.key;
    for (const Shape& input : {Shape{1, 28, 28}, Shape{3, 32, 32}, Shape{3, 45, 61}}) {
      const Graph graph = build(row.name, input, 7);
      EXPECT_EQ(graph.classes(), 7) << row.name;
      EXPECT_EQ(graph.input_shape(), input) << row.name;
      EXPECT_EQ(graph.name(), row.name);
      EXPECT_FALSE(graph.readers(graph.input()).empty()) << row.name;
      for (const Node& node : graph.nodes()) {
        EXPECT_TRUE(node.output == graph.output() || !graph.readers(node.output).empty())
            << row.name << " " << node.name;
      }
    }
  }
}

TEST(Resnet, HasThePublishedCounts) {
  // torchvision's documentation of its models; trainable parameters at 1000 classes.
  for (const auto& [name, parameters, convolutions] : {std::tuple{"resnet18", 11'689'512, 20},
                                                       {"resnet34", 21'797'672, 36},
                                                       {"resnet50", 25'557'032, 53},
                                                       {"resnet101", 44'549'160, 104},
                                                       {"resnet152", 60'192'808, 155}}) {
    const Graph graph = build(name, {3, 224, 224}, 1000);
    EXPECT_EQ(graph.trainable_count(), parameters) << name;
    EXPECT_EQ(count(graph, conv2d), convolutions) << name;  // the shortcuts' four (three up to depth 34) among them
    EXPECT_EQ(count(graph, batch_norm), convolutions) << name;
  }
}

TEST(Resnet, HasTorchvisionsNamesAndSizes) {
  const Graph graph = build("resnet50", {3, 224, 224}, 1000);
  EXPECT_EQ(shape_of(graph, "conv1"), (Shape{64, 112, 112}));
  EXPECT_EQ(shape_of(graph, "maxpool"), (Shape{64, 56, 56}));
  EXPECT_EQ(shape_of(graph, "layer1.0.downsample.0"), (Shape{256, 56, 56}));
  EXPECT_EQ(shape_of(graph, "layer2.0.conv1"), (Shape{128, 56, 56}));
  EXPECT_EQ(shape_of(graph, "layer2.0.conv2"), (Shape{128, 28, 28}));  // the stride of v1.5
  EXPECT_EQ(shape_of(graph, "layer4.2.bn3"), (Shape{2048, 7, 7}));
  EXPECT_THROW(node_named(graph, "layer4.1.downsample.0"), Error);
  EXPECT_THROW(node_named(build("resnet34", {3, 224, 224}), "layer1.0.downsample.0"), Error);
  const Graph bare = build("resnet18:norm=none,branch_scale=scalar", {3, 64, 64});
  EXPECT_EQ(count(bare, batch_norm), 0);
  EXPECT_EQ(count(bare, scale), 8);
}

TEST(Lenet5, HasThePapersMapsOnBothInputSizes) {
  for (const Shape& input : {Shape{1, 28, 28}, Shape{1, 32, 32}}) {
    const Graph graph = build("lenet5", input);
    EXPECT_EQ(graph.trainable_count(), 61706);
    EXPECT_EQ(shape_of(graph, "conv1"), (Shape{6, 28, 28}));
    EXPECT_EQ(shape_of(graph, "conv2"), (Shape{16, 10, 10}));
    EXPECT_EQ(shape_of(graph, "flatten"), (Shape{400}));
  }
  EXPECT_EQ(std::get<Activation>(node_named(build("lenet5:activation=tanh"), "act4").op).kind, ActivationKind::tanh);
  EXPECT_EQ(shape_of(build("lenet5", {1, 12, 12}), "pool2"), (Shape{16, 1, 1}));
  EXPECT_EQ(error_of([] {
              build("lenet5", {1, 11, 28});
            }),
            "model 'lenet5' needs images of at least 12x12 pixels; these have 11x28");
}

TEST(ResnetCifar, HasThePapersParameterCounts) {
  // Convolutions 432 + 2n (9 16^2) + 9 16 32 + (2n - 1) 9 32^2 + 9 32 64 + (2n - 1) 9 64^2, two norm parameters a
  // channel of each convolution, 650 for the last layer.
  for (const auto& [name, n] : std::vector<std::pair<std::string, std::int64_t>>{
           {"resnet20", 3}, {"resnet32", 5}, {"resnet44", 7}, {"resnet56", 9}, {"resnet110", 18}}) {
    const std::int64_t convolutions = 432 + 2 * n * 2304 + 4608 + (2 * n - 1) * 9216 + 18432 + (2 * n - 1) * 36864;
    const std::int64_t norms = 2 * (16 + 2 * n * (16 + 32 + 64));
    const Graph graph = build(name);
    EXPECT_EQ(graph.trainable_count(), convolutions + norms + 650) << name;
    EXPECT_EQ(count(graph, conv2d), 6 * n + 1) << name;
  }
  EXPECT_EQ(build("resnet20").trainable_count(), 269722);
  EXPECT_EQ(build("resnet110").trainable_count(), 1727962);
}

TEST(ResnetCifar, ShrinksByTwoAtItsStages) {
  for (const auto& [side, half, quarter] : {std::array<std::int64_t, 3>{32, 16, 8}, {28, 14, 7}, {33, 17, 9}}) {
    const Graph graph = build("resnet20", {3, side, side});
    EXPECT_EQ(shape_of(graph, "layer1.2.relu2"), (Shape{16, side, side}));
    EXPECT_EQ(shape_of(graph, "layer2.0.shortcut.subsample"), (Shape{16, half, half}));
    EXPECT_EQ(shape_of(graph, "layer2.0.add"), (Shape{32, half, half}));
    EXPECT_EQ(shape_of(graph, "layer3.2.relu2"), (Shape{64, quarter, quarter}));
  }
}

TEST(ResnetCifar, TakesItsOptions) {
  const Graph plain = build("resnet20");
  EXPECT_EQ(count(plain, batch_norm), 19);
  EXPECT_EQ(count(plain, scale), 0);
  EXPECT_FALSE(std::get<Conv2d>(node_named(plain, "layer1.0.conv1").op).bias);
  const Graph skip_init = build("resnet20:norm=none,branch_scale=scalar");
  EXPECT_EQ(count(skip_init, batch_norm), 0);
  EXPECT_EQ(count(skip_init, scale), 9);
  EXPECT_EQ(std::get<Scale>(node_named(skip_init, "layer3.1.scale").op).initial, 0);
  EXPECT_TRUE(std::get<Conv2d>(node_named(skip_init, "layer1.0.conv1").op).bias);
  EXPECT_EQ(following_activation(skip_init, node_named(skip_init, "layer3.1.conv2")).kind, ActivationKind::relu);
  EXPECT_EQ(error_of([] { build("resnet20:norm=batsch"); }),
            "option 'norm' of model 'resnet20' is 'batsch'; expected one of batch|none");
}

TEST(Vanilla, HalvesTheMapAtItsSecondAndThirdConvolution) {
  const Graph graph = build("vanilla", {1, 28, 28});
  EXPECT_EQ(count(graph, conv2d), 20);
  EXPECT_EQ(shape_of(graph, "conv1"), (Shape{16, 28, 28}));
  EXPECT_EQ(shape_of(graph, "conv2"), (Shape{16, 14, 14}));
  EXPECT_EQ(shape_of(graph, "conv3"), (Shape{16, 7, 7}));
  EXPECT_EQ(shape_of(graph, "conv20"), (Shape{16, 7, 7}));
  EXPECT_EQ(graph.trainable_count(), 160 + 19 * (2304 + 16) + 170);
  const Graph normed = build("vanilla:norm=batch,depth=3,width=5,activation=silu");
  EXPECT_EQ(normed.trainable_count(), 5 * 27 + 2 * 225 + 3 * 10 + 60);
  EXPECT_EQ(std::get<Activation>(node_named(normed, "act3").op).kind, ActivationKind::silu);
  EXPECT_EQ(count(build("vanilla:depth=1"), conv2d), 1);
}

TEST(Vgg, HasThePublishedParameterCounts) {
  // The CIFAR variants with batch normalization, ten classes; without it two numbers a map are fewer.
  for (const auto& [name, parameters, maps, convolutions] :
       std::vector<std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>>{{"vgg11", 9231114, 2752, 8},
                                                                                      {"vgg13", 9416010, 2944, 10},
                                                                                      {"vgg16", 14728266, 4224, 13},
                                                                                      {"vgg19", 20040522, 5504, 16}}) {
    EXPECT_EQ(build(name + ":norm=batch").trainable_count(), parameters) << name;
    EXPECT_EQ(build(name).trainable_count(), parameters - 2 * maps) << name;
    EXPECT_EQ(count(build(name), conv2d), convolutions) << name;
  }
  EXPECT_EQ(shape_of(build("vgg16"), "pool5"), (Shape{512, 1, 1}));
  const Graph small = build("vgg16", {1, 28, 28});
  EXPECT_EQ(shape_of(small, "pool4"), (Shape{512, 1, 1}));
  EXPECT_EQ(count(small, Operator(MaxPool2d{}).index()), 4);  // a fifth would leave nothing
  EXPECT_EQ(shape_of(build("vgg11", {3, 64, 64}), "avgpool"), (Shape{512}));
}

TEST(Alexnet, HasTheSmallVariantsMaps) {
  const Graph graph = build("alexnet");
  EXPECT_EQ(graph.trainable_count(), 23296 + 307392 + 663936 + 884992 + 590080 + 2570);
  EXPECT_EQ(shape_of(graph, "conv1"), (Shape{64, 8, 8}));
  EXPECT_EQ(shape_of(graph, "conv3"), (Shape{384, 2, 2}));
  EXPECT_EQ(shape_of(graph, "pool5"), (Shape{256, 1, 1}));
}

TEST(Densenet, HasThePublishedParameterCounts) {
  EXPECT_EQ(build("densenet").trainable_count(), 769162);                         // DenseNet-BC, k = 12: 0.8M
  EXPECT_EQ(build("densenet:depth=40,bottleneck=0").trainable_count(), 1019722);  // 1.0M
  EXPECT_EQ(count(build("densenet"), conv2d), 99);
  const Graph graph = build("densenet:depth=22,growth=8");
  EXPECT_EQ(shape_of(graph, "dense1.3.concat"), (Shape{16 + 3 * 8, 32, 32}));
  EXPECT_EQ(shape_of(graph, "trans1.pool"), (Shape{20, 16, 16}));
  EXPECT_EQ(shape_of(graph, "avgpool"), (Shape{20 + 24 - 22 + 24}));
  EXPECT_EQ(error_of([] { build("densenet:depth=40,growth=12,bottleneck=1"); }), "");
  EXPECT_EQ(error_of([] { build("densenet:depth=41"); }),
            "option 'depth' of model 'densenet' is 41; 4 more than a multiple of 6 is expected");
}

TEST(Activations, OfBuildersAreAllThatExist) {
  for (int i = 0; i < activation_kinds; ++i) {
    const std::string name(activation_name(static_cast<ActivationKind>(i)));
    const Graph graph = build("vanilla:depth=1,activation=" + name);
    EXPECT_EQ(std::get<Activation>(node_named(graph, "act1").op).kind, static_cast<ActivationKind>(i));
  }
  const Graph graph = build("vanilla:depth=2,activation=prelu");
  EXPECT_EQ(graph.parameter(graph.find_parameter("act2.weight")).shape, (Shape{16}));
  EXPECT_EQ(graph.parameter(graph.find_parameter("act2.weight")).role, Role::slope);
  const Activation start = following_activation(graph, node_named(graph, "conv1"));
  EXPECT_EQ(start.kind, ActivationKind::leaky_relu);
  EXPECT_EQ(start.alpha, 0.25);
}

TEST(Mlp, TakesImagesAndVectors) {
  EXPECT_EQ(build("mlp", {1, 28, 28}).trainable_count(), 785 * 256 + 257 * 256 + 257 * 10);
  EXPECT_EQ(build("mlp:hidden=5,layers=1", {7}).trainable_count(), 8 * 5 + 6 * 10);
  EXPECT_EQ(build("mlp:layers=0", {7}).trainable_count(), 80);
}

TEST(Errors, OfModelsNameWhatIsKnown) {
  EXPECT_THAT(error_of([] { build("resnet21"); }), HasSubstr("unknown model 'resnet21'; did you mean 'resnet20'?"));
  EXPECT_THAT(error_of([] { build("inception"); }), HasSubstr("mlp, vanilla, lenet5, resnet20"));
  EXPECT_THAT(error_of([] { build("vanilla:dept=3"); }), HasSubstr("did you mean 'depth'?"));
  EXPECT_EQ(error_of([] { build("vanilla:depth=100000"); }),
            "option 'depth' of model 'vanilla' is 100000; expected an integer from 1 to 1000");
  EXPECT_EQ(error_of([] { build("vanilla:depth=0"); }),
            "option 'depth' of model 'vanilla' is 0; expected an integer from 1 to 1000");
  EXPECT_EQ(error_of([] { build("vanilla:depth=1000,width=4096"); }),
            "model 'vanilla:depth=1000,width=4096' has 150848196618 parameters; at most 2000000000 are supported");
  EXPECT_EQ(error_of([] { build("vanilla", {784}); }),
            "model 'vanilla' takes images (C, H, W); the input has shape 784");
  EXPECT_EQ(error_of([] { build("mlp", {3, 32, 32}, 1); }), "model 'mlp': 1 classes given; at least 2 are expected");
}

TEST(ConvMixer, HasThePublishedParameterCounts) {
  const auto count_of = [](const char* spec) { return build(spec, {3, 224, 224}, 1000).trainable_count(); };
  EXPECT_EQ(count_of("convmixer:width=1536,depth=20,kernel=9,patch=7"), 51625960);  // 51.6 M
  EXPECT_EQ(count_of("convmixer:width=768,depth=32,kernel=7,patch=7"), 21110248);   // 21.1 M
}

TEST(ConvMixer, KeepsItsExtentBehindThePatches) {
  for (const char* kernel : {"7", "8"}) {  // an even kernel pads one more behind
    const Graph graph = build("convmixer:width=8,depth=2,patch=3,kernel=" + std::string(kernel), {3, 32, 32});
    EXPECT_EQ(shape_of(graph, "patches"), (Shape{8, 10, 10}));
    EXPECT_EQ(shape_of(graph, "block1.pointwise.bn"), (Shape{8, 10, 10}));
  }
  const Graph graph = build("convmixer");
  const Node& depthwise = node_named(graph, "block3.depthwise");
  EXPECT_EQ(std::get<Conv2d>(depthwise.op).groups, 128);
  EXPECT_EQ(following_activation(graph, depthwise).kind, ActivationKind::gelu);
  EXPECT_EQ(count(graph, conv2d), 9);
  EXPECT_EQ(count(graph, batch_norm), 9);
  EXPECT_EQ(error_of([] {
              build("convmixer:patch=64", {3, 32, 32});
            }),
            "model 'convmixer' needs images of at least 64x64 pixels; these have 32x32");
}

}  // namespace
}  // namespace fanin::model
