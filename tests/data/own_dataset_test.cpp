// Data sets from memory: checked, and told apart by their checksum.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fanin/base/error.h"
#include "fanin/data/dataset.h"

namespace fanin::data {
namespace {

using testing::ThrowsMessage;

Images images(std::int64_t count) {
  Images made{count, 1, 2, 3, std::vector<std::uint8_t>(static_cast<std::size_t>(count) * 6, 7), {}};
  for (std::int64_t i = 0; i < count; ++i) made.labels.push_back(static_cast<std::int32_t>(i % 2));
  return made;
}

TEST(MakeDataset, KeepsTheImagesAndSetsTheChecksum) {
  const Dataset a = make_dataset("mine", {"no", "yes"}, images(4), images(2));
  EXPECT_EQ(a.classes(), 2);
  EXPECT_EQ(a.source, "memory");
  EXPECT_EQ(a.train.labels, (std::vector<std::int32_t>{0, 1, 0, 1}));
  Images changed = images(4);
  changed.pixels[5] = 8;
  EXPECT_NE(make_dataset("mine", {"no", "yes"}, changed, images(2)).checksum, a.checksum);
  EXPECT_EQ(make_dataset("mine", {"no", "yes"}, images(4), images(2)).checksum, a.checksum);
}

TEST(MakeDataset, RefusesWhatDoesNotFit) {
  const auto refused = [](Images train, const Images& test, const std::string& message) {
    EXPECT_THAT([&] { make_dataset("mine", {"no", "yes"}, train, test); }, ThrowsMessage<Error>(message));
  };
  EXPECT_THAT([] { make_dataset("mine", {"one"}, images(2), images(2)); },
              ThrowsMessage<Error>("1 classes given; at least 2 are expected"));
  Images bad = images(2);
  bad.pixels.pop_back();
  refused(bad, images(2), "the training images of shape 2x1x2x3 have 11 bytes of pixels; expected 12");
  bad = images(2);
  bad.labels[1] = 2;
  refused(bad, images(2), "training image 1 has the label 2; expected 0 to 1");
  bad = images(2);
  bad.labels.pop_back();
  refused(images(2), bad, "there are 1 test labels for 2 images");
  refused(images(2), {}, "the test images have shape 0x0x0x0; expected extents of at least 1");
  bad = images(2);
  std::swap(bad.height, bad.width);
  refused(images(2), bad, "training images are 1x2x3 and test images 1x3x2; expected one size");
}

}  // namespace
}  // namespace fanin::data
