// A folder for one test, with a cache folder and no other data around, and small data sets to put there.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fanin/base/file.h"
#include "fanin/data/dataset.h"
#include "fanin/formats/image.h"
#include "fanin/formats/zip.h"
#include "formats/samples.h"

namespace fanin::testing {

/// Fresh for each test; the environment points into it.
class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    static int number = 0;
    root = std::filesystem::canonical(::testing::TempDir()) /
           ("fanin-data-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::remove_all(root);
    std::filesystem::create_directories(root);
    ::setenv("XDG_CACHE_HOME", (root / "cache").c_str(), 1);
    ::setenv("FANIN_DATA_DIR", (root / "sets").c_str(), 1);
  }
  ~FolderTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }

  void put(const std::string& path, const Bytes& bytes) const {
    std::filesystem::create_directories((root / path).parent_path());
    write_file_atomically(root / path, std::span<const std::uint8_t>(bytes));
  }

  std::string load_error(const std::string& path) const {
    return error_of([&] { data::load_dataset((root / path).string()); });
  }

  std::filesystem::path root;
};

/// An image of one value a channel: value, value + 1, value + 2.
inline formats::Image flat_image(int value, std::int64_t channels = 1, std::int64_t height = 4,
                                 std::int64_t width = 3) {
  formats::Image image{channels, height, width, {}};
  for (std::int64_t c = 0; c < channels; ++c) {
    image.pixels.insert(image.pixels.end(), static_cast<std::size_t>(height * width),
                        static_cast<std::uint8_t>(value + c));
  }
  return image;
}

inline Bytes flat_png(int value, std::int64_t channels = 1, std::int64_t height = 4, std::int64_t width = 3) {
  return formats::encode_png(flat_image(value, channels, height, width));
}

/// An IDX file of unsigned bytes.
inline Bytes idx_file(const std::vector<std::uint32_t>& shape, const Bytes& content) {
  Bytes file = {0, 0, 8, static_cast<std::uint8_t>(shape.size())};
  for (const std::uint32_t extent : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) file.push_back(static_cast<std::uint8_t>(extent >> shift));
  }
  return joined(file, content);
}

/// Images of one channel, 1x2, pixels (7 i, i) modulo 256, and the given labels.
inline data::Images labelled_images(std::vector<std::int32_t> labels) {
  data::Images images;
  images.count = static_cast<std::int64_t>(labels.size());
  images.channels = images.height = 1;
  images.width = 2;
  for (std::int64_t i = 0; i < images.count; ++i) {
    images.pixels.push_back(static_cast<std::uint8_t>(7 * i));
    images.pixels.push_back(static_cast<std::uint8_t>(i));
  }
  images.labels = std::move(labels);
  return images;
}

}  // namespace fanin::testing
