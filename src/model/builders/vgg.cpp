// VGG for small images: the paper's columns A, B, D and E of 3x3 convolutions (all with biases, as implementations have
// them with batch normalization too) and five poolings, then one linear layer from 512 to the classes in place of the
// paper's three: the head that is used on CIFAR. A 32x32 image is one pixel by then; of a larger one the mean over
// positions is taken, and a pooling that would leave nothing of a smaller one is left out.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "fanin/base/error.h"
#include "model/builders/families.h"

namespace fanin::model::builders {
namespace {

// Convolutions in each of the five stages, of 64, 128, 256, 512 and 512 maps.
struct Column {
  std::string_view name;
  std::array<int, 5> convolutions;
};
constexpr std::array columns = {Column{"vgg11", {1, 1, 2, 2, 2}}, Column{"vgg13", {2, 2, 2, 2, 2}},
                                Column{"vgg16", {2, 2, 3, 3, 3}}, Column{"vgg19", {2, 2, 4, 4, 4}}};
constexpr std::array<std::int64_t, 5> widths = {64, 128, 256, 512, 512};

}  // namespace

std::span<const OptionInfo> vgg_options() {
  static constexpr std::array options = {
      OptionInfo{"norm", OptionKind::choice, "none", 0, 0, "none|batch",
                 "batch normalization between convolution and activation"},
      OptionInfo{"activation", OptionKind::choice, "relu", 0, 0, activation_choices, "after each convolution"},
  };
  return options;
}

Graph vgg(const Spec& spec, const Options& options, const Shape& input, std::int64_t classes) {
  require_image(spec, input, 1);
  const auto column =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == spec.name; });
  if (column == columns.end()) throw Error(fmt::format("'{}' is no column of VGG", spec.name));
  const Operator activation = activation_operator(options.text("activation"));
  const bool norm = options.text("norm") == "batch";
  Graph graph(spec.text(), input);
  ValueId x = graph.input();
  for (std::size_t stage = 0; stage < widths.size(); ++stage) {
    for (int i = 1; i <= column->convolutions[stage]; ++i) {
      const std::string place = fmt::format("{}_{}", stage + 1, i);
      x = graph.add("conv" + place, square_conv(widths[stage], 3, 1, 1, true), {x});
      if (norm) x = graph.add("bn" + place, BatchNorm{}, {x});
      x = graph.add("act" + place, activation, {x});
    }
    x = pool_if_possible(graph, fmt::format("pool{}", stage + 1), x);
  }
  x = graph.add("avgpool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{classes}, {x});
  return graph;
}

}  // namespace fanin::model::builders
