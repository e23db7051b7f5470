// The cache of decoded images: used while the source is the same, ignored when damaged, never in the way.
#include <gmock/gmock.h>

#include <fstream>

#include "data/folders.h"

namespace fanin::data {
namespace {

namespace fs = std::filesystem;
using testing::Bytes;
using testing::flat_png;

class CacheTest : public testing::FolderTest {
 protected:
  CacheTest() {
    for (const std::string part : {"train", "test"}) {
      put("pets/" + part + "/cat/1.png", flat_png(10, 3));
      put("pets/" + part + "/big dog/1.png", flat_png(20, 3));
    }
  }

  Dataset load() const { return load_dataset((root / "pets").string()); }

  fs::path cache_file() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(root / "cache/fanin")) files.push_back(entry.path());
    EXPECT_EQ(files.size(), 1u);
    return files.at(0);
  }

  // Makes an image unreadable without a trace in the folder's fingerprint: only a cache can serve the set now.
  void spoil_image() const {
    const fs::path image = root / "pets/train/cat/1.png";
    const auto time = fs::last_write_time(image);
    std::fstream(image, std::ios::in | std::ios::out | std::ios::binary).write("XXXX", 4);
    fs::last_write_time(image, time);
  }
};

TEST_F(CacheTest, ServesTheSameData) {
  const Dataset first = load();
  spoil_image();
  const Dataset second = load();
  EXPECT_EQ(second.name, first.name);
  EXPECT_EQ(second.source, first.source);
  EXPECT_EQ(second.class_names, first.class_names);
  EXPECT_EQ(second.checksum, first.checksum);
  EXPECT_EQ(second.train.pixels, first.train.pixels);
  EXPECT_EQ(second.train.labels, first.train.labels);
  EXPECT_EQ(second.test.pixels, first.test.pixels);
  EXPECT_EQ(second.test.width, 3);
}

TEST_F(CacheTest, IsRebuiltWhenTheSourceChanges) {
  const Dataset first = load();
  put("pets/train/cat/1.png", flat_png(99, 3));
  fs::last_write_time(root / "pets/train/cat/1.png", fs::file_time_type::clock::now() + std::chrono::hours(1));
  const Dataset second = load();
  EXPECT_EQ(second.train.pixels.back(), 101);
  EXPECT_NE(second.checksum, first.checksum);
  cache_file();
}

TEST_F(CacheTest, IsIgnoredAndRebuiltWhenDamaged) {
  const Dataset first = load();
  const fs::path file = cache_file();
  const Bytes whole = read_file(file);
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    Bytes damaged = whole;
    damaged[at] ^= 0x11;
    write_file_atomically(file, std::span<const std::uint8_t>(damaged));
    const Dataset again = load();
    ASSERT_EQ(again.checksum, first.checksum) << at;
    ASSERT_EQ(again.train.pixels, first.train.pixels) << at;
    ASSERT_EQ(again.class_names.size(), 2u) << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, whole.size() / 2, whole.size() - 1}) {
    write_file_atomically(file, std::span<const std::uint8_t>(whole).first(size));
    EXPECT_EQ(load().checksum, first.checksum);
    EXPECT_EQ(read_file(file), whole) << "rebuilt";
  }
}

TEST_F(CacheTest, ThatCannotBeWrittenIsNoError) {
  put("cache", {1});  // a file where the folder should be
  EXPECT_EQ(load().train.count, 2);
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  ::unsetenv("HOME");
  EXPECT_EQ(load().train.count, 2);
  EXPECT_FALSE(fs::exists("relative"));
}

TEST_F(CacheTest, FallsBackToTheHomeFolder) {
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", (root / "home").c_str(), 1);
  load();
  EXPECT_TRUE(fs::is_directory(root / "home/.cache/fanin"));
}

}  // namespace
}  // namespace fanin::data
