// Images for schemes that look at some: a batch of one's own, or the images of a training split.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "fanin/adapt/initialize.h"
#include "fanin/base/error.h"

namespace fanin::adapt {

std::int64_t Samples::size() const {
  if (batch_) return static_cast<std::int64_t>(batch_->labels.size());
  return static_cast<std::int64_t>(indices_.size());
}

Batch Samples::take(std::int64_t first, std::int64_t count) const {
  const std::int64_t all = size();
  if (all == 0) throw Error("images are wanted, but there are none");
  if (first < 0 || count < 1) throw std::logic_error("no such images");
  Batch result;
  result.labels.resize(static_cast<std::size_t>(count));
  if (batch_) {
    const std::int64_t image = element_count(batch_->images.shape) / all;
    result.images.shape = batch_->images.shape;
    result.images.shape[0] = count;
    result.images.values.resize(static_cast<std::size_t>(count * image));
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t at = (first + i) % all;
      std::copy_n(batch_->images.values.begin() + at * image, image, result.images.values.begin() + i * image);
      result.labels[static_cast<std::size_t>(i)] = batch_->labels[static_cast<std::size_t>(at)];
    }
    return result;
  }
  std::vector<std::uint32_t> wanted(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i)
    wanted[static_cast<std::size_t>(i)] = indices_[static_cast<std::size_t>((first + i) % all)];
  result.images.shape = {count, images_->channels, images_->height, images_->width};
  result.images.values.resize(static_cast<std::size_t>(element_count(result.images.shape)));
  const data::Batches batches(*images_, std::move(wanted), *normalization_, count, 0);
  batches.evaluation_batch(0, result.images.values.data(), result.labels.data());
  return result;
}

std::vector<std::int64_t> Samples::label_counts(std::int64_t classes) const {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes), 0);
  const auto count = [&](std::int32_t label) {
    if (label < 0 || label >= classes)
      throw Error(fmt::format("an image has label {}; expected 0 to {}", label, classes - 1));
    ++counts[static_cast<std::size_t>(label)];
  };
  if (batch_) {
    for (const std::int32_t label : batch_->labels) count(label);
  } else {
    for (const std::uint32_t index : indices_) count(images_->labels.at(index));
  }
  return counts;
}

}  // namespace fanin::adapt
