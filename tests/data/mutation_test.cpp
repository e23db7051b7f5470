// Damaged data sets: files cut at every length, with bits flipped, extreme numbers and random edits. The answer is an
// Error or a data set that holds together, and nothing is reserved that the files cannot fill.
#include <gmock/gmock.h>

#include <cstring>
#include <fstream>

#include "data/folders.h"
#include "fanin/formats/npz.h"
#include "formats/mutations.h"

namespace fanin::data {
namespace {

using formats::Array;
using formats::ElementType;
using formats::NamedArray;
using testing::Bytes;
using testing::Counts;
using testing::cut_everywhere;
using testing::flip_and_edit;
using testing::joined;
using testing::set_numbers;

// A million classes, the most that labels may name, with their numbers as names.
constexpr std::size_t most_reserved = std::size_t{1} << 26;

/// The content as bytes. Fails where the parts of the set do not fit each other.
Bytes content(const Dataset& dataset) {
  Bytes bytes;
  for (const Images* images : {&dataset.train, &dataset.test}) {
    EXPECT_GT(images->count, 0);
    EXPECT_TRUE(images->channels == 1 || images->channels == 3) << images->channels;
    EXPECT_EQ(images->image_size(), dataset.train.image_size());
    EXPECT_EQ(std::ssize(images->labels), images->count);
    EXPECT_EQ(std::ssize(images->pixels), images->count * images->image_size());
    bytes.insert(bytes.end(), images->pixels.begin(), images->pixels.end());
    for (const std::int32_t label : images->labels) {
      EXPECT_TRUE(label >= 0 && label < dataset.classes()) << label;
      bytes.push_back(static_cast<std::uint8_t>(label));
    }
    for (const std::int64_t extent : {images->channels, images->height, images->width}) {
      bytes.push_back(static_cast<std::uint8_t>(extent));
    }
  }
  return bytes;
}

class DamagedData : public testing::FolderTest {
 protected:
  /// Without the sync to the disk, which would take most of the time; file systems also sync a file that is truncated.
  void overwrite(const std::string& path, const Bytes& bytes) const {
    std::filesystem::remove(root / path);
    std::ofstream(root / path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  /// Puts the bytes in place of a file, then loads the set.
  testing::Parser loading(const std::string& file, const std::string& set) const {
    return [this, file, set](const Bytes& bytes) {
      overwrite(file, bytes);
      return content(load_dataset((root / set).string()));
    };
  }
};

constexpr std::size_t plane = 1024;

Bytes record(const Bytes& labels, std::uint8_t value) {
  Bytes bytes = labels;
  bytes.insert(bytes.end(), 3 * plane, value);
  return bytes;
}

class DamagedCifar : public DamagedData {
 protected:
  DamagedCifar() {
    for (int i = 1; i <= 5; ++i) put("ten/data_batch_" + std::to_string(i) + ".bin", record({3}, 7));
    put("ten/test_batch.bin", record({9}, 5));
    put("hundred/train.bin", joined(record({19, 99}, 1), record({3, 7}, 2)));
    put("hundred/test.bin", record({0, 5}, 3));
  }
};

TEST_F(DamagedCifar, IsRefusedAtEveryOtherLength) {
  const Bytes one = record({4}, 200);
  EXPECT_EQ(cut_everywhere(loading("ten/data_batch_4.bin", "ten"), one).errors, std::ssize(one));
  const Bytes two = record({4, 50}, 200);
  const auto hundred = loading("hundred/train.bin", "hundred");
  for (std::ptrdiff_t size = 0; size < std::ssize(two); size += size < 8 ? 1 : 73) {
    EXPECT_NE(testing::error_of([&] { hundred(Bytes(two.begin(), two.begin() + size)); }), "") << size;
  }
  // A record of the other kind is a byte too long or too short.
  EXPECT_NE(testing::error_of([&] { loading("ten/test_batch.bin", "ten")(two); }), "");
  EXPECT_NE(testing::error_of([&] { loading("hundred/test.bin", "hundred")(one); }), "");
}

// Of a flipped bit only a label can tell; a pixel's new value is the pixel's.
TEST_F(DamagedCifar, LabelsAreCheckedAndPixelsAreTaken) {
  const auto ten = loading("ten/test_batch.bin", "ten"), hundred = loading("hundred/train.bin", "hundred");
  for (int coarse = 0; coarse < 256; ++coarse) {
    const auto label = static_cast<std::uint8_t>(coarse);
    EXPECT_EQ(testing::error_of([&] { ten(record({label}, 1)); }).empty(), label < 10) << coarse;
    EXPECT_EQ(testing::error_of([&] { hundred(record({label, 0}, 1)); }).empty(), label < 20) << coarse;
    EXPECT_EQ(testing::error_of([&] { hundred(record({0, label}, 1)); }).empty(), label < 100) << coarse;
  }
  const Bytes file = record({4}, 128), original = ten(file);
  Counts counts;
  for (std::size_t bit = 8; bit < 8 * file.size(); bit += 37) {
    Bytes bytes = file;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << bit % 8);
    testing::try_one(ten, bytes, original, counts);
  }
  EXPECT_EQ(counts.errors, 0);
  EXPECT_EQ(counts.same, 0);
}

TEST_F(DamagedCifar, NamesAreTakenWhereTheyFit) {
  const auto names = [&](const Bytes& text) {
    overwrite("ten/batches.meta.txt", text);
    const std::vector<std::string> taken = load_dataset((root / "ten").string()).class_names;
    EXPECT_EQ(taken.size(), 10u);
    for (const std::string& name : taken) EXPECT_NE(name, "");
    return testing::from_text(taken[0]);
  };
  const Bytes file = testing::from_text("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n");
  EXPECT_EQ(cut_everywhere(names, file).errors, 0);
  EXPECT_EQ(flip_and_edit(names, file, 500).errors, 0);
}

Array bytes_of(const Shape& shape, Bytes values) {
  return {ElementType::uint8, shape, std::move(values)};
}

class DamagedNpz : public DamagedData {
 protected:
  DamagedNpz() {
    Bytes pixels;
    for (int i = 0; i < 2 * 3 * 2 * 2; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 9));
    arrays_ = {{"x_train", bytes_of({2, 2, 2, 3}, pixels)},
               {"y_train", bytes_of({2}, {1, 0})},
               {"x_test", formats::to_array(Tensor{{1, 2, 2, 3}, std::vector<float>(12, 0.5F)})},
               {"y_test", bytes_of({1, 1}, {1})},
               {"class_names", bytes_of({8}, testing::from_text("no\nyes\n\n"))}};
  }

  /// Loads the set with `bytes` as the content of one member under right checksums.
  testing::Parser member(std::size_t number) const {
    return [this, number](const Bytes& bytes) {
      std::vector<Bytes> members;
      for (const NamedArray& item : arrays_) members.push_back(formats::encode_npy(item.array));
      members[number] = bytes;
      std::vector<formats::ZipContent> contents;
      for (std::size_t i = 0; i < members.size(); ++i) contents.push_back({arrays_[i].name + ".npy", members[i]});
      return loading("d.npz", "d.npz")(formats::encode_zip(contents));
    };
  }

  std::vector<NamedArray> arrays_;
};

TEST_F(DamagedNpz, IsRefusedCutAndUnharmedElsewhere) {
  const Bytes file = formats::encode_npz(arrays_);
  const auto load = loading("d.npz", "d.npz");
  EXPECT_EQ(cut_everywhere(load, file).errors, std::ssize(file));
  EXPECT_EQ(flip_and_edit(load, file, 2000).different, 0);
}

TEST_F(DamagedNpz, MembersUnderRightChecksums) {
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    SCOPED_TRACE(arrays_[i].name);
    const Bytes file = formats::encode_npy(arrays_[i].array);
    EXPECT_EQ(cut_everywhere(member(i), file).errors, std::ssize(file));
    flip_and_edit(member(i), file, 1000);
  }
}

TEST_F(DamagedNpz, ExtremeNumbersInImagesAndLabels) {
  for (const std::size_t i : {0, 1}) {
    SCOPED_TRACE(arrays_[i].name);
    set_numbers(member(i), formats::encode_npy(arrays_[i].array), most_reserved);
  }
}

TEST_F(DamagedNpz, ShapesThatDoNotFitTheirValues) {
  const Bytes file = formats::encode_npy(arrays_[0].array);
  const std::string text(file.begin(), file.end());
  const std::size_t at = text.find("(2, 2, 2, 3)");
  ASSERT_NE(at, std::string::npos);
  // Of the shape's length, so that the header stays whole.
  for (const std::string shape : {"(0, 2, 2, 3)", "(2, 2, 3, 2)", "(-2, 2, 2,3)", "(2, 2, 2, 9)", "(4, 2, 3   )",
                                  "(24,       )", "(1,1,2,2,2,3", "(9999999999)", "(3, 2, 2, 2)", "(2, 0, 2, 3)"}) {
    ASSERT_EQ(shape.size(), 12u);
    std::string edited = text;
    edited.replace(at, shape.size(), shape);
    EXPECT_NE(testing::error_of([&] { member(0)(testing::from_text(edited)); }), "") << shape;
  }
}

class DamagedIdx : public DamagedData {
 protected:
  DamagedIdx() {
    const Bytes images = testing::from_hex("000008030000000200000002000000020001020304050607");
    const Bytes labels = testing::from_hex("00000801000000020100");
    for (const std::string part : {"train", "t10k"}) {
      put("idx/" + part + "-images-idx3-ubyte", images);
      put("idx/" + part + "-labels-idx1-ubyte", labels);
    }
  }
};

TEST_F(DamagedIdx, EachOfTheFourFiles) {
  for (const std::string file :
       {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    SCOPED_TRACE(file);
    const Bytes whole = read_file(root / "idx" / file);
    const auto load = loading("idx/" + file, "idx");
    EXPECT_EQ(cut_everywhere(load, whole).errors, std::ssize(whole));
    flip_and_edit(load, whole, 500);
    set_numbers(load, whole, most_reserved, 100);
    overwrite("idx/" + file, whole);
  }
}

}  // namespace
}  // namespace fanin::data
