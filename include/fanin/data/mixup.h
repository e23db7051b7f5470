// Mixup (Zhang, Cisse, Dauphin and Lopez-Paz, ICLR 2018): a network is trained on mixtures of two images and of their
// labels.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace fanin::data {

/// Mixes the images of a batch in pairs: image i becomes share * image i + (1 - share) * image partner(i). `share` is
/// drawn from Beta(alpha, alpha) once a batch, the partners are a random permutation of the batch (an image may be its
/// own partner). Both are functions of (seed, epoch, place of the batch in the epoch) alone, so that trials with the
/// same seed train on the same mixtures.
class Mixup {
 public:
  static constexpr double least_alpha = 1e-3, largest_alpha = 1e3;

  /// `alpha` is 0 (images stay as they are) or in [least_alpha, largest_alpha]; else throws Error.
  Mixup(double alpha, std::uint64_t seed, std::int64_t batch_size, std::int64_t batches_per_epoch);

  bool any() const { return alpha_ > 0; }

  /// The share of batch number `step` (0-based over all epochs); 1 where alpha is 0.
  double share(std::int64_t step) const;
  std::vector<std::uint32_t> partners(std::int64_t step) const;

  /// Mixes batch number `step`: `images` (batch, image_size) in place; `partner_labels` (batch) gets the partners'
  /// labels. Returns the share, 1 where nothing was touched.
  double apply(std::int64_t step, float* images, std::int64_t image_size, std::span<const std::int32_t> labels,
               std::span<std::int32_t> partner_labels) const;

 private:
  double alpha_;
  std::uint64_t seed_;
  std::int64_t batch_size_, batches_per_epoch_;
};

}  // namespace fanin::data
