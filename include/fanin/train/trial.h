// A trial: one network, one initialization, one learning rate, one seed, trained on one thread. The unit of every
// comparison.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "fanin/base/shape.h"
#include "fanin/base/spec.h"
#include "fanin/data/dataset.h"
#include "fanin/engine/timing.h"
#include "fanin/probe/profile.h"

namespace fanin::train {

/// All that decides a trial's numbers, besides the data, the build and the instruction set.
struct TrialSettings {
  Spec model, init;
  Spec optimizer{"sgd", {{"momentum", "0.9"}}};
  Spec schedule{"constant", {}};
  double learning_rate = 0.01;
  std::uint64_t seed = 0;
  std::int64_t batch = 128;
  std::int64_t steps = 0;            // of the whole budget; the schedule is laid out over it
  std::int64_t evaluate_every = 0;   // steps between points of the curve; 0: about 20 points
  std::int64_t train_size = 0;       // images to train on; 0: all that validation leaves
  std::int64_t validation_size = 0;  // 0: a tenth of the training images, at most 5,000
  data::Augmentation augmentation;
  double clip_norm = 0.0;  // 0: none
  double label_smoothing = 0.0;
  double mixup = 0.0;         // alpha of data::Mixup; 0: none
  std::int64_t patience = 0;  // points of the curve without a lower validation loss after which training ends; 0: never

  /// The settings as canonical text; its hash names the trial in stores and checkpoints. Reads the file of a scheme
  /// that has one: its checksum is part of the text. Throws Error where it cannot be read.
  std::string canonical_text() const;
};

struct CurvePoint {
  std::int64_t step = 0;
  // Mean over the steps since the point before, as it is minimized: with label smoothing and of mixed images where
  // those are on; at step 0 the first batch's before training.
  double train_loss = 0;
  double validation_loss = 0;
  double validation_accuracy = 0;  // [0, 1]
};

struct TrialResult {
  std::vector<CurvePoint> curve;                   // first at step 0, last at the step where the trial stands
  std::int64_t step = 0;                           // steps done
  std::optional<std::int64_t> diverged_at;         // first step whose loss was NaN or infinite; the trial ends there
  std::optional<std::int64_t> stopped_at;          // where patience ended the trial; its weights are those of this step
  bool stalled = false;                            // whole budget done and final training loss > 0.98 ln(classes)
  double final_train_loss = 0;                     // mean over the last point's steps
  std::optional<double> test_accuracy, test_loss;  // once, after the last step
  std::optional<probe::Profile> profile_start, profile_end;
  double seconds = 0;  // training time, evaluation included; never part of results
  bool finished(std::int64_t budget) const { return diverged_at || stopped_at || step >= budget; }
};

/// What many trials share, read only.
struct TrialData {
  const data::Dataset& dataset;
  data::Normalization normalization;
};

/// Where the seconds of training went; evaluation is not part of it.
struct TrialTiming {
  std::int64_t steps = 0;
  double batch_seconds = 0;      // shuffling, augmenting and normalizing batches
  double optimizer_seconds = 0;  // clipping and updates
  double last_batch = 0, last_optimizer = 0;
  std::vector<engine::StepTiming> passes;  // forward and backward, primitive by primitive
};

class Trial {
 public:
  enum class Start { scheme, given };  // given: set_parameters or restore_checkpoint follows, the scheme is not run
  /// Compiles, splits, initializes; a scheme that looks at images sees those of the training split. Throws Error
  /// (settings that do not fit), Interrupted when `stop` asks while the scheme runs the network.
  Trial(const TrialData& data, TrialSettings settings, std::stop_token stop = {}, Start start = Start::scheme);
  ~Trial();
  Trial(Trial&&) noexcept;

  /// Trains up to (not past) `step`, at most the budget. When `stop` asks, also in the middle of a step, throws
  /// Interrupted; the trial then stands after the last whole step.
  /// `on_progress(steps done)` is called every few steps. Denormals are flushed inside.
  void advance(std::int64_t step, std::stop_token stop = {}, const std::function<void(std::int64_t)>& on_progress = {});
  /// The one reading of the test set; call after the last step.
  void evaluate_test(std::stop_token stop = {});
  /// Depth profile of the present weights on the first validation images (at most 128).
  probe::Profile profile(std::stop_token stop = {}) const;
  void record_profile_start(std::stop_token stop = {});
  void record_profile_end(std::stop_token stop = {});

  /// Measures all steps from now on.
  void start_timing();
  TrialTiming timing() const;

  const TrialSettings& settings() const;
  const TrialResult& result() const;
  std::vector<NamedTensor> parameters() const;
  void set_parameters(const std::vector<NamedTensor>& parameters);  // only at step 0

  /// The whole state; restoring continues bit for bit. A checkpoint of other settings, data or a damaged file throws
  /// Error.
  void save_checkpoint(const std::filesystem::path& path) const;
  void restore_checkpoint(const std::filesystem::path& path);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fanin::train
