// MNIST and its likes: images and labels of both parts in four IDX files.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "data/labels.h"
#include "data/parallel.h"
#include "data/readers.h"
#include "fanin/base/error.h"
#include "fanin/formats/idx.h"

namespace fanin::data {
namespace {

namespace fs = std::filesystem;

// As the makers named them; many copies have a dot for the last hyphen but one. In the order train images, train
// labels, test images, test labels.
constexpr std::array<std::array<std::string_view, 2>, 4> file_names = {{
    {"train-images-idx3-ubyte", "train-images.idx3-ubyte"},
    {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte"},
    {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"},
    {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"},
}};

constexpr std::array<std::string_view, 10> fashion_classes = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};

std::optional<fs::path> find_file(const fs::path& folder, std::size_t which) {
  for (const std::string_view name : file_names[which]) {
    for (const std::string_view suffix : {"", ".gz"}) {
      std::error_code ignored;
      const fs::path path = folder / fmt::format("{}{}", name, suffix);
      if (fs::is_regular_file(path, ignored)) return path;
    }
  }
  return std::nullopt;
}

Images to_images(formats::Array pixels, const formats::Array& labels, const fs::path& pixel_file,
                 const fs::path& label_file) {
  if (pixels.type != formats::ElementType::uint8 || (pixels.shape.size() != 3 && pixels.shape.size() != 4)) {
    throw Error(fmt::format("{}: {} of {}, expected images (uint8, count x height x width)", pixel_file.string(),
                            formats::to_string(pixels.type), fanin::to_string(pixels.shape)));
  }
  if (labels.type != formats::ElementType::uint8 || labels.shape.size() != 1) {
    throw Error(fmt::format("{}: {} of {}, expected labels (uint8, one dimension)", label_file.string(),
                            formats::to_string(labels.type), fanin::to_string(labels.shape)));
  }
  Images images;
  images.count = pixels.shape[0];
  images.channels = pixels.shape.size() == 4 ? pixels.shape[1] : 1;
  images.height = pixels.shape[pixels.shape.size() - 2];
  images.width = pixels.shape.back();
  if (images.count == 0 || images.image_size() == 0) {
    throw Error(fmt::format("{}: no pixels in {}", pixel_file.string(), fanin::to_string(pixels.shape)));
  }
  if (images.channels != 1 && images.channels != 3) {
    throw Error(fmt::format("{}: images of {} channels, expected 1 or 3", pixel_file.string(), images.channels));
  }
  if (labels.shape[0] != images.count) {
    throw Error(fmt::format("{} holds {} labels for the {} images of {}", label_file.string(), labels.shape[0],
                            images.count, pixel_file.string()));
  }
  images.pixels = std::move(pixels.bytes);
  images.labels.assign(labels.bytes.begin(), labels.bytes.end());
  return images;
}

}  // namespace

bool has_idx_files(const fs::path& folder) {
  for (std::size_t which = 0; which < file_names.size(); ++which) {
    if (find_file(folder, which)) return true;
  }
  return false;
}

Dataset load_idx_folder(const fs::path& folder) {
  std::array<fs::path, 4> paths;
  for (std::size_t which = 0; which < paths.size(); ++which) {
    const std::optional<fs::path> found = find_file(folder, which);
    if (!found) throw Error(fmt::format("{}: {}[.gz] is missing", folder.string(), file_names[which][0]));
    paths[which] = *found;
  }
  std::array<formats::Array, 4> arrays;
  parallel_for(4, 1, [&] { return [&](std::int64_t i) { arrays[i] = formats::read_idx(paths[i]); }; });
  Dataset dataset;
  dataset.name = folder.filename().string();
  dataset.source = folder.string();
  dataset.train = to_images(std::move(arrays[0]), arrays[1], paths[0], paths[1]);
  dataset.test = to_images(std::move(arrays[2]), arrays[3], paths[2], paths[3]);
  check_same_size(dataset, paths[0].string(), paths[2].string());
  const std::int32_t highest = check_labels(dataset, paths[3].string());
  if (dataset.name == "fashion-mnist" && highest == 9) {
    dataset.class_names.assign(fashion_classes.begin(), fashion_classes.end());
  } else {
    number_classes(dataset, highest);
  }
  return dataset;
}

}  // namespace fanin::data
