// CIFAR-10 and CIFAR-100 in their binary version: records of one label byte (CIFAR-100: coarse, then fine) and 3,072
// pixels, red, green and blue planes of 32x32.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "data/labels.h"
#include "data/parallel.h"
#include "data/readers.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"

namespace fanin::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t side = 32, pixels = 3 * side * side;

struct Layout {
  std::vector<std::string> train, test;
  std::vector<std::int32_t> classes;  // of each label byte of a record
  std::size_t label_at;               // the one that is taken
  std::string_view names;             // of the file with the classes' names
};

Layout layout_10() {
  return {{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
          {"test_batch.bin"},
          {10},
          0,
          "batches.meta.txt"};
}
Layout layout_100(bool coarse) {
  return {{"train.bin"},
          {"test.bin"},
          {20, 100},
          coarse ? 0U : 1U,
          coarse ? "coarse_label_names.txt" : "fine_label_names.txt"};
}

bool has_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// The folder itself, or the one that the published archive unpacks to inside it.
fs::path unpacked(const fs::path& folder) {
  for (const std::string_view inner : {"cifar-10-batches-bin", "cifar-100-binary"}) {
    std::error_code ignored;
    if (fs::is_directory(folder / inner, ignored)) return folder / inner;
  }
  return folder;
}

void append(const fs::path& file, const Layout& layout, Images& images) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  const std::int64_t label_bytes = std::ssize(layout.classes), record = label_bytes + pixels, size = std::ssize(bytes);
  if (size == 0 || size % record != 0) {
    throw Error(fmt::format("{}: {} bytes, expected a multiple of {} ({} and {} pixels a record)", file.string(), size,
                            record, label_bytes == 1 ? "a label" : "two labels", pixels));
  }
  images.pixels.reserve(images.pixels.size() + static_cast<std::size_t>(size));
  for (std::int64_t at = 0; at < size; at += record) {
    for (std::int64_t i = 0; i < label_bytes; ++i) {
      const std::int32_t label = bytes[static_cast<std::size_t>(at + i)];
      const std::int32_t classes = layout.classes[static_cast<std::size_t>(i)];
      if (label >= classes) {
        throw Error(fmt::format("{}: label {} of record {} at byte {}, expected 0 to {}", file.string(), label,
                                at / record, at + i, classes - 1));
      }
      if (static_cast<std::size_t>(i) == layout.label_at) images.labels.push_back(label);
    }
    const auto first = bytes.begin() + at + label_bytes;
    images.pixels.insert(images.pixels.end(), first, first + pixels);
    ++images.count;
  }
}

Images read_part(const fs::path& folder, const std::vector<std::string>& files, const Layout& layout) {
  Images images;
  images.channels = 3;
  images.height = images.width = side;
  for (const std::string& file : files) {
    if (!has_file(folder / file)) throw Error(fmt::format("{}: {} is missing", folder.string(), file));
    append(folder / file, layout, images);
  }
  return images;
}

/// One name a line; numbers where the file is missing or of another length.
void name_classes(const fs::path& file, const Layout& layout, Dataset& dataset) {
  std::vector<std::string> names;
  if (has_file(file)) {
    std::string name;
    for (const std::uint8_t byte : read_file(file)) {
      if (byte != '\n' && byte != '\r') {
        name += static_cast<char>(byte);
      } else if (!name.empty()) {
        names.push_back(std::exchange(name, {}));
      }
    }
    if (!name.empty()) names.push_back(name);
  }
  const std::int32_t classes = layout.classes[layout.label_at];
  if (std::ssize(names) == classes) {
    dataset.class_names = std::move(names);
  } else {
    number_classes(dataset, classes - 1);
  }
}

}  // namespace

bool has_cifar_files(const fs::path& folder) {
  const fs::path inner = unpacked(folder);
  return has_file(inner / "data_batch_1.bin") || has_file(inner / "test_batch.bin") || has_file(inner / "train.bin");
}

Dataset load_cifar_folder(const fs::path& folder, bool coarse) {
  const fs::path inner = unpacked(folder);
  const bool hundred = has_file(inner / "train.bin");
  if (coarse && !hundred) {
    throw Error(fmt::format("{}: no train.bin; coarse labels are those of CIFAR-100", inner.string()));
  }
  const Layout layout = hundred ? layout_100(coarse) : layout_10();
  Dataset dataset;
  std::array<Images*, 2> parts = {&dataset.train, &dataset.test};
  parallel_for(2, 1, [&] {
    return [&](std::int64_t i) {
      *parts[static_cast<std::size_t>(i)] = read_part(inner, i == 0 ? layout.train : layout.test, layout);
    };
  });
  dataset.name = hundred ? (coarse ? "cifar100-coarse" : "cifar100") : "cifar10";
  dataset.source = inner.string();
  name_classes(inner / layout.names, layout, dataset);
  return dataset;
}

}  // namespace fanin::data
