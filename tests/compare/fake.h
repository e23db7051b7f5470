// A fake network for the comparison's tests: its losses are formulas of scheme, learning rate, seed and step, so that a
// whole comparison takes milliseconds and its outcome is known beforehand.
#pragma once
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

#include "fanin/base/hash.h"
#include "fanin/compare/compare.h"

namespace fanin::compare::fake {

/// A number in [0, 1) of the text alone.
inline double noise(const std::string& text) {
  return static_cast<double>(hash_text(text) >> 11) * 0x1p-53;
}

/// Schemes by name: "constant" never learns, "normal" diverges above its best rate times ten, the others learn, best at
/// `best_rate`: he_normal 0.1, xavier_normal 0.03, lecun_normal 10 (beyond most grids), orthogonal 0.1.
inline double best_rate(const std::string& name) {
  if (name == "xavier_normal") return 0.03;
  if (name == "lecun_normal") return 10.0;
  return 0.1;
}

inline train::CurvePoint point(const train::TrialSettings& settings, std::int64_t step) {
  const std::string& name = settings.init.name;
  const double log_ratio = std::log10(settings.learning_rate / best_rate(name));
  const double guess = std::log(10.0);
  const double progress = static_cast<double>(step) / static_cast<double>(settings.steps);
  const double luck = 0.02 * noise(name + std::to_string(settings.seed) + " " + std::to_string(settings.learning_rate));
  train::CurvePoint point;
  point.step = step;
  if (name == "zeros" || name == "constant") {
    point.train_loss = point.validation_loss = guess;
    point.validation_accuracy = 0.1;
    return point;
  }
  const double quality = name == "xavier_normal" ? 0.8 : 1.0;
  const double learnt = quality * progress * std::exp(-log_ratio * log_ratio) * (0.97 + luck);
  point.train_loss = point.validation_loss = guess * (1.0 - 0.9 * learnt);
  point.validation_accuracy = 0.1 + 0.85 * learnt;
  return point;
}

inline bool diverges(const train::TrialSettings& settings) {
  return settings.init.name == "normal" && settings.learning_rate > 10.0 * best_rate("normal") * 1.01;
}

inline probe::Profile profile(const train::TrialSettings& settings) {
  probe::Profile result;
  result.loss = std::log(10.0);
  for (int layer = 0; layer < 6; ++layer) {
    probe::LayerProfile values;
    values.name = "conv" + std::to_string(layer + 1);
    const bool zero = settings.init.name == "zeros";
    values.activation_rms = values.preactivation_rms = zero ? 0.0 : std::pow(0.95, layer);
    values.gradient_rms = zero ? 0.0 : 0.01 * std::pow(0.95, 5 - layer);
    values.histogram_low = zero ? -0.5 : -1.0;
    values.histogram_high = -values.histogram_low;
    values.histogram = zero ? std::vector<std::int64_t>{0, 9, 0} : std::vector<std::int64_t>{2, 5, 2};
    result.layers.push_back(values);
  }
  return result;
}

/// Runs a task as a trial of fake numbers. Continues nothing: a task's result depends on its settings and `until`
/// alone.
inline train::TrialResult run(const TrialTask& task) {
  train::TrialResult result;
  const train::TrialSettings& settings = task.settings;
  const std::int64_t every = std::max<std::int64_t>(1, settings.steps / 8);
  std::int64_t last = task.until;
  if (diverges(settings)) {
    result.diverged_at = std::max<std::int64_t>(1, settings.steps / 5);
    last = std::min(last, *result.diverged_at);
    if (last < *result.diverged_at) result.diverged_at.reset();
  }
  for (std::int64_t step = 0; step < last; step += every) result.curve.push_back(point(settings, step));
  result.curve.push_back(point(settings, last));
  if (result.diverged_at) {
    result.curve.back().train_loss = result.curve.back().validation_loss = std::numeric_limits<double>::quiet_NaN();
  }
  result.step = last;
  result.final_train_loss = result.curve.back().train_loss;
  result.stalled = !result.diverged_at && last == settings.steps && result.final_train_loss > 0.98 * std::log(10.0);
  if (task.final) {
    result.profile_start = profile(settings);
    result.profile_end = profile(settings);
    if (!result.diverged_at) {
      result.test_accuracy = result.curve.back().validation_accuracy - 0.01;
      result.test_loss = result.curve.back().validation_loss + 0.05;
    }
  }
  result.seconds = 0.25;
  return result;
}

inline TrialRunner runner() {
  return [](const TrialTask& task, std::stop_token, const std::function<void(std::int64_t)>& on_steps) {
    on_steps(task.until);
    return run(task);
  };
}

/// 10 classes of 1x8x8 images: enough for a split and a small network's shapes.
inline data::Dataset dataset() {
  data::Dataset dataset;
  dataset.name = "fake";
  dataset.source = "nowhere";
  for (int i = 0; i < 10; ++i) dataset.class_names.push_back("class" + std::to_string(i));
  for (auto [images, count] : {std::pair{&dataset.train, 200}, std::pair{&dataset.test, 50}}) {
    images->count = count;
    images->channels = 1;
    images->height = images->width = 8;
    for (std::int64_t i = 0; i < images->count * 64; ++i)
      images->pixels.push_back(static_cast<std::uint8_t>(i * 37 % 251));
    for (std::int64_t i = 0; i < images->count; ++i) images->labels.push_back(static_cast<std::int32_t>(i % 10));
  }
  dataset.checksum = 12345;
  return dataset;
}

inline RunSettings settings(const std::string& schemes = "he_normal,zeros") {
  RunSettings settings;
  settings.data = "fake";
  settings.model = parse_spec("mlp");
  settings.schemes = parse_spec_list(schemes);
  settings.seeds = 3;
  settings.lr_low = 0.001;
  settings.lr_high = 1.0;
  settings.lr_points = 4;
  settings.steps = 80;
  settings.batch = 16;
  return settings;
}

/// A folder of this process alone, not made yet; removed when the process ends.
inline std::filesystem::path fresh_folder(const std::string& name) {
  struct Base {
    std::filesystem::path path =
        std::filesystem::path(testing::TempDir()) / ("fanin_compare_" + std::to_string(getpid()));
    ~Base() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Base base;
  std::filesystem::create_directories(base.path);
  const std::filesystem::path path = base.path / name;
  std::filesystem::remove_all(path);
  return path;
}

}  // namespace fanin::compare::fake
