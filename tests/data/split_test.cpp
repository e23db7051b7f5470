// Normalization, the stratified split and the spelling of augmentations.
#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <set>

#include "data/folders.h"

namespace fanin::data {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::labelled_images;

TEST(Normalization, IsMeanAndDeviationOfEachChannel) {
  Images images;
  images.count = 2;
  images.channels = 2;
  images.height = 1;
  images.width = 5;
  images.pixels = {0, 255, 0, 255, 51, 7, 7, 7, 7, 7, 204, 51, 0, 102, 255, 7, 7, 7, 7, 7};
  const Normalization result = compute_normalization(images);
  // Channel 0 over 255: 0 1 0 1 .2 .8 .2 0 .4 1: mean 0.46, mean square 0.3728 + ... = 0.388.
  EXPECT_FLOAT_EQ(result.mean[0], 0.46f);
  EXPECT_FLOAT_EQ(result.std[0], std::sqrt(0.388f - 0.46f * 0.46f));
  EXPECT_FLOAT_EQ(result.mean[1], 7.0f / 255);
  EXPECT_EQ(result.std[1], 1.0f) << "a constant channel is only shifted";
  EXPECT_EQ(error_of([] { compute_normalization({}); }), "normalization of no images");
}

std::vector<std::int64_t> class_counts(const Images& images, const std::vector<std::uint32_t>& indices, int classes) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes));
  for (const std::uint32_t index : indices) ++counts[images.labels[index]];
  return counts;
}

TEST(Split, IsDisjointStratifiedAndOfTheAskedSizes) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    const int classes = 1 + static_cast<int>(random() % 12);
    std::vector<std::int32_t> labels(20 + random() % 400);
    for (auto& label : labels) label = static_cast<std::int32_t>(std::min(random() % classes, random() % classes));
    labels[0] = classes - 1;
    const Images images = labelled_images(labels);
    const std::int64_t validation = static_cast<std::int64_t>(random() % (images.count - 1));
    const std::int64_t left = images.count - validation;
    const std::int64_t train = round % 3 == 0 ? 0 : 1 + static_cast<std::int64_t>(random() % left);
    const Split split = make_split(images, train, validation, random());
    EXPECT_EQ(static_cast<std::int64_t>(split.validation.size()), validation);
    EXPECT_EQ(static_cast<std::int64_t>(split.train.size()), train == 0 ? left : train);
    std::set<std::uint32_t> all(split.train.begin(), split.train.end());
    all.insert(split.validation.begin(), split.validation.end());
    EXPECT_EQ(all.size(), split.train.size() + split.validation.size());
    EXPECT_LT(*all.rbegin(), images.labels.size());
    std::vector<std::uint32_t> everything(images.labels.size());
    for (std::size_t i = 0; i < everything.size(); ++i) everything[i] = static_cast<std::uint32_t>(i);
    const auto sizes = class_counts(images, everything, classes);
    for (const auto* part : {&split.train, &split.validation}) {
      const auto counts = class_counts(images, *part, classes);
      for (std::size_t c = 0; c < counts.size(); ++c) {
        const double exact =
            static_cast<double>(part->size()) * static_cast<double>(sizes[c]) / static_cast<double>(images.count);
        EXPECT_LE(std::abs(static_cast<double>(counts[c]) - exact), 1.0) << "round " << round << " class " << c;
      }
    }
  }
}

TEST(Split, DependsOnTheSeedAloneAndIsShuffled) {
  std::vector<std::int32_t> labels(1000);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i / 100);
  const Images images = labelled_images(labels);
  const Split first = make_split(images, 0, 200, 1), same = make_split(images, 0, 200, 1),
              other = make_split(images, 0, 200, 2);
  EXPECT_EQ(first.train, same.train);
  EXPECT_EQ(first.validation, same.validation);
  EXPECT_NE(first.validation, other.validation);
  EXPECT_EQ(make_split(images, 300, 200, 1).validation, first.validation) << "the training size leaves it alone";
  std::set<std::int32_t> early;
  for (std::size_t i = 0; i < 60; ++i) early.insert(labels[first.validation[i]]);
  EXPECT_EQ(early.size(), 10u) << "the first images are of all classes";
}

TEST(Split, RefusesMoreThanThereIs) {
  const Images images = labelled_images({0, 1, 0, 1});
  EXPECT_EQ(error_of([&] { make_split(images, 3, 2, 1); }),
            "4 training images are too few for 3 to train on and 2 to validate on");
  EXPECT_EQ(error_of([&] { make_split(images, 0, 4, 1); }),
            "4 training images are too few for 1 to train on and 4 to validate on");
  EXPECT_NE(error_of([&] { make_split(images, 1, std::numeric_limits<std::int64_t>::max(), 1); }), "");
  EXPECT_EQ(error_of([&] { make_split(images, -1, 2, 1); }), "a split's sizes cannot be negative");
}

TEST(Augmentation, IsParsedAndPrinted) {
  for (const std::string text : {"none", "flip", "crop:4", "flip,crop:4,cutout:8", "crop:1,cutout:2"}) {
    EXPECT_EQ(to_string(parse_augmentation(text)), text);
  }
  EXPECT_EQ(to_string(parse_augmentation("cutout:pixels=8,crop:pixels=4,flip")), "flip,crop:4,cutout:8");
  EXPECT_FALSE(parse_augmentation("none").any());
  EXPECT_TRUE(parse_augmentation("cutout:3").any());
}

TEST(Augmentation, RefusesWhatItDoesNotKnow) {
  const auto message = [](std::string_view text) { return error_of([&] { parse_augmentation(text); }); };
  EXPECT_THAT(message("flop"), HasSubstr("unknown augmentation 'flop'; did you mean 'flip'?"));
  for (const char* text : {"", "flip,", ",flip", "flip,none"}) {
    EXPECT_THAT(message(text), HasSubstr("expected none or a list as in flip,crop:4,cutout:8")) << text;
  }
  EXPECT_EQ(message("flip,flip"), "augmentation 'flip,flip': flip is given twice");
  EXPECT_EQ(message("crop:1,crop:2"), "augmentation 'crop:1,crop:2': crop is given twice");
  EXPECT_EQ(message("flip:1"), "augmentation 'flip:1': flip takes no value");
  EXPECT_EQ(message("crop"), "augmentation 'crop': crop needs its pixels, as in crop:4");
  EXPECT_EQ(message("crop:0"), "augmentation 'crop:0': crop of 0 pixels, expected 1 to 1024");
  EXPECT_NE(message("cutout:1025"), "");
  for (const char* text : {"crop:x", "crop:", "crop:4.5", "crop:size=4", "crop:99999999999999999999"}) {
    EXPECT_NE(message(text), "") << text;
  }
}

}  // namespace
}  // namespace fanin::data
