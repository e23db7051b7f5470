// Compare a scheme of one's own with a built-in one on a network of one's own, and read the result.
// usage: compare FOLDER    (the run is kept there; a run that was stopped goes on)
#include <fanin/fanin.h>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "stripes.h"

using namespace fanin;

model::Graph plain(const Options& options, const Shape& image, std::int64_t classes) {
  using namespace model;
  Graph graph("plain", image);
  ValueId value = graph.input();
  for (std::int64_t i = 0; i < options.integer("depth"); ++i) {
    const std::string number = std::to_string(i + 1);
    value = graph.add("conv" + number,
                      Conv2d{.out_channels = 8,
                             .kernel_h = 3,
                             .kernel_w = 3,
                             .pad_top = 1,
                             .pad_left = 1,
                             .pad_bottom = 1,
                             .pad_right = 1},
                      {value});
    value = graph.add("tanh" + number, Activation{ActivationKind::tanh}, {value});
  }
  value = graph.add("pool", MaxPool2d{.kernel_h = 4, .kernel_w = 4, .stride_h = 4, .stride_w = 4}, {value});
  value = graph.add("flatten", Flatten{}, {value});
  graph.add("logits", Linear{.out_features = classes}, {value});
  return graph;
}

/// Every weight +s or -s with s = 1 / sqrt(fan_in).
init::Applied signs(const init::WeightContext& context, const Options&, std::span<float> out) {
  const double std = 1 / std::sqrt(context.fans.in);
  const random::Stream stream = random::make_stream(context.seed, context.name, random::Purpose::initialize);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(random::uniform_unit(stream, i) < 0.5 ? -std : std);
  return {.target_std = std};
}

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: compare FOLDER\n");
    return 2;
  }
  try {
    model::register_model({.name = "plain",
                           .summary = "Convolutions of 8 channels with tanh.",
                           .options = {{"depth", OptionKind::integer, "3", 1, 100, "", "convolutions"}},
                           .build = plain});
    init::register_scheme({.name = "signs",
                           .summary = "Random signs times 1 / sqrt(fan_in).",
                           .formula = "W = +-1 / sqrt(fan_in)",
                           .paper = "none",
                           .when = "",
                           .when_not = "",
                           .options = {},
                           .function = signs});

    compare::RunSettings settings;
    settings.data = "stripes";
    settings.model = parse_spec("plain:depth=3");
    settings.schemes = parse_spec_list("signs,normal:std=0.001");
    settings.seeds = 3;
    settings.lr_low = 0.01;
    settings.lr_high = 0.1;
    settings.lr_points = 3;
    settings.steps = 60;
    settings.batch = 32;

    compare::RunOptions options;
    options.out = argv[1];
    options.resume = true;
    const compare::Results results = compare::run_comparison(settings, stripes_dataset(), options);

    for (const std::size_t i : results.ranking) {
      const compare::SchemeResult& scheme = results.schemes[i];
      std::printf("%-18s rate %.3g  test accuracy %.1f %% (95 %%: %.1f to %.1f)\n", scheme.scheme.text().c_str(),
                  scheme.learning_rate, 100 * scheme.test_accuracy.mean, 100 * scheme.test_accuracy.low,
                  100 * scheme.test_accuracy.high);
    }
    for (const std::string& sentence : results.conclusion) std::printf("%s\n", sentence.c_str());
    const std::filesystem::path page = options.out / "report.html";
    std::ofstream(page) << report::render_html({{"plain on stripes", results}}, report::this_machine());
    std::printf("the report is %s\n", page.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
