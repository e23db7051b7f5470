// The step loop: batch, forward and backward, update, and the points of the curve.
#include "fanin/train/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "fanin/adapt/initialize.h"
#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/data/mixup.h"
#include "fanin/engine/program.h"
#include "fanin/init/effects.h"
#include "fanin/init/files.h"
#include "fanin/model/builders.h"
#include "fanin/train/optimizer.h"
#include "train/checkpoint.h"

namespace fanin::train {
namespace {

constexpr std::int64_t profile_images = 128;
constexpr std::int64_t usual_points = 20;  // of a curve
constexpr std::int64_t usual_validation = 5000;
constexpr double stalled_share = 0.98;  // of ln(classes), the loss of a network that has learned nothing
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

TrialSettings with_defaults(const TrialData& data, TrialSettings settings) {
  const std::int64_t images = data.dataset.train.count;
  if (settings.batch < 1) throw Error(fmt::format("batch size is {}; expected at least 1", settings.batch));
  if (settings.steps < 1) throw Error(fmt::format("the budget is {} steps; expected at least 1", settings.steps));
  if (!(settings.learning_rate > 0) || !std::isfinite(settings.learning_rate)) {
    throw Error(fmt::format("learning rate is {}; expected a positive number", settings.learning_rate));
  }
  if (settings.patience < 0) {
    throw Error(fmt::format("patience is {}; expected 0 (none) or a number of points", settings.patience));
  }
  if (settings.validation_size == 0)
    settings.validation_size = std::clamp<std::int64_t>(images / 10, 1, usual_validation);
  const std::int64_t left = images - settings.validation_size;
  const std::int64_t available = settings.train_size == 0 ? left : std::min(settings.train_size, left);
  if (settings.batch > available) {
    throw Error(
        fmt::format("batch size is {}; expected at most the {} training images that are left beside the {} for "
                    "validation",
                    settings.batch, available, settings.validation_size));
  }
  if (settings.evaluate_every == 0) settings.evaluate_every = std::max<std::int64_t>(1, settings.steps / usual_points);
  return settings;
}

std::vector<std::uint32_t> all_of(const data::Images& images) {
  std::vector<std::uint32_t> indices(static_cast<std::size_t>(images.count));
  std::iota(indices.begin(), indices.end(), 0u);
  return indices;
}

model::Graph build(const TrialData& data, const TrialSettings& settings) {
  const data::Images& images = data.dataset.train;
  const Shape input = {images.channels, images.height, images.width};
  return init::prepare(model::build_model(settings.model, input, data.dataset.classes()), settings.init);
}

engine::CompileOptions compile_options(const TrialSettings& settings) {
  engine::CompileOptions options;
  options.batch = settings.batch;
  options.label_smoothing = settings.label_smoothing;
  return options;
}

}  // namespace

std::string TrialSettings::canonical_text() const {
  // What a scheme reads from a file is part of what it is.
  const std::string contents = init::contents_checksum(init);
  return fmt::format(
      "model={} init={} optimizer={} schedule={} learning_rate={} seed={} batch={} steps={} evaluate_every={} "
      "train_size={} validation_size={} augmentation={} clip_norm={} label_smoothing={} mixup={} patience={}",
      model.text(), init.text() + (contents.empty() ? "" : "@" + contents), optimizer.text(), schedule.text(),
      learning_rate, seed, batch, steps, evaluate_every, train_size, validation_size, data::to_string(augmentation),
      clip_norm, label_smoothing, mixup, patience);
}

struct Trial::Impl {
  Impl(const TrialData& shared, TrialSettings wanted, const std::stop_token& stop, Start start)
      : data(shared),
        settings(with_defaults(shared, std::move(wanted))),
        files(settings.init),
        split(data::make_split(data.dataset.train, settings.train_size, settings.validation_size, settings.seed)),
        graph(build(data, settings)),
        program(graph, compile_options(settings)),
        optimizer(settings.optimizer, program,
                  init::learning_rate_factors(graph, settings.init, update_rule(settings.optimizer.name))),
        schedule(settings.schedule, settings.steps),
        training(data.dataset.train, split.train, data.normalization, settings.batch, settings.seed,
                 settings.augmentation),
        mixup(settings.mixup, settings.seed, settings.batch, training.batches_per_epoch()),
        validation(data.dataset.train, split.validation, data.normalization, settings.batch, settings.seed) {
    const adapt::Samples samples(data.dataset.train, split.train, data.normalization);
    if (start == Start::given) {
      adapt::check(graph, settings.init, settings.seed, samples);
    } else {
      program.load(adapt::initialize(graph, settings.init, settings.seed, samples, stop));
    }
  }

  void step(const std::stop_token& stop);
  void mix(std::int64_t step);
  void add_point(std::stop_token stop);
  bool regular_point_due() const;
  void stop_early();
  void settle();
  engine::EvaluationResult evaluate(const data::Batches& batches, std::stop_token stop);

  TrialData data;
  TrialSettings settings;
  init::SchemeFiles files;  // as they were read at the start, for the checkpoints' canonical text
  data::Split split;
  model::Graph graph;
  engine::Program program;
  Optimizer optimizer;
  Schedule schedule;
  data::Batches training;
  data::Mixup mixup;
  data::Batches validation;
  std::optional<TrialTiming> timing;
  TrialState state;  // its parameters and optimizer blocks stay empty: the program holds them
};

engine::EvaluationResult Trial::Impl::evaluate(const data::Batches& batches, std::stop_token stop) {
  engine::EvaluationResult total;
  for (std::int64_t first = 0; first < batches.size(); first += settings.batch) {
    if (stop.stop_requested()) throw Interrupted();
    const std::int64_t count = batches.evaluation_batch(first, program.input(), program.labels());
    const engine::EvaluationResult part = program.evaluate(count, stop);
    total.loss_sum += part.loss_sum;
    total.correct += part.correct;
  }
  return total;
}

void Trial::Impl::mix(std::int64_t step) {
  const auto batch = static_cast<std::size_t>(settings.batch);
  const data::Images& images = data.dataset.train;
  program.set_share(mixup.apply(step, program.input(), images.image_size(), {program.labels(), batch},
                                {program.partner_labels(), batch}));
}

void Trial::Impl::step(const std::stop_token& stop) {
  TrialResult& result = state.result;
  const auto start = timing ? Clock::now() : Clock::time_point();
  training.training_batch(result.step, program.input(), program.labels());
  if (mixup.any()) mix(result.step);
  if (timing) timing->batch_seconds += timing->last_batch = seconds_since(start);
  const engine::BatchResult batch = program.forward_backward(settings.seed, result.step, stop);
  if (result.step == 0) result.curve.front().train_loss = batch.loss;
  if (!std::isfinite(batch.loss)) {
    result.diverged_at = result.step;
    return;
  }
  state.loss_sum += batch.loss;
  ++state.loss_count;
  const auto update = timing ? Clock::now() : Clock::time_point();
  optimizer.step(settings.learning_rate * schedule.factor(result.step), settings.clip_norm);
  if (timing) {
    timing->optimizer_seconds += timing->last_optimizer = seconds_since(update);
    ++timing->steps;
  }
  ++result.step;
}

/// Whether the curve lacks the point of this step; an interruption may have come between the step and its point.
bool Trial::Impl::regular_point_due() const {
  const TrialResult& result = state.result;
  const bool regular = result.step % settings.evaluate_every == 0 || result.step == settings.steps;
  return regular && (result.curve.empty() || result.curve.back().step != result.step);
}

/// A point of the curve where the trial stands. The sums go on after a point between regular ones, so that the curve
/// depends on the step alone and not on where a trial was paused.
void Trial::Impl::add_point(std::stop_token stop) {
  TrialResult& result = state.result;
  const engine::EvaluationResult now = evaluate(validation, stop);
  const auto images = static_cast<double>(validation.size());
  CurvePoint point{result.step, not_a_number, now.loss_sum / images, static_cast<double>(now.correct) / images};
  if (state.loss_count > 0) point.train_loss = state.loss_sum / static_cast<double>(state.loss_count);
  result.curve.push_back(point);
  result.final_train_loss = point.train_loss;
  // The last update may have broken the weights without a training loss to show it.
  if (!std::isfinite(point.validation_loss)) result.diverged_at = result.step;
  state.provisional_point = result.step % settings.evaluate_every != 0 && result.step != settings.steps;
  if (!state.provisional_point) {
    state.loss_sum = 0;
    state.loss_count = 0;
    stop_early();
  }
}

/// Ends the trial where the best point is `patience` regular points back. It follows from the curve alone, so a resumed
/// trial stops where a whole one does.
void Trial::Impl::stop_early() {
  TrialResult& result = state.result;
  if (settings.patience == 0 || result.diverged_at || result.step >= settings.steps) return;
  const auto best =
      std::min_element(result.curve.begin(), result.curve.end(),
                       [](const CurvePoint& a, const CurvePoint& b) { return a.validation_loss < b.validation_loss; });
  if (result.curve.end() - best > settings.patience) result.stopped_at = result.step;
}

void Trial::Impl::settle() {
  TrialResult& result = state.result;
  if (result.diverged_at || !result.finished(settings.steps)) return;
  const double learned_nothing = std::log(static_cast<double>(data.dataset.classes()));
  result.stalled = result.final_train_loss > stalled_share * learned_nothing;
}

Trial::Trial(const TrialData& data, TrialSettings settings, std::stop_token stop, Start start) {
  const DenormalGuard guard;
  impl_ = std::make_unique<Impl>(data, std::move(settings), stop, start);
}
Trial::~Trial() = default;
Trial::Trial(Trial&&) noexcept = default;

void Trial::advance(std::int64_t until, std::stop_token stop, const std::function<void(std::int64_t)>& on_progress) {
  const DenormalGuard guard;
  Impl& self = *impl_;
  TrialResult& result = self.state.result;
  until = std::min(until, self.settings.steps);
  if (result.diverged_at || result.stopped_at || (until <= result.step && !self.regular_point_due())) return;
  const auto start = std::chrono::steady_clock::now();
  if (self.state.provisional_point) {
    result.curve.pop_back();
    self.state.provisional_point = false;
  }
  try {
    if (self.regular_point_due()) self.add_point(stop);
    while (result.step < until && !result.diverged_at && !result.stopped_at) {
      if (stop.stop_requested()) throw Interrupted();
      self.step(stop);
      if (!result.diverged_at && (self.regular_point_due() || result.step == until)) self.add_point(stop);
      if (on_progress && result.step % 8 == 0) on_progress(result.step);
    }
  } catch (...) {
    result.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    throw;
  }
  self.settle();
  result.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (on_progress) on_progress(result.step);
}

void Trial::evaluate_test(std::stop_token stop) {
  const DenormalGuard guard;
  Impl& self = *impl_;
  const data::Batches test(self.data.dataset.test, all_of(self.data.dataset.test), self.data.normalization,
                           self.settings.batch, self.settings.seed);
  const engine::EvaluationResult total = self.evaluate(test, stop);
  const auto images = static_cast<double>(test.size());
  self.state.result.test_loss = total.loss_sum / images;
  self.state.result.test_accuracy = static_cast<double>(total.correct) / images;
}

probe::Profile Trial::profile(std::stop_token stop) const {
  const Impl& self = *impl_;
  const std::int64_t count = std::min(profile_images, self.validation.size());
  const data::Images& images = self.data.dataset.train;
  Tensor batch{{count, images.channels, images.height, images.width}, {}};
  batch.values.resize(static_cast<std::size_t>(element_count(batch.shape)));
  std::vector<std::int32_t> labels(static_cast<std::size_t>(count));
  std::vector<std::uint32_t> first(self.split.validation.begin(), self.split.validation.begin() + count);
  const data::Batches batches(images, std::move(first), self.data.normalization, count, self.settings.seed);
  batches.evaluation_batch(0, batch.values.data(), labels.data());
  return probe::take_profile(self.graph, self.program.store(), batch, labels, stop);
}

void Trial::record_profile_start(std::stop_token stop) {
  impl_->state.result.profile_start = profile(std::move(stop));
}
void Trial::record_profile_end(std::stop_token stop) {
  impl_->state.result.profile_end = profile(std::move(stop));
}

void Trial::start_timing() {
  impl_->timing.emplace();
  impl_->program.start_timing();
}
TrialTiming Trial::timing() const {
  TrialTiming timing = impl_->timing.value_or(TrialTiming{});
  timing.passes = impl_->program.timing();
  return timing;
}

const TrialSettings& Trial::settings() const {
  return impl_->settings;
}
const TrialResult& Trial::result() const {
  return impl_->state.result;
}
std::vector<NamedTensor> Trial::parameters() const {
  return impl_->program.store();
}

void Trial::set_parameters(const std::vector<NamedTensor>& parameters) {
  if (impl_->state.result.step > 0) throw Error("parameters can be set before the first step only");
  impl_->program.load(parameters);
}

void Trial::save_checkpoint(const std::filesystem::path& path) const {
  const Impl& self = *impl_;
  TrialState state = self.state;
  state.parameters = self.program.store();
  for (std::span<float> block : impl_->optimizer.state())
    state.optimizer_blocks.push_back(self.program.to_logical(block));
  state.optimizer_steps = self.optimizer.steps();
  write_checkpoint(path, self.settings.canonical_text(), self.data.dataset.checksum, state);
}

void Trial::restore_checkpoint(const std::filesystem::path& path) {
  Impl& self = *impl_;
  TrialState state = read_checkpoint(path, self.settings.canonical_text(), self.data.dataset.checksum);
  const std::vector<std::span<float>> blocks = self.optimizer.state();
  if (state.optimizer_blocks.size() != blocks.size()) {
    throw Error(fmt::format("checkpoint '{}' is damaged: {} optimizer blocks where {} were expected", path.string(),
                            state.optimizer_blocks.size(), blocks.size()));
  }
  self.program.load(state.parameters);
  for (std::size_t i = 0; i < blocks.size(); ++i) self.program.from_logical(state.optimizer_blocks[i], blocks[i]);
  self.optimizer.set_steps(state.optimizer_steps);
  state.parameters.clear();
  state.optimizer_blocks.clear();
  self.state = std::move(state);
}

}  // namespace fanin::train
