// load_dataset: names, IDX folders, image folders and archives, and what each refuses.
#include <gmock/gmock.h>

#include "data/folders.h"

namespace fanin::data {
namespace {

using testing::Bytes;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::error_of;
using testing::flat_image;
using testing::flat_png;
using testing::from_text;
using testing::gzipped;
using ::testing::HasSubstr;
using testing::idx_file;
using ::testing::StartsWith;

class LoadTest : public testing::FolderTest {
 protected:
  // Three training and two test images of 2x1, in `folder`.
  void put_idx(const std::string& folder) {
    put(folder + "/train-images-idx3-ubyte", idx_file({3, 2, 1}, {1, 2, 3, 4, 5, 6}));
    put(folder + "/train-labels-idx1-ubyte.gz", gzipped(idx_file({3}, {0, 1, 2})));
    put(folder + "/t10k-images-idx3-ubyte.gz", gzipped(idx_file({2, 2, 1}, {7, 8, 9, 10})));
    put(folder + "/t10k-labels-idx1-ubyte", idx_file({2}, {2, 0}));
  }

  void put_folders(const std::string& folder) {
    put(folder + "/train/cat/1.png", flat_png(10));
    put(folder + "/train/cat/2.png", flat_png(20));
    put(folder + "/train/dog/a.png", flat_png(30));
    put(folder + "/test/dog/b.png", flat_png(40));
    put(folder + "/test/cat/c.png", flat_png(50));
  }
};

TEST_F(LoadTest, ReadsIdxFoldersPlainAndGzipped) {
  put_idx("my-set");
  const Dataset dataset = load_dataset((root / "my-set").string());
  EXPECT_EQ(dataset.name, "my-set");
  EXPECT_EQ(dataset.source, (root / "my-set").string());
  EXPECT_THAT(dataset.class_names, ElementsAre("0", "1", "2"));
  EXPECT_EQ(dataset.train.count, 3);
  EXPECT_EQ(dataset.train.channels, 1);
  EXPECT_EQ(dataset.train.height, 2);
  EXPECT_EQ(dataset.train.width, 1);
  EXPECT_THAT(dataset.train.pixels, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(dataset.train.labels, ElementsAre(0, 1, 2));
  EXPECT_THAT(dataset.test.pixels, ElementsAre(7, 8, 9, 10));
  EXPECT_THAT(dataset.test.labels, ElementsAre(2, 0));
  EXPECT_NE(dataset.checksum, 0u);
  put("my-set/t10k-labels-idx1-ubyte", idx_file({2}, {2, 1}));
  EXPECT_NE(load_dataset((root / "my-set").string()).checksum, dataset.checksum);
}

TEST_F(LoadTest, FindsNamesBelowTheDataFolder) {
  put_idx("sets/mnist");
  EXPECT_EQ(load_dataset("mnist").name, "mnist");
  EXPECT_EQ(load_dataset("mnist").train.count, 3);
}

TEST_F(LoadTest, SaysWhereAMissingSetComesFrom) {
  const std::string message = error_of([] { load_dataset("mnist"); });
  EXPECT_THAT(message, StartsWith("data set 'mnist' is not in " + (root / "sets/mnist").string() + " and /usr/share/"));
  EXPECT_THAT(message, HasSubstr("https://"));
  EXPECT_THAT(message, HasSubstr("$FANIN_DATA_DIR/mnist"));
  EXPECT_THAT(error_of([] { load_dataset("fashon-mnist"); }), HasSubstr("did you mean 'fashion-mnist'?"));
  EXPECT_EQ(load_error("nothing.zip"), (root / "nothing.zip").string() + ": no such folder or archive");
  EXPECT_NE(error_of([] { load_dataset(""); }), "");
  std::filesystem::create_directories(root / "empty");
  EXPECT_THAT(load_error("empty"),
              HasSubstr("empty: no data set in this folder, expected IDX (train-images-idx3-ubyte"));
}

TEST_F(LoadTest, TableNamesEverySource) {
  std::vector<std::string_view> names;
  for (const DatasetInfo& row : dataset_table()) {
    names.push_back(row.name);
    EXPECT_FALSE(row.summary.empty());
    EXPECT_FALSE(row.where.empty());
  }
  EXPECT_THAT(names, Contains("fashion-mnist"));
  EXPECT_THAT(names, Contains("mnist"));
}

TEST_F(LoadTest, RefusesIdxFilesThatDoNotFitTogether) {
  const auto file = [&](std::string_view name) { return (root / "s" / name).string(); };
  put_idx("s");
  std::filesystem::remove(root / "s/t10k-labels-idx1-ubyte");
  EXPECT_EQ(load_error("s"), (root / "s").string() + ": t10k-labels-idx1-ubyte[.gz] is missing");
  put("s/t10k-labels-idx1-ubyte", idx_file({3}, {2, 0, 1}));
  EXPECT_EQ(load_error("s"), file("t10k-labels-idx1-ubyte") + " holds 3 labels for the 2 images of " +
                                 file("t10k-images-idx3-ubyte.gz"));
  put("s/t10k-labels-idx1-ubyte", idx_file({2}, {2, 3}));
  EXPECT_EQ(load_error("s"),
            file("t10k-labels-idx1-ubyte") + ": label 3 of image 1 is beyond the training labels 0 to 2");
  put("s/t10k-labels-idx1-ubyte", idx_file({2, 1}, {2, 1}));
  EXPECT_THAT(load_error("s"), HasSubstr("uint8 of 2x1, expected labels (uint8, one dimension)"));
  put_idx("s");
  put("s/t10k-images-idx3-ubyte.gz", gzipped(idx_file({2, 1, 1}, {7, 8})));
  EXPECT_THAT(load_error("s"), HasSubstr("differ in size"));
  put("s/train-images-idx3-ubyte", idx_file({0, 2, 1}, {}));
  EXPECT_THAT(load_error("s"), HasSubstr("no pixels in 0x2x1"));
  put("s/train-images-idx3-ubyte", from_text("GIF89a"));
  EXPECT_THAT(load_error("s"), HasSubstr("train-images-idx3-ubyte: not an IDX file"));
  Bytes cut = gzipped(idx_file({2, 2, 1}, {7, 8, 9, 10}));
  cut.resize(cut.size() - 5);
  put_idx("s");
  put("s/t10k-images-idx3-ubyte.gz", cut);
  EXPECT_THAT(load_error("s"), HasSubstr("t10k-images-idx3-ubyte.gz: truncated gzip file"));
}

void expect_sample(const Dataset& dataset) {
  EXPECT_THAT(dataset.class_names, ElementsAre("cat", "dog"));
  EXPECT_EQ(dataset.train.count, 3);
  EXPECT_EQ(dataset.train.channels, 1);
  EXPECT_EQ(dataset.train.height, 4);
  EXPECT_EQ(dataset.train.width, 3);
  EXPECT_THAT(dataset.train.labels, ElementsAre(0, 0, 1));
  EXPECT_THAT(dataset.test.labels, ElementsAre(0, 1));
  ASSERT_EQ(dataset.train.pixels.size(), 36u);
  EXPECT_EQ(dataset.train.pixels[11], 10);
  EXPECT_EQ(dataset.train.pixels[12], 20);
  EXPECT_EQ(dataset.train.pixels[35], 30);
  EXPECT_EQ(dataset.test.pixels[0], 50);
  EXPECT_EQ(dataset.test.pixels[23], 40);
}

TEST_F(LoadTest, ReadsImageFolders) {
  put_folders("pets");
  put("pets/README.txt", from_text("not an image"));
  put("pets/train/labels.csv", from_text("not an image"));
  put("pets/train/cat/.DS_Store", from_text("not an image"));
  const Dataset dataset = load_dataset((root / "pets").string());
  EXPECT_EQ(dataset.name, "pets");
  expect_sample(dataset);
  put_folders("outer/inner");
  expect_sample(load_dataset((root / "outer").string()));
}

TEST_F(LoadTest, ReadsZipArchives) {
  for (const std::string top : {"", "pets/"}) {
    std::vector<formats::ZipContent> contents;
    std::vector<Bytes> files = {flat_png(10), flat_png(20), flat_png(30), flat_png(40), flat_png(50)};
    const char* names[] = {"train/cat/1.png", "train/cat/2.png", "train/dog/a.png", "test/dog/b.png", "test/cat/c.png"};
    for (std::size_t i = 0; i < files.size(); ++i) contents.push_back({top + names[i], files[i]});
    contents.push_back({top + "train/", {}});
    contents.push_back({top + "train/cat/", {}});
    contents.push_back({"__MACOSX/train/bird/x.png", files[0]});
    put("pets.zip", formats::encode_zip(contents));
    const Dataset dataset = load_dataset((root / "pets.zip").string());
    EXPECT_EQ(dataset.name, "pets");
    expect_sample(dataset);
  }
}

TEST_F(LoadTest, MixesGreyAndColour) {
  put_folders("pets");
  put("pets/train/dog/b.png", flat_png(60, 3));
  const Dataset dataset = load_dataset((root / "pets").string());
  EXPECT_EQ(dataset.train.channels, 3);
  EXPECT_EQ(dataset.test.channels, 3);
  const std::vector<std::uint8_t>& pixels = dataset.train.pixels;
  EXPECT_EQ(pixels[0], 10);
  EXPECT_EQ(pixels[35], 10) << "grey is the same in all channels";
  EXPECT_EQ(pixels[3 * 36], 60);
  EXPECT_EQ(pixels[3 * 36 + 12], 61);
  EXPECT_EQ(pixels[3 * 36 + 24], 62);
}

TEST_F(LoadTest, RefusesFoldersThatAreNoDataSet) {
  put_folders("p");
  std::filesystem::create_directories(root / "p/train/bird");
  EXPECT_EQ(load_error("p"), (root / "p").string() + ": the class folder train/bird holds no images");
  put("p/train/bird/1.png", flat_png(1));
  EXPECT_EQ(load_error("p"),
            (root / "p").string() + ": class 'bird' is in train only, expected the same classes in train and test");
  put("p/test/bird/1.png", flat_png(1, 1, 5, 3));
  EXPECT_EQ(load_error("p"), "images of different sizes: " + (root / "p/train/bird/1.png").string() + " is 4x3, " +
                                 (root / "p/test/bird/1.png").string() + " is 5x3 (height x width)");
  put("p/test/bird/1.png", from_text("GIF89a"));
  EXPECT_EQ(load_error("p"), (root / "p/test/bird/1.png").string() + ": neither a JPEG nor a PNG image");
  put("p/test/bird/1.png", {});
  EXPECT_EQ(load_error("p"), (root / "p/test/bird/1.png").string() + ": an empty file, expected a JPEG or PNG image");
  put("p/test/bird/1.png", flat_png(1));
  EXPECT_EQ(load_error("p"), "");
  put("p/test/bird/more/2.png", flat_png(1));
  EXPECT_THAT(load_error("p"), HasSubstr("'test/bird/more/' is a level too deep"));
  put("q/train/cat/1.png", flat_png(1));
  EXPECT_THAT(load_error("q"), HasSubstr("q: test holds no class folders, expected images as train/<class>/*"));
}

TEST_F(LoadTest, NamesTheFirstCorruptImage) {
  put_folders("p");
  Bytes jpeg = testing::encode_jpeg(flat_image(9), 90);
  put("p/train/cat/0.jpg", jpeg);
  EXPECT_EQ(load_error("p"), "");
  jpeg.resize(jpeg.size() - 20);
  for (int i = 3; i < 200; ++i) put("p/train/cat/" + std::to_string(i) + ".jpg", jpeg);
  EXPECT_EQ(load_error("p"),
            (root / "p/train/cat/10.jpg").string() + ": corrupt JPEG image (Premature end of JPEG file)");
}

TEST_F(LoadTest, RefusesArchivesThatAreNoDataSet) {
  put("x.zip", from_text("garbage, garbage, garbage, garbage"));
  EXPECT_THAT(load_error("x.zip"), StartsWith((root / "x.zip").string() + ": not a sound zip archive ("));
  const Bytes png = flat_png(1), text = from_text("hello");
  const auto archive_error = [&](const std::vector<formats::ZipContent>& contents) {
    put("x.zip", formats::encode_zip(contents));
    return load_error("x.zip");
  };
  EXPECT_THAT(archive_error({{"readme", text}}), HasSubstr("x.zip: train holds no class folders"));
  EXPECT_THAT(archive_error({{"train/a/1.png", png}, {"test/a/1.png", text}}),
              HasSubstr("x.zip: test/a/1.png: neither a JPEG nor a PNG image"));
  EXPECT_THAT(archive_error({{"train/a/1.png", png}, {"train/b/", {}}, {"test/a/1.png", png}}),
              HasSubstr("x.zip: the class folder train/b holds no images"));
  EXPECT_THAT(archive_error({{"train/a/b/1.png", png}, {"test/a/1.png", png}}), HasSubstr("is a level too deep"));
  EXPECT_THAT(archive_error({{"train/../1.png", png}}), HasSubstr("unsafe name"));
}

}  // namespace
}  // namespace fanin::data
