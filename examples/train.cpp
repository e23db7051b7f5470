// Train one network from one scheme's weights, watch the curve, and write the weights.
// usage: train [weights.safetensors]
#include <fanin/fanin.h>
#include <cstdio>

#include "stripes.h"

using namespace fanin;

int main(int argc, char** argv) {
  try {
    const data::Dataset dataset = stripes_dataset();
    const train::TrialData data{dataset, data::compute_normalization(dataset.train)};

    train::TrialSettings settings;
    settings.model = parse_spec("lenet5");
    settings.init = parse_spec("he_normal");
    settings.optimizer = parse_spec("adam");
    settings.schedule = parse_spec("cosine:warmup=10");
    settings.learning_rate = 0.003;
    settings.seed = 1;
    settings.batch = 32;
    settings.steps = 100;
    settings.evaluate_every = 25;

    train::Trial trial(data, settings);
    trial.advance(settings.steps);
    trial.evaluate_test();

    const train::TrialResult& result = trial.result();
    for (const train::CurvePoint& point : result.curve)
      std::printf("step %3lld  training loss %.3f  validation accuracy %5.1f %%\n", static_cast<long long>(point.step),
                  point.train_loss, 100 * point.validation_accuracy);
    if (result.diverged_at) {
      std::printf("diverged at step %lld\n", static_cast<long long>(*result.diverged_at));
      return 1;
    }
    std::printf("test accuracy %.1f %%\n", 100 * result.test_accuracy.value());
    if (argc > 1) formats::write_safetensors(argv[1], trial.parameters(), {{"init", settings.init.text()}});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
