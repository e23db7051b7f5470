// CIFAR's binary files and NumPy archives as data sets: what they give, and what they are refused for.
#include <gmock/gmock.h>

#include <cstring>

#include "data/folders.h"
#include "fanin/formats/npz.h"

namespace fanin::data {
namespace {

using formats::Array;
using formats::ElementType;
using formats::NamedArray;
using testing::Bytes;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::joined;

constexpr std::size_t plane = 1024;

/// Labels, then planes of value, value + 1, value + 2.
Bytes record(const Bytes& labels, int value) {
  Bytes bytes = labels;
  for (int c = 0; c < 3; ++c) bytes.insert(bytes.end(), plane, static_cast<std::uint8_t>(value + c));
  return bytes;
}

class CifarTest : public testing::FolderTest {
 protected:
  void put_10(const std::string& folder) {
    for (int i = 1; i <= 5; ++i) {
      put(folder + "/data_batch_" + std::to_string(i) + ".bin",
          joined(record({static_cast<std::uint8_t>(i)}, 10 * i), record({0}, 10 * i + 5)));
    }
    put(folder + "/test_batch.bin", record({9}, 100));
  }
  void put_100(const std::string& folder) {
    put(folder + "/train.bin", joined(record({19, 99}, 1), record({3, 7}, 2)));
    put(folder + "/test.bin", record({0, 5}, 3));
  }
};

TEST_F(CifarTest, ReadsTheTenClasses) {
  put_10("sets/cifar10/cifar-10-batches-bin");  // as the archive unpacks
  put("sets/cifar10/cifar-10-batches-bin/batches.meta.txt",
      testing::from_text("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"));
  const Dataset dataset = load_dataset("cifar10");
  EXPECT_EQ(dataset.name, "cifar10");
  EXPECT_EQ(dataset.train.count, 10);
  EXPECT_EQ(dataset.train.channels, 3);
  EXPECT_EQ(dataset.train.height, 32);
  EXPECT_THAT(dataset.train.labels, ElementsAre(1, 0, 2, 0, 3, 0, 4, 0, 5, 0));
  EXPECT_EQ(dataset.train.pixels[0], 10);
  EXPECT_EQ(dataset.train.pixels[2 * plane], 12);
  EXPECT_EQ(dataset.train.pixels[3 * plane], 15);
  EXPECT_THAT(dataset.test.labels, ElementsAre(9));
  EXPECT_EQ(dataset.class_names.at(9), "truck");
  EXPECT_NE(dataset.checksum, 0u);
}

TEST_F(CifarTest, ReadsFineAndCoarseLabels) {
  put_100("sets/cifar100");
  const Dataset fine = load_dataset("cifar100"), coarse = load_dataset("cifar100-coarse");
  EXPECT_EQ(fine.classes(), 100);
  EXPECT_THAT(fine.train.labels, ElementsAre(99, 7));
  EXPECT_EQ(coarse.classes(), 20);
  EXPECT_THAT(coarse.train.labels, ElementsAre(19, 3));
  EXPECT_EQ(coarse.train.pixels, fine.train.pixels);
  EXPECT_NE(coarse.checksum, fine.checksum);
  EXPECT_THAT(load_dataset((root / "sets/cifar100").string()).test.labels, ElementsAre(5));
}

TEST_F(CifarTest, RefusesWhatIsMissingOrDamaged) {
  EXPECT_THAT(error_of([] { load_dataset("cifar10"); }), HasSubstr("cifar-10-binary.tar.gz"));
  EXPECT_THAT(error_of([] { load_dataset("cifar100-coarse"); }), HasSubstr((root / "sets/cifar100").string()));
  put_10("c");
  put("c/data_batch_3.bin", record({0, 0}, 1));
  EXPECT_EQ(load_error("c"), (root / "c/data_batch_3.bin").string() +
                                 ": 3074 bytes, expected a multiple of 3073 (a label and 3072 pixels a record)");
  put("c/data_batch_3.bin", {});
  EXPECT_THAT(load_error("c"), HasSubstr("data_batch_3.bin: 0 bytes"));
  put("c/data_batch_3.bin", joined(record({1}, 1), record({10}, 1)));
  EXPECT_EQ(load_error("c"),
            (root / "c/data_batch_3.bin").string() + ": label 10 of record 1 at byte 3073, expected 0 to 9");
  std::filesystem::remove(root / "c/data_batch_3.bin");
  EXPECT_EQ(load_error("c"), (root / "c").string() + ": data_batch_3.bin is missing");
}

class NpzTest : public testing::FolderTest {
 protected:
  std::string refusal(const std::vector<NamedArray>& arrays) {
    formats::write_npz(root / "d.npz", arrays);
    std::string text = load_error("d.npz");
    const std::string place = (root / "d.npz").string() + ": ";
    return text.starts_with(place) ? text.substr(place.size()) : text;
  }
  Dataset load(const std::vector<NamedArray>& arrays) {
    formats::write_npz(root / "d.npz", arrays);
    return load_dataset((root / "d.npz").string());
  }
};

Array bytes(const Shape& shape, Bytes values) {
  return {ElementType::uint8, shape, std::move(values)};
}
Array floats(const Shape& shape, std::vector<float> values) {
  return formats::to_array(Tensor{shape, std::move(values)});
}
std::vector<NamedArray> four(Array train, Array test) {
  return {{"x_train", std::move(train)},
          {"y_train", bytes({2}, {1, 0})},
          {"x_test", std::move(test)},
          {"y_test", bytes({1, 1}, {1})}};
}

TEST_F(NpzTest, ReadsGreyImagesAndChannelsFirstAndLast) {
  const Dataset grey = load(four(bytes({2, 1, 2}, {1, 2, 3, 4}), bytes({1, 1, 2}, {5, 6})));
  EXPECT_EQ(grey.name, "d");
  EXPECT_EQ(grey.train.channels, 1);
  EXPECT_THAT(grey.train.pixels, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(grey.train.labels, ElementsAre(1, 0));
  EXPECT_THAT(grey.class_names, ElementsAre("0", "1"));
  const Dataset last = load(four(bytes({2, 2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,  //
                                                      0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,  0}),
                                 bytes({1, 2, 2, 3}, Bytes(12, 7))));
  EXPECT_EQ(last.train.channels, 3);
  EXPECT_EQ(last.train.width, 2);
  EXPECT_THAT(std::vector(last.train.pixels.begin(), last.train.pixels.begin() + 12),
              ElementsAre(1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12));
  const Dataset first = load(four(bytes({2, 3, 1, 2}, Bytes(12, 1)), bytes({1, 3, 1, 2}, Bytes(6, 2))));
  EXPECT_EQ(first.train.channels, 3);
  EXPECT_EQ(first.train.height, 1);
}

TEST_F(NpzTest, ReadsMedMnistsNamesAndFloats) {
  const Dataset dataset = load({{"train_images", floats({2, 1, 2}, {0, 1, 0.5, 0.25})},
                                {"train_labels", bytes({2, 1}, {0, 1})},
                                {"val_images", bytes({1, 9, 9}, Bytes(81, 1))},
                                {"val_labels", bytes({1, 1}, {0})},
                                {"test_images", floats({1, 1, 2}, {1, 0})},
                                {"test_labels", bytes({1, 1}, {0})}});
  EXPECT_THAT(dataset.train.pixels, ElementsAre(0, 255, 128, 64));
  const Dataset large = load(four(floats({2, 1, 1}, {0, 254.6F}), floats({1, 1, 1}, {3})));
  EXPECT_THAT(large.train.pixels, ElementsAre(0, 255));
}

TEST_F(NpzTest, WritesWhatItReads) {
  Dataset dataset =
      load(four(bytes({2, 3, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), bytes({1, 3, 1, 2}, Bytes(6, 2))));
  dataset.class_names = {"no", "yes/maybe"};
  write_npz_dataset(root / "copy.npz", dataset);
  const Dataset copy = load_dataset((root / "copy.npz").string());
  EXPECT_EQ(copy.train.pixels, dataset.train.pixels);
  EXPECT_EQ(copy.train.labels, dataset.train.labels);
  EXPECT_EQ(copy.test.pixels, dataset.test.pixels);
  EXPECT_EQ(copy.class_names, dataset.class_names);
}

TEST_F(NpzTest, RefusesWhatIsNoDataSet) {
  const Array test = bytes({1, 1, 2}, {5, 6});
  EXPECT_THAT(refusal({{"a", test}, {"b", test}}), HasSubstr("holds a, b; expected x_train"));
  auto arrays = four(bytes({2, 1, 2}, {1, 2, 3, 4}), test);
  arrays.pop_back();
  EXPECT_EQ(refusal(arrays), "y_test is missing");
  EXPECT_THAT(refusal(four(bytes({2, 2}, {1, 2, 3, 4}), test)), HasSubstr("x_train: shape 2x2, expected images"));
  EXPECT_THAT(refusal(four(bytes({2, 2, 1, 2}, Bytes(8, 1)), test)), HasSubstr("x_train: shape 2x2x1x2, expected"));
  EXPECT_THAT(refusal(four(bytes({2, 1, 3}, Bytes(6, 1)), test)), HasSubstr("differ in size"));
  EXPECT_THAT(refusal(four(bytes({0, 1, 2}, {}), test)), HasSubstr("no pixels in 0x1x2"));
  EXPECT_THAT(refusal(four(bytes({3, 1, 2}, Bytes(6, 1)), test)), HasSubstr("y_train: 2 labels for 3 images"));
  EXPECT_EQ(refusal(four(floats({2, 1, 2}, {0, 1, -0.5F, 1}), test)),
            "x_train: element 2 is -0.5, expected 0 to 255 (or 0 to 1)");
  EXPECT_THAT(refusal(four(floats({2, 1, 2}, {0, 1, NAN, 1}), test)), HasSubstr("element 2 is nan"));
  arrays = four(bytes({2, 1, 2}, {1, 2, 3, 4}), test);
  arrays[1].array = floats({2}, {0.5F, 1});
  EXPECT_THAT(refusal(arrays), HasSubstr("y_train: label 0.5 of image 0, expected a whole number from 0"));
  arrays[1].array = bytes({2, 2}, {1, 0, 0, 1});
  EXPECT_THAT(refusal(arrays), HasSubstr("y_train: shape 2x2, expected one label an image"));
  arrays = four(bytes({2, 1, 2}, {1, 2, 3, 4}), test);
  arrays[3].array = bytes({1}, {2});
  EXPECT_THAT(refusal(arrays), HasSubstr("y_test: label 2 of image 0 is beyond the training labels 0 to 1"));
  put("e.npz", testing::from_text("PK\x03\x04 no archive"));
  EXPECT_THAT(load_error("e.npz"), HasSubstr("e.npz"));
}

}  // namespace
}  // namespace fanin::data
