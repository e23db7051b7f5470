// Data that is missing or broken: a sentence that names the file, and code 2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program.h"

namespace fanin::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// What `fanin compare` says about a data set; it must refuse it.
std::string refusal(const std::string& data, const TemporaryFolder& folder) {
  Call call;
  call.environment = {"XDG_CACHE_HOME=" + folder / "cache"};
  const Outcome outcome = run_fanin(
      {"compare", "--model", "mlp", "--data", data, "--init", "zeros", "--steps", "2", "--out", folder / "run"}, call);
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("fanin: "));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "run")) << "a refused run leaves nothing behind";
  return outcome.err;
}

TEST(DataTest, MissingPathAndUnknownName) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal(folder / "nothing", folder), HasSubstr("nothing"));
  EXPECT_THAT(refusal("fashion-mist", folder), HasSubstr("fashion-mnist"));
}

TEST(DataTest, BrokenIdx) {
  const TemporaryFolder folder;
  const std::filesystem::path data = folder.path() / "data";
  write_idx_dataset(data);
  const std::filesystem::path images = data / "train-images-idx3-ubyte";
  const std::string sound = read_text(images);

  write_text(images, sound.substr(0, sound.size() / 2));
  EXPECT_THAT(refusal(data.string(), folder), HasSubstr("train-images-idx3-ubyte"));

  std::string wrong_magic = sound;
  wrong_magic[2] = '\x0d';
  write_text(images, wrong_magic);
  EXPECT_THAT(refusal(data.string(), folder), HasSubstr("train-images-idx3-ubyte"));

  std::filesystem::remove(images);
  write_text(data / "train-images-idx3-ubyte.gz", "\x1f\x8b\x08");
  EXPECT_THAT(refusal(data.string(), folder), HasSubstr("train-images-idx3-ubyte.gz"));
}

TEST(DataTest, BrokenImages) {
  const TemporaryFolder folder;
  write_text(folder.path() / "data/train/cat/1.jpg", "\xff\xd8\xff garbage");
  write_text(folder.path() / "data/test/cat/1.jpg", "\xff\xd8\xff garbage");
  write_text(folder.path() / "data/train/dog/1.jpg", "\xff\xd8\xff garbage");
  write_text(folder.path() / "data/test/dog/1.jpg", "\xff\xd8\xff garbage");
  EXPECT_THAT(refusal(folder / "data", folder), HasSubstr("1.jpg"));
  std::filesystem::remove(folder.path() / "data/train/dog/1.jpg");
  EXPECT_THAT(refusal(folder / "data", folder), HasSubstr("dog"));
}

TEST(DataTest, GarbageZip) {
  const TemporaryFolder folder;
  write_text(folder.path() / "images.zip", "PK\x03\x04 this is no archive");
  EXPECT_THAT(refusal(folder / "images.zip", folder), HasSubstr("images.zip"));
}

TEST(DataTest, IsShownDrawnAndWritten) {
  const TemporaryFolder folder;
  const std::string data = folder / "data", png = folder / "grid.png", npz = folder / "copy.npz";
  write_idx_dataset(data);
  const Outcome shown =
      run_fanin({"show", "--data", data, "--augment", "flip,crop:2", "-o", png, "--write", npz, "--seed", "3"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("640 for training, 128 for testing"), HasSubstr("1x16x16"),
                               HasSubstr("classes:       4"), HasSubstr("deviation")));
  EXPECT_THAT(read_text(png), StartsWith("\x89PNG"));
  const std::string drawn = read_text(png);
  ASSERT_EQ(run_fanin({"show", "--data", npz, "--augment", "flip,crop:2", "-o", png, "--seed", "3"}).code, 0);
  EXPECT_EQ(read_text(png), drawn) << "the same images and the same seed";
  ASSERT_EQ(run_fanin({"show", "--data", npz, "--augment", "flip,crop:2", "-o", png, "--seed", "4"}).code, 0);
  EXPECT_NE(read_text(png), drawn);
  ASSERT_EQ(run_fanin({"show", "--data", npz, "-o", png}).code, 0);
  const auto refused = [&](std::vector<std::string> words, const char* why) {
    const Outcome outcome = run_fanin(words);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(why));
  };
  refused({"show"}, "'show' needs MODEL");
  refused({"show", "--data", npz, "--program"}, "--program needs a MODEL");
  refused({"show", "mlp", "--data", npz, "-o", png}, "--output shows a data set");
  refused({"show", "--data", npz, "--augment", "crop:16", "-o", png}, "does not fit");
  refused({"show", "--data", npz, "--augment", "flip"}, "--augment changes the images of --output");
  refused({"show", "--data", npz, "-o", folder / "grid.jpg"}, "expected a file whose name ends in .png");
  refused({"show", "--data", npz, "--write", folder / "data.txt"}, "expected a file whose name ends in .npz");
  refused({"show", "--data", npz, "-o", folder / "no/such/folder.png"}, "folder.png");
}

TEST(DataTest, TooFewImages) {
  const TemporaryFolder folder;
  const std::filesystem::path data = folder.path() / "data";
  write_idx_dataset(data);
  const std::vector<std::string> words = {"compare", "--model", "mlp",   "--data",      data.string(),
                                          "--init",  "zeros",   "--out", folder / "run"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    const Outcome outcome = run_fanin(more);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "run"));
    return outcome.err;
  };
  EXPECT_THAT(with({"--epochs", "1", "--batch", "1000"}), HasSubstr("--batch is 1000, more than the 576 images"));
  EXPECT_THAT(with({"--steps", "1", "--train-size", "64"}), HasSubstr("--batch is 128, more than the 64 images"));
  EXPECT_THAT(with({"--steps", "1", "--train-size", "640"}), HasSubstr("640 images are too few for 640 to train on"));
  EXPECT_THAT(with({"--steps", "1", "--validation-size", "640", "--batch", "1"}), HasSubstr("and 640 for validation"));
}

}  // namespace
}  // namespace fanin::test
