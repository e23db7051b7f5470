// Made-up results. Profiles follow the recursion that mean-field theory gives for a plain ReLU network: each layer
// multiplies the signal by the scheme's gain.
#include "report/synthetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "fanin/base/hash.h"

namespace fanin::report {
namespace {

using compare::Interval;
using compare::PairResult;
using compare::RateResult;
using compare::Results;
using compare::SchemeResult;
using probe::LayerProfile;
using probe::Profile;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t steps = 2000, every = 100;
constexpr std::size_t layers = 20;

// In [-1, 1], a function of the key.
double noise(std::uint64_t key) {
  return static_cast<double>(mix64(key) >> 11) * 0x1p-52 - 1;
}

struct Behaviour {
  const char* spec;
  double gain;        // of a layer's signal at the start
  double final_loss;  // of the training curve; ln 10: does not train
  double speed;       // 1 / steps
  double accuracy;
  double weight_rms;
};

const Behaviour behaviours[] = {
    {"he_normal", 1.0, 0.22, 1.0 / 250, 0.893, 0.083},
    {"orthogonal", 1.0, 0.20, 1.0 / 220, 0.897, 0.083},
    {"xavier_uniform", 0.71, 0.55, 1.0 / 900, 0.802, 0.059},
    {"normal:std=0.01", 0.12, std::log(10), 1, 0.1, 0.01},
    {"zeros", 0.0, std::log(10), 1, 0.1, 0.0},
};

Profile make_profile(const Behaviour& behaviour, std::uint64_t seed, bool start) {
  Profile profile;
  const double gain = start || behaviour.accuracy < 0.2 ? behaviour.gain : 0.5 * (behaviour.gain + 1);
  for (std::size_t l = 0; l < layers; ++l) {
    const double wobble = 1 + 0.12 * noise(seed * 1000 + l);
    LayerProfile layer;
    layer.name = l + 1 < layers ? fmt::format("conv{}", l + 1) : "fc";
    layer.preactivation_rms = std::pow(gain, static_cast<double>(l)) * wobble;
    layer.activation_rms = 0.7 * layer.preactivation_rms;
    layer.gradient_rms = 1e-3 * std::pow(gain, static_cast<double>(layers - 1 - l)) * wobble;
    if (behaviour.gain == 0) layer.activation_rms = layer.gradient_rms = 0;
    layer.dead_fraction = behaviour.gain == 0 ? 1 : std::clamp(0.02 + 0.06 * noise(seed * 77 + l), 0.0, 1.0);
    layer.weight_rms = behaviour.weight_rms * (l == 0 ? 4 : 1);
    const double reach = layer.weight_rms * (l + 1 == layers ? 2 : 4);
    layer.histogram_low = -reach;
    layer.histogram_high = reach;
    layer.histogram.assign(40, 0);
    for (std::size_t bin = 0; bin < 40; ++bin) {
      const double z = (static_cast<double>(bin) - 19.5) / 5;
      layer.histogram[bin] = static_cast<std::int64_t>(4000 * std::exp(-0.5 * z * z));
    }
    profile.layers.push_back(layer);
  }
  profile.loss = std::log(10);
  return profile;
}

train::TrialResult make_trial(const Behaviour& behaviour, std::uint64_t seed, bool diverges) {
  train::TrialResult trial;
  const std::int64_t end = diverges ? 730 : steps;
  for (std::int64_t step = 0; step <= end; step += every) {
    const double left = std::exp(-static_cast<double>(step) * behaviour.speed);
    const double wobble =
        0.06 * noise(seed * 31 + static_cast<std::uint64_t>(step)) * (behaviour.accuracy > 0.2 ? 1 : 0.02);
    train::CurvePoint point;
    point.step = step;
    point.train_loss = behaviour.final_loss + (std::log(10) - behaviour.final_loss) * left + wobble;
    if (diverges && step > 500) point.train_loss = 7.5e8;
    point.validation_loss = point.train_loss + 0.05;
    point.validation_accuracy = behaviour.accuracy + (0.1 - behaviour.accuracy) * left - 0.2 * wobble;
    trial.curve.push_back(point);
  }
  trial.step = end;
  trial.profile_start = make_profile(behaviour, seed, true);
  if (diverges) {
    trial.diverged_at = end;
    trial.final_train_loss = nan;
    return trial;
  }
  trial.final_train_loss = trial.curve.back().train_loss;
  trial.stalled = behaviour.accuracy < 0.2;
  trial.test_accuracy = behaviour.accuracy + (trial.stalled ? 0 : 0.006 * noise(seed * 7 + 3));
  trial.test_loss = trial.final_train_loss + 0.1;
  trial.profile_end = make_profile(behaviour, seed + 50, false);
  return trial;
}

Interval interval_of(const std::vector<double>& values) {
  Interval interval;
  interval.n = static_cast<std::int64_t>(values.size());
  interval.mean = interval.low = interval.high = interval.std = nan;
  if (values.empty()) return interval;
  interval.mean = 0;
  for (const double v : values) interval.mean += v / static_cast<double>(values.size());
  if (values.size() < 2) return interval;
  interval.std = 0;
  for (const double v : values) interval.std += (v - interval.mean) * (v - interval.mean);
  interval.std = std::sqrt(interval.std / static_cast<double>(values.size() - 1));
  const double t = values.size() == 2 ? 12.706 : 4.303;
  interval.low = interval.mean - t * interval.std / std::sqrt(static_cast<double>(values.size()));
  interval.high = interval.mean + t * interval.std / std::sqrt(static_cast<double>(values.size()));
  return interval;
}

std::vector<RateResult> make_rates(const Behaviour& behaviour) {
  std::vector<RateResult> rates;
  for (std::int64_t i = -2; i < 7; ++i) {
    RateResult rate;
    rate.learning_rate = 0.001 * std::pow(10, 0.5 * static_cast<double>(i));
    rate.grid_index = i;
    const double distance = std::abs(static_cast<double>(i) - 1);
    rate.steps = distance <= 1 ? steps : distance <= 2 ? 1000 : 500;
    rate.stalled = behaviour.accuracy < 0.2;
    rate.score = rate.stalled ? std::log(10) : std::min(2.4, behaviour.final_loss + 0.1 + 0.22 * distance * distance);
    rate.validation_accuracy = rate.stalled ? 0.1 : behaviour.accuracy - 0.09 * distance;
    rate.diverged = behaviour.gain == 1 && i > 4;
    if (rate.diverged) rate.score = nan;
    rate.chosen = rate.stalled ? i == 3 : i == 1;
    rates.push_back(rate);
  }
  return rates;
}

SchemeResult make_scheme(const Behaviour& behaviour) {
  SchemeResult scheme;
  scheme.scheme = parse_spec(behaviour.spec);
  scheme.rates = make_rates(behaviour);
  for (const auto& rate : scheme.rates)
    if (rate.chosen) scheme.learning_rate = rate.learning_rate;
  std::vector<double> accuracy, loss;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const bool diverges = scheme.scheme.name == "xavier_uniform" && seed == 1;
    scheme.seeds.push_back(seed);
    scheme.trials.push_back(make_trial(behaviour, seed, diverges));
    const auto& trial = scheme.trials.back();
    scheme.diverged += diverges ? 1 : 0;
    scheme.stalled += trial.stalled ? 1 : 0;
    if (diverges) continue;
    accuracy.push_back(*trial.test_accuracy);
    loss.push_back(trial.final_train_loss);
  }
  scheme.trains_at_no_rate = behaviour.accuracy < 0.2;
  scheme.test_accuracy = interval_of(accuracy);
  scheme.final_train_loss = scheme.loss_area = interval_of(loss);
  scheme.failure_proportion = {static_cast<double>(scheme.diverged + scheme.stalled) / 3, 0.01, 0.9, 0, 3};
  compare::TimeToTarget time;
  time.reached = scheme.trains_at_no_rate ? 0 : 3 - scheme.diverged;
  time.censored = 3 - time.reached;
  if (time.reached > 1) time.median_steps = 1.6 / behaviour.speed;
  scheme.time_to_target = time;
  if (behaviour.gain < 0.5) scheme.activation_lost_at = behaviour.gain > 0 ? 4 : 1;
  if (behaviour.gain < 0.5) scheme.gradient_lost_at = behaviour.gain > 0 ? layers - 5 : layers - 2;
  return scheme;
}

}  // namespace

Results plain_network_results() {
  Results results;
  auto& settings = results.settings;
  settings.data = "fashion-mnist";
  settings.model = parse_spec("vanilla:depth=20,width=32");
  settings.seeds = 3;
  settings.steps = steps;
  settings.target = 0.75;
  settings.train_size = 20000;
  results.dataset_name = "fashion-mnist";
  results.dataset_source = "/usr/share/datasets/fashion-mnist";
  results.classes = 10;
  results.train_images = 20000;
  results.validation_images = 5000;
  results.test_images = 10000;
  results.normalization_mean = {0.2860F};
  results.normalization_std = {0.3530F};
  results.parameter_count = 184394;
  for (std::size_t l = 0; l < layers; ++l)
    results.layer_names.push_back(l + 1 < layers ? fmt::format("conv{}", l + 1) : "fc");
  for (const Behaviour& behaviour : behaviours) {
    settings.schemes.push_back(parse_spec(behaviour.spec));
    results.schemes.push_back(make_scheme(behaviour));
  }
  results.ranking = {1, 0, 2, 3, 4};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = i + 1; j < 3; ++j) {
      PairResult pair;
      pair.a = results.ranking[i];
      pair.b = results.ranking[j];
      const double difference = results.schemes[pair.a].test_accuracy.mean - results.schemes[pair.b].test_accuracy.mean;
      pair.difference = {difference, difference - 0.012, difference + 0.012, 0.005, 3};
      pair.p_value = j == 1 ? 0.31 : 0.0004;
      pair.p_holm = j == 1 ? 0.31 : 0.0012;
      pair.probability_of_improvement = j == 1 ? 0.67 : 1;
      pair.smallest_detectable = 0.021;
      results.pairs.push_back(pair);
    }
  results.conclusion = {
      "orthogonal and he_normal train best; between them three seeds show no difference (0.4 points, 95 % interval "
      "-0.8 to "
      "1.6).",
      "xavier_uniform is 9.5 points behind: without ReLU's factor of 2 its signal loses 29 % a layer.",
      "normal:std=0.01 and zeros train at no learning rate; normal:std=0.01 loses the signal at layer 5 (conv5).",
      "Three seeds would have seen a difference of 2.1 points with 80 % probability; smaller ones may go unseen."};
  results.notes = {"xavier_uniform: one of 3 seeds diverged (seed 1 at step 730); its mean is over the other two.",
                   "zeros: stalled at every learning rate; the middle one was taken."};
  results.command =
      "fanin compare --model vanilla:depth=20,width=32 --data fashion-mnist --init "
      "he_normal,orthogonal,xavier_uniform,normal:std=0.01,zeros --seeds 3 --steps 2000 --train-size 20000 --target "
      "0.75";
  results.version = "0.1.0";
  results.instruction_set = "AVX-512";
  results.library_versions = "oneDNN 2.6.3, Highway 1.0.3";
  return results;
}

Results many_schemes_results(std::size_t copies) {
  Results results = plain_network_results();
  const auto originals = results.schemes;
  for (std::size_t copy = 1; copy < copies; ++copy)
    for (SchemeResult scheme : originals) {
      scheme.scheme.options.emplace_back("copy", std::to_string(copy));
      results.ranking.push_back(results.schemes.size());
      results.settings.schemes.push_back(scheme.scheme);
      results.schemes.push_back(std::move(scheme));
    }
  return results;
}

MachineInfo a_machine() {
  return {"Imagined CPU @ 3.00GHz", "Debian GNU/Linux 12 (bookworm), Linux 6.1", 2};
}

Results hostile_results() {
  Results results = plain_network_results();
  for (auto& scheme : results.schemes) scheme.scheme = Spec{hostile_name, {{hostile_name, hostile_name}}};
  results.settings.model.name = results.settings.optimizer.name = results.settings.schedule.name = hostile_name;
  for (std::string* text : {&results.settings.data, &results.dataset_name, &results.dataset_source, &results.command,
                            &results.version, &results.instruction_set, &results.library_versions})
    *text = hostile_name;
  for (auto* list : {&results.layer_names, &results.conclusion, &results.notes})
    for (std::string& text : *list) text = hostile_name;
  return results;
}

}  // namespace fanin::report
