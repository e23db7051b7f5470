// Batches: order, normalization and augmentation against plain definitions.
#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "data/folders.h"
#include "fanin/random/stream.h"

namespace fanin::data {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::error_of;
using testing::labelled_images;

std::vector<std::uint32_t> first_indices(std::size_t count) {
  std::vector<std::uint32_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0u);
  return indices;
}

// Pixels that tell channel, row and column apart: never 0, which is the padding's value.
Images patterned_images(std::int64_t count, std::int64_t channels, std::int64_t side) {
  Images images;
  images.count = count;
  images.channels = channels;
  images.height = images.width = side;
  for (std::int64_t i = 0; i < count * images.image_size(); ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(1 + i % 251));
  images.labels.assign(static_cast<std::size_t>(count), 0);
  for (std::int64_t i = 0; i < count; ++i) images.labels[i] = static_cast<std::int32_t>(i);
  return images;
}

const Normalization plain{{0}, {1.0f / 255}};  // values come out as bytes, 0 to 255

struct Batch {
  std::vector<float> images;
  std::vector<std::int32_t> labels;
};

Batch training_batch(Batches& batches, const Images& images, std::int64_t step) {
  Batch batch{std::vector<float>(batches.batch_size() * images.image_size()),
              std::vector<std::int32_t>(batches.batch_size())};
  batches.training_batch(step, batch.images.data(), batch.labels.data());
  return batch;
}

TEST(Batches, GoThroughEachEpochInItsOwnOrder) {
  std::vector<std::int32_t> labels(11);
  std::iota(labels.begin(), labels.end(), 0);
  const Images images = labelled_images(labels);
  const std::vector<std::uint32_t> indices = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};  // not 0
  Batches batches(images, indices, plain, 3, 42);
  EXPECT_EQ(batches.batches_per_epoch(), 3);
  EXPECT_EQ(batches.size(), 10);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    const auto order = random::permutation(
        random::make_stream(42, "order", random::Purpose::order, static_cast<std::uint32_t>(epoch)), 10);
    for (std::int64_t k = 0; k < 9; ++k) {
      const Batch batch = training_batch(batches, images, epoch * 3 + k / 3);
      const auto expected = static_cast<std::int32_t>(indices[order[k]]);
      EXPECT_EQ(batch.labels[k % 3], expected);
      EXPECT_NEAR(batch.images[2 * (k % 3)], 7.0f * static_cast<float>(expected), 1e-4);
    }
  }
}

TEST(Batches, AreTheSameInAnyOrderOfCalls) {
  const Images images = patterned_images(20, 3, 8);
  const Normalization normalization{{0.1f, 0.2f, 0.3f}, {0.5f, 0.6f, 0.7f}};
  const Augmentation all{true, 2, 3};
  Batches forward(images, first_indices(20), normalization, 6, 7, all),
      backward = forward, other(images, first_indices(20), normalization, 6, 8, all);
  std::vector<Batch> seen;
  for (std::int64_t step = 0; step < 9; ++step) seen.push_back(training_batch(forward, images, step));
  for (std::int64_t step = 8; step >= 0; --step) {
    const Batch batch = training_batch(backward, images, step);
    EXPECT_EQ(batch.images, seen[step].images);
    EXPECT_EQ(batch.labels, seen[step].labels);
  }
  EXPECT_NE(training_batch(other, images, 0).labels, seen[0].labels);
}

TEST(Batches, NormalizeEachChannel) {
  const Images images = patterned_images(4, 2, 3);
  const Normalization normalization{{0.25f, 0.5f}, {0.5f, 2.0f}};
  const Batches batches(images, {2, 1}, normalization, 2, 1);
  std::vector<float> values(2 * 18);
  std::int32_t labels[2];
  EXPECT_EQ(batches.evaluation_batch(0, values.data(), labels), 2);
  EXPECT_THAT(labels, ElementsAre(2, 1));
  for (int n = 0; n < 2; ++n) {
    for (int i = 0; i < 18; ++i) {
      const int c = i / 9;
      const float pixel = static_cast<float>(images.pixels[labels[n] * 18 + i]) / 255.0f;
      EXPECT_EQ(values[n * 18 + i], (pixel - normalization.mean[c]) / normalization.std[c]);
    }
  }
}

TEST(Batches, FillAnEvaluationBatchBeyondTheEndWithZeros) {
  const Images images = patterned_images(5, 1, 2);
  const Batches batches(images, first_indices(5), plain, 4, 1);
  std::vector<float> values(16, -1.0f);
  std::vector<std::int32_t> labels(4, -1);
  EXPECT_EQ(batches.evaluation_batch(4, values.data(), labels.data()), 1);
  EXPECT_THAT(labels, ElementsAre(4, 0, 0, 0));
  EXPECT_THAT(std::vector<float>(values.begin() + 4, values.end()), Each(0.0f));
  EXPECT_NEAR(values[0], 17.0f, 1e-4);
  EXPECT_EQ(batches.evaluation_batch(8, values.data(), labels.data()), 0);
  EXPECT_THAT(values, Each(0.0f));
}

// What an augmented image can be: crop by (down, right), flip, cut out, pixel by pixel.
std::vector<float> changed(const Images& images, std::int64_t index, std::int64_t down, std::int64_t right, bool flip) {
  std::vector<float> out;
  const std::int64_t side = images.height;
  for (std::int64_t c = 0; c < images.channels; ++c) {
    for (std::int64_t y = 0; y < side; ++y) {
      for (std::int64_t x = 0; x < side; ++x) {
        const std::int64_t from_y = y - down, from_x = (flip ? side - 1 - x : x) - right;
        const bool inside = from_y >= 0 && from_y < side && from_x >= 0 && from_x < side;
        const std::int64_t at = ((index * images.channels + c) * side + from_y) * side + from_x;
        out.push_back(inside ? static_cast<float>(images.pixels[at]) / 255.0f * 255.0f : 0.0f);
      }
    }
  }
  return out;
}

bool near(const float* a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (std::abs(a[i] - b[i]) > 1e-3f) return false;
  }
  return true;
}

TEST(Batches, FlipAndCropEveryWayOnceInAWhile) {
  const Images images = patterned_images(40, 3, 5);
  const Normalization normalization{{0, 0, 0}, {1.0f / 255, 1.0f / 255, 1.0f / 255}};
  Batches batches(images, first_indices(40), normalization, 40, 3, parse_augmentation("flip,crop:1"));
  std::set<std::tuple<std::int64_t, std::int64_t, bool>> seen;
  int flips = 0;
  for (std::int64_t step = 0; step < 10; ++step) {
    const Batch batch = training_batch(batches, images, step);
    for (std::int64_t n = 0; n < 40; ++n) {
      int matches = 0;
      for (std::int64_t down = -1; down <= 1; ++down) {
        for (std::int64_t right = -1; right <= 1; ++right) {
          for (const bool flip : {false, true}) {
            if (!near(batch.images.data() + n * 75, changed(images, batch.labels[n], down, right, flip))) continue;
            ++matches;
            flips += flip ? 1 : 0;
            seen.insert({down, right, flip});
          }
        }
      }
      ASSERT_EQ(matches, 1);
    }
  }
  EXPECT_EQ(seen.size(), 18u);
  EXPECT_NEAR(flips, 200, 40) << "four standard deviations of 400 fair coins";
}

TEST(Batches, CutOutASquareOfTheMean) {
  const Images images = patterned_images(64, 1, 6);
  Batches batches(images, first_indices(64), plain, 64, 3, parse_augmentation("cutout:3"));
  const Batch batch = training_batch(batches, images, 0);
  std::set<std::int64_t> areas;
  for (std::int64_t n = 0; n < 64; ++n) {
    const std::vector<float> whole = changed(images, batch.labels[n], 0, 0, false);
    std::int64_t top = 6, bottom = -1, left = 6, right = -1, zeros = 0;
    for (std::int64_t i = 0; i < 36; ++i) {
      const float value = batch.images[n * 36 + i];
      if (value != 0.0f) {
        EXPECT_NEAR(value, whole[i], 1e-3);
        continue;
      }
      ++zeros;
      top = std::min(top, i / 6);
      bottom = std::max(bottom, i / 6);
      left = std::min(left, i % 6);
      right = std::max(right, i % 6);
    }
    EXPECT_EQ(zeros, (bottom - top + 1) * (right - left + 1)) << "a full rectangle";
    areas.insert(zeros);
  }
  EXPECT_THAT(areas, ElementsAre(4, 6, 9)) << "centred on any pixel: cut at corners and edges";
}

TEST(Batches, RefuseWhatDoesNotFit) {
  const Images images = patterned_images(5, 1, 4);
  const auto message = [&](std::vector<std::uint32_t> indices, Normalization normalization, std::int64_t batch,
                           std::string_view augmentation) {
    return error_of([&] { Batches(images, indices, normalization, batch, 1, parse_augmentation(augmentation)); });
  };
  EXPECT_EQ(message({0}, plain, 0, "none"), "a batch of 0 images, expected at least 1");
  EXPECT_EQ(message({}, plain, 1, "none"), "batches of no images");
  EXPECT_EQ(message({0, 5}, plain, 1, "none"), "image 5 of 5 images");
  EXPECT_EQ(message({0}, {{0, 0}, {1, 1}}, 1, "none"), "normalization of 2 channels for images of 1");
  EXPECT_EQ(message({0}, plain, 1, "crop:4"), "augmentation 'crop:4' does not fit images of 4x4");
  EXPECT_EQ(message({0}, plain, 1, "cutout:5"), "augmentation 'cutout:5' does not fit images of 4x4");
  Batches few(images, {0, 1}, plain, 3, 1);
  EXPECT_EQ(few.batches_per_epoch(), 0);
  EXPECT_EQ(error_of([&] { training_batch(few, images, 0); }), "2 training images are fewer than a batch of 3");
}

}  // namespace
}  // namespace fanin::data
