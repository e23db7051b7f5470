// DenseNet for small images: a 3x3 convolution, three dense blocks in which every layer reads all before it, and
// between blocks a transition that halves the sides. Layers are norm, ReLU, convolution. With bottleneck=1
// (DenseNet-BC) a layer is a 1x1 convolution of 4 growth maps and a 3x3 one of growth maps, transitions halve the maps,
// and the first convolution has 2 growth maps instead of 16. No convolution has a bias.
#include <fmt/format.h>

#include <array>

#include "fanin/base/error.h"
#include "model/builders/families.h"

namespace fanin::model::builders {
namespace {

ValueId norm_relu_conv(Graph& graph, const std::string& prefix, const std::string& number, const Conv2d& conv,
                       ValueId x) {
  x = graph.add(prefix + "bn" + number, BatchNorm{}, {x});
  x = graph.add(prefix + "relu" + number, Activation{ActivationKind::relu}, {x});
  return graph.add(prefix + "conv" + number, conv, {x});
}

}  // namespace

std::span<const OptionInfo> densenet_options() {
  static constexpr std::array options = {
      OptionInfo{"depth", OptionKind::integer, "100", 7, 1000, "",
                 "number of layers with weights: 4 more than a multiple of 6, without bottlenecks of 3"},
      OptionInfo{"growth", OptionKind::integer, "12", 1, 1024, "", "maps that each layer adds"},
      OptionInfo{"bottleneck", OptionKind::integer, "1", 0, 1, "",
                 "1: DenseNet-BC, bottlenecks and halved maps between blocks; 0: neither"},
  };
  return options;
}

Graph densenet(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  require_image(spec, input, 4);
  const std::int64_t depth = options.integer("depth"), growth = options.integer("growth");
  const bool bottleneck = options.integer("bottleneck") == 1;
  const std::int64_t unit = bottleneck ? 6 : 3;  // layers a block gets with each step of the depth
  if ((depth - 4) % unit != 0) {
    throw Error(
        fmt::format("option 'depth' of model 'densenet' is {}; 4 more than a multiple of {} is expected", depth, unit));
  }
  Graph graph(spec.text(), input);
  ValueId x = graph.add("conv1", square_conv(bottleneck ? 2 * growth : 16, 3, 1, 1, false), {graph.input()});
  for (int block = 1; block <= 3; ++block) {
    for (std::int64_t layer = 1; layer <= (depth - 4) / unit; ++layer) {
      const std::string prefix = fmt::format("dense{}.{}.", block, layer);
      ValueId y = x;
      if (bottleneck) y = norm_relu_conv(graph, prefix, "1", square_conv(4 * growth, 1, 1, 0, false), y);
      y = norm_relu_conv(graph, prefix, bottleneck ? "2" : "1", square_conv(growth, 3, 1, 1, false), y);
      x = graph.add(prefix + "concat", Concat{}, {x, y});
    }
    if (block == 3) break;
    const std::string prefix = fmt::format("trans{}.", block);
    const std::int64_t maps = graph.value(x).shape[0];
    x = norm_relu_conv(graph, prefix, "1", square_conv(bottleneck ? maps / 2 : maps, 1, 1, 0, false), x);
    x = graph.add(prefix + "pool", AveragePool2d{}, {x});
  }
  x = graph.add("bn", BatchNorm{}, {x});
  x = graph.add("relu", Activation{ActivationKind::relu}, {x});
  x = graph.add("avgpool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
