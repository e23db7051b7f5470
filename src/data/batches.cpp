// Batches: order, augmentation and normalization, straight into the caller's memory.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "fanin/base/error.h"
#include "fanin/data/dataset.h"
#include "fanin/random/stream.h"

namespace fanin::data {
namespace {

using random::make_stream;
using random::Purpose;
using random::uniform_index;

// One sample's changes, drawn from its own blocks of the epoch's stream.
struct Change {
  bool flip = false;
  std::int64_t down = 0, right = 0;   // the crop's shift of the image, in [-crop, crop]
  std::int64_t cut_y = 0, cut_x = 0;  // the cutout's centre
};

constexpr std::uint64_t blocks_per_sample = 8;  // five in use; further kinds of change leave these as they are

Change draw_change(const Augmentation& augmentation, const random::Stream& stream, std::uint64_t sample,
                   const Images& images) {
  const std::uint64_t first = sample * blocks_per_sample;
  Change change;
  if (augmentation.flip) change.flip = uniform_index(stream, first, 2) == 1;
  if (augmentation.crop > 0) {
    const auto places = static_cast<std::uint64_t>(2 * augmentation.crop + 1);
    change.down = static_cast<std::int64_t>(uniform_index(stream, first + 1, places)) - augmentation.crop;
    change.right = static_cast<std::int64_t>(uniform_index(stream, first + 2, places)) - augmentation.crop;
  }
  if (augmentation.cutout > 0) {
    change.cut_y =
        static_cast<std::int64_t>(uniform_index(stream, first + 3, static_cast<std::uint64_t>(images.height)));
    change.cut_x =
        static_cast<std::int64_t>(uniform_index(stream, first + 4, static_cast<std::uint64_t>(images.width)));
  }
  return change;
}

// out (H, W) of one channel; in: the channel's pixels; lookup (256).
void write_changed(const Change& change, std::int64_t height, std::int64_t width, const std::uint8_t* in,
                   const float* lookup, float* out) {
  const std::int64_t begin = std::max<std::int64_t>(change.right, 0);
  const std::int64_t end = std::min(width + change.right, width);
  for (std::int64_t y = 0; y < height; ++y, out += width) {
    const std::int64_t from = y - change.down;
    if (from < 0 || from >= height) {
      std::fill_n(out, width, lookup[0]);
      continue;
    }
    const std::uint8_t* row = in + from * width;
    std::fill(out, out + begin, lookup[0]);
    for (std::int64_t x = begin; x < end; ++x) out[x] = lookup[row[x - change.right]];
    std::fill(out + end, out + width, lookup[0]);
    if (change.flip) std::reverse(out, out + width);
  }
}

// The mean is 0 after normalization.
void cut_out(const Change& change, std::int64_t side, std::int64_t height, std::int64_t width, float* out) {
  const std::int64_t top = change.cut_y - side / 2, left = change.cut_x - side / 2;
  const std::int64_t x_begin = std::max<std::int64_t>(left, 0), x_end = std::min(left + side, width);
  for (std::int64_t y = std::max<std::int64_t>(top, 0); y < std::min(top + side, height); ++y) {
    std::fill(out + y * width + x_begin, out + y * width + x_end, 0.0f);
  }
}

/// Asks for an image's pixels before they are needed: in a shuffled order each would be waited for.
void fetch(const Images& images, std::int64_t index) {
  constexpr std::int64_t cache_line = 64;
  const std::uint8_t* pixels = images.pixels.data() + index * images.image_size();
  for (std::int64_t at = 0; at < images.image_size(); at += cache_line) __builtin_prefetch(pixels + at);
}

void write_plain(const Images& images, std::int64_t index, const float* lookup, float* out) {
  const std::int64_t plane = images.height * images.width;
  const std::uint8_t* in = images.pixels.data() + index * images.image_size();
  for (std::int64_t c = 0; c < images.channels; ++c, in += plane, out += plane, lookup += 256) {
    for (std::int64_t i = 0; i < plane; ++i) out[i] = lookup[in[i]];
  }
}

}  // namespace

Batches::Batches(const Images& images, std::vector<std::uint32_t> indices, Normalization normalization,
                 std::int64_t batch_size, std::uint64_t seed, Augmentation augmentation)
    : images_(images),
      indices_(std::move(indices)),
      normalization_(std::move(normalization)),
      batch_size_(batch_size),
      seed_(seed),
      augmentation_(augmentation) {
  if (batch_size_ < 1) throw Error(fmt::format("a batch of {} images, expected at least 1", batch_size_));
  if (indices_.empty()) throw Error("batches of no images");
  const auto outside =
      std::find_if(indices_.begin(), indices_.end(), [&](auto index) { return index >= images.count; });
  if (outside != indices_.end()) throw Error(fmt::format("image {} of {} images", *outside, images.count));
  const auto channels = static_cast<std::size_t>(images.channels);
  if (normalization_.mean.size() != channels || normalization_.std.size() != channels) {
    throw Error(fmt::format("normalization of {} channels for images of {}", normalization_.mean.size(), channels));
  }
  const std::int64_t side = std::min(images.height, images.width);
  if (augmentation_.crop >= side || augmentation_.cutout > side) {
    throw Error(fmt::format("augmentation '{}' does not fit images of {}x{}", to_string(augmentation_), images.height,
                            images.width));
  }
  lookup_.resize(channels * 256);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t value = 0; value < 256; ++value) {
      lookup_[c * 256 + value] = (static_cast<float>(value) / 255.0f - normalization_.mean[c]) / normalization_.std[c];
    }
  }
}

std::int64_t Batches::batches_per_epoch() const {
  return size() / batch_size_;
}

void Batches::training_batch(std::int64_t step, float* images, std::int32_t* labels) {
  const std::int64_t batches = batches_per_epoch();
  if (batches < 1) throw Error(fmt::format("{} training images are fewer than a batch of {}", size(), batch_size_));
  const std::int64_t epoch = step / batches;
  if (step < 0 || epoch > std::numeric_limits<std::uint32_t>::max())
    throw Error(fmt::format("no training step {}", step));
  const auto draw = static_cast<std::uint32_t>(epoch);
  if (epoch != order_epoch_) {
    order_ = permutation(make_stream(seed_, "order", Purpose::order, draw), static_cast<std::uint32_t>(size()));
    order_epoch_ = epoch;
  }
  const random::Stream stream = make_stream(seed_, "augment", Purpose::augment, draw);
  const std::int64_t plane = images_.height * images_.width;
  const std::uint32_t* order = order_.data() + (step - epoch * batches) * batch_size_;
  for (std::int64_t n = 0; n < batch_size_; ++n, images += images_.image_size()) {
    const std::int64_t index = indices_[order[n]];
    if (n + 1 < batch_size_) fetch(images_, indices_[order[n + 1]]);
    labels[n] = images_.labels[index];
    if (!augmentation_.any()) {
      write_plain(images_, index, lookup_.data(), images);
      continue;
    }
    const Change change = draw_change(augmentation_, stream, static_cast<std::uint64_t>(index), images_);
    for (std::int64_t c = 0; c < images_.channels; ++c) {
      float* out = images + c * plane;
      write_changed(change, images_.height, images_.width,
                    images_.pixels.data() + index * images_.image_size() + c * plane, lookup_.data() + c * 256, out);
      if (augmentation_.cutout > 0) cut_out(change, augmentation_.cutout, images_.height, images_.width, out);
    }
  }
}

std::int64_t Batches::evaluation_batch(std::int64_t first, float* images, std::int32_t* labels) const {
  if (first < 0) throw Error(fmt::format("no image {}", first));
  const std::int64_t real = std::clamp<std::int64_t>(size() - first, 0, batch_size_);
  for (std::int64_t n = 0; n < real; ++n) {
    const std::int64_t index = indices_[first + n];
    labels[n] = images_.labels[index];
    write_plain(images_, index, lookup_.data(), images + n * images_.image_size());
  }
  std::fill(images + real * images_.image_size(), images + batch_size_ * images_.image_size(), 0.0f);
  std::fill(labels + real, labels + batch_size_, 0);
  return real;
}

}  // namespace fanin::data
