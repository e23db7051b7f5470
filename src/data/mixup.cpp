// Shares from the beta distribution, partners from a permutation, and the mixing of images in place.
#include "fanin/data/mixup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "fanin/base/error.h"
#include "fanin/random/stream.h"

namespace fanin::data {
namespace {

using random::make_stream;
using random::Purpose;
using random::Stream;

/// Uniform numbers in (0, 1] from successive blocks.
class Draws {
 public:
  Draws(const Stream& stream, std::uint64_t first) : stream_(stream), next_(first) {}
  double uniform() { return 1 - random::uniform_unit(stream_, next_++); }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  Stream stream_;
  std::uint64_t next_;
};

/// The logarithm of a number from Gamma(shape, 1), by Marsaglia and Tsang (2000): below a shape of 1 theirs is the
/// number for shape + 1 times U^(1/shape), whose logarithm stays finite where the number itself is too small for a
/// double.
double log_gamma_draw(double shape, Draws& draws) {
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  double v = 0;
  for (;;) {
    const double x = draws.normal();
    v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    if (std::log(draws.uniform()) < x * x / 2 + d - d * v + d * std::log(v)) break;
  }
  double logarithm = std::log(d) + std::log(v);
  if (shape < 1) logarithm += std::log(draws.uniform()) / shape;
  return logarithm;
}

// A draw takes three or four blocks and is repeated in fewer than one case of twenty: a batch never meets the next.
constexpr std::uint64_t blocks_per_share = 1024;

}  // namespace

Mixup::Mixup(double alpha, std::uint64_t seed, std::int64_t batch_size, std::int64_t batches_per_epoch)
    : alpha_(alpha), seed_(seed), batch_size_(batch_size), batches_per_epoch_(batches_per_epoch) {
  if (alpha_ != 0 && !(alpha_ >= least_alpha && alpha_ <= largest_alpha)) {
    throw Error(fmt::format("mixup's alpha is {}; expected 0 (none) or {} to {}", alpha_, least_alpha, largest_alpha));
  }
  if (batch_size_ < 1 || batches_per_epoch_ < 1) {
    throw Error(fmt::format("mixup of {} batches of {} images; expected at least 1", batches_per_epoch_, batch_size_));
  }
}

double Mixup::share(std::int64_t step) const {
  if (!any()) return 1;
  const auto epoch = static_cast<std::uint32_t>(step / batches_per_epoch_);
  const auto place = static_cast<std::uint64_t>(step % batches_per_epoch_);
  Draws draws(make_stream(seed_, "mixup share", Purpose::augment, epoch), place * blocks_per_share);
  const double a = log_gamma_draw(alpha_, draws), b = log_gamma_draw(alpha_, draws);
  return 1 / (1 + std::exp(b - a));  // e^a / (e^a + e^b)
}

std::vector<std::uint32_t> Mixup::partners(std::int64_t step) const {
  const auto epoch = static_cast<std::uint32_t>(step / batches_per_epoch_);
  const auto first = static_cast<std::uint64_t>(step % batches_per_epoch_ * batch_size_);
  const Stream stream = make_stream(seed_, "mixup partners", Purpose::augment, epoch);
  std::vector<std::uint32_t> partner(static_cast<std::size_t>(batch_size_));
  std::iota(partner.begin(), partner.end(), 0u);
  if (!any()) return partner;
  for (std::uint64_t i = partner.size() - 1; i > 0; --i) {
    std::swap(partner[i], partner[random::uniform_index(stream, first + i, i + 1)]);
  }
  return partner;
}

double Mixup::apply(std::int64_t step, float* images, std::int64_t image_size, std::span<const std::int32_t> labels,
                    std::span<std::int32_t> partner_labels) const {
  if (!any()) return 1;
  const double share = this->share(step);
  std::vector<std::uint32_t> partner = partners(step);
  for (std::size_t i = 0; i < partner.size(); ++i) partner_labels[i] = labels[partner[i]];
  const auto own = static_cast<float>(share), other = static_cast<float>(1 - share);
  const auto image = [&](std::size_t i) { return images + static_cast<std::int64_t>(i) * image_size; };
  // Along the permutation's cycles an image is read before it is changed; only a cycle's first is needed again.
  std::vector<float> first(static_cast<std::size_t>(image_size));
  for (std::size_t start = 0; start < partner.size(); ++start) {
    if (partner[start] == start) continue;
    std::copy_n(image(start), image_size, first.data());
    for (std::size_t i = start; partner[i] != i;) {
      const std::size_t next = partner[i];
      const float* with = next == start ? first.data() : image(next);
      float* mixed = image(i);
      for (std::int64_t p = 0; p < image_size; ++p) mixed[p] = own * mixed[p] + other * with[p];
      partner[i] = static_cast<std::uint32_t>(i);  // done
      i = next;
    }
  }
  return share;
}

}  // namespace fanin::data
