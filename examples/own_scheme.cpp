// A scheme of one's own: registered once, it works wherever a scheme's name does.
#include <fanin/fanin.h>
#include <cmath>
#include <cstdio>

using namespace fanin;

/// Laplace-distributed weights: more small and more large ones than a normal of the same standard deviation.
init::Applied laplace(const init::WeightContext& context, const Options& options, std::span<float> out) {
  const double gain = options.number("gain") * init::forward_gain(context.activation);
  const double std = gain / std::sqrt(context.fans.in), scale = std / std::sqrt(2.0);
  // Element i depends on (seed, parameter's name, i) alone, so trials can be repeated.
  const random::Stream stream = random::make_stream(context.seed, context.name, random::Purpose::initialize);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double u = random::uniform_unit(stream, i) - 0.5;  // in [-0.5, 0.5)
    const double magnitude = -std::log1p(-2 * std::abs(u) * (1 - 1e-12));
    out[i] = static_cast<float>(std::copysign(scale * magnitude, u));
  }
  return {.target_std = std, .gain = gain};
}

int main() {
  try {
    init::register_scheme({.name = "laplace",
                           .summary = "Laplace, scaled by fan_in and the gain of the activation that follows.",
                           .formula = "W ~ Laplace(0, gain / sqrt(2 fan_in))",
                           .paper = "none",
                           .when = "To see whether heavy tails help.",
                           .when_not = "",
                           .options = {{"gain", OptionKind::number, "1", 0, 100, "", "factor on the scale"}},
                           .function = laplace});

    const model::Graph graph = model::build_model(parse_spec("lenet5"), {1, 28, 28}, 10);
    for (const char* scheme : {"he_normal", "laplace", "laplace:gain=0.5"}) {
      std::vector<init::FillReport> reports;
      init::initialize(graph, parse_spec(scheme), /*seed=*/1, &reports);
      const init::FillReport& last = reports.back();
      std::printf("%-18s %s: wanted std %.4f, has %.4f, largest %.3f\n", scheme, last.parameter.c_str(),
                  last.target_std, last.std, last.maximum);
    }
    // Options are checked as a built-in scheme's are.
    try {
      init::initialize(graph, parse_spec("laplace:gain=-1"), 1);
    } catch (const Error& error) {
      std::printf("refused: %s\n", error.what());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
