// The file behind Trial::save_checkpoint: everything that a trial needs to go on bit for bit.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fanin/train/trial.h"

namespace fanin::train {

/// A trial's state besides what its settings and data decide.
struct TrialState {
  TrialResult result;
  double loss_sum = 0;  // of the steps since the last regular point of the curve
  std::int64_t loss_count = 0;
  bool provisional_point = false;  // the curve's last point was taken at a stop between regular ones
  std::vector<NamedTensor> parameters;
  std::vector<std::vector<NamedTensor>> optimizer_blocks;
  std::int64_t optimizer_steps = 0;
};

/// Writes atomically. `settings` and `checksum` (of the data) are compared when the file is read.
void write_checkpoint(const std::filesystem::path& path, const std::string& settings, std::uint64_t checksum,
                      const TrialState& state);
/// Throws Error when the file is damaged or belongs to other settings or data.
TrialState read_checkpoint(const std::filesystem::path& path, const std::string& settings, std::uint64_t checksum);

}  // namespace fanin::train
