// A network of one's own: build the graph, look at it, draw its weights, and see what they do to signal and gradient.
#include <fanin/fanin.h>
#include <cstdio>

#include "stripes.h"

using namespace fanin;

/// Two branches over one image, added: something that no built-in model has.
model::Graph two_branches(const Shape& image, std::int64_t classes) {
  using namespace model;
  const auto conv = [](std::int64_t channels, std::int64_t kernel) {
    const std::int64_t pad = kernel / 2;
    return Conv2d{.out_channels = channels,
                  .kernel_h = kernel,
                  .kernel_w = kernel,
                  .pad_top = pad,
                  .pad_left = pad,
                  .pad_bottom = pad,
                  .pad_right = pad};
  };
  Graph graph("two_branches", image);
  const ValueId fine = graph.add("fine", conv(8, 3), {graph.input()});
  const ValueId coarse = graph.add("coarse", conv(8, 5), {graph.input()});
  const ValueId sum = graph.add("sum", Add{}, {fine, coarse});
  const ValueId active = graph.add("relu", Activation{ActivationKind::relu}, {sum});
  const ValueId small = graph.add("pool", MaxPool2d{}, {active});
  const ValueId deeper = graph.add("deeper", conv(16, 3), {small});
  const ValueId deeper_active = graph.add("deeper_relu", Activation{ActivationKind::relu}, {deeper});
  const ValueId mean = graph.add("mean", GlobalAveragePool{}, {deeper_active});
  graph.add("logits", Linear{.out_features = classes}, {mean});
  return graph;
}

int main() {
  try {
    const data::Dataset dataset = stripes_dataset();
    const model::Graph graph = two_branches({1, 16, 16}, dataset.classes());
    std::printf("%s\n", model::summary(graph).c_str());

    // Every weight with the numbers that it was drawn with.
    std::vector<init::FillReport> reports;
    const std::vector<NamedTensor> weights = init::initialize(graph, parse_spec("he_normal"), /*seed=*/1, &reports);
    for (const init::FillReport& report : reports)
      std::printf("%-16s fan_in %4.0f  wanted std %.4f  has %.4f\n", report.parameter.c_str(), report.fan_in,
                  report.target_std, report.std);

    // What a batch of 64 images meets in it.
    const data::Normalization normalization = data::compute_normalization(dataset.train);
    data::Batches batches(dataset.train, data::make_split(dataset.train, 0, 80, 1).train, normalization, 64, 1);
    Tensor images{{64, 1, 16, 16}, std::vector<float>(64 * 16 * 16)};
    std::vector<std::int32_t> labels(64);
    batches.training_batch(0, images.values.data(), labels.data());
    const probe::Profile profile = probe::take_profile(graph, weights, images, labels);
    std::printf("\nloss before training %.3f\n", profile.loss);
    for (const probe::LayerProfile& layer : profile.layers)
      std::printf("%-8s signal %.3f  gradient %.2e\n", layer.name.c_str(), layer.activation_rms, layer.gradient_rms);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
