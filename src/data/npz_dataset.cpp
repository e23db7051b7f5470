// Data sets in NumPy archives: x_train, y_train, x_test, y_test (as Keras names them) or train_images, train_labels,
// test_images, test_labels (as MedMNIST does; its val_ arrays are left alone, since validation images are split off
// the training images).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "data/labels.h"
#include "data/readers.h"
#include "fanin/base/error.h"
#include "fanin/formats/npz.h"

namespace fanin::data {
namespace {

namespace fs = std::filesystem;
using formats::Array;
using formats::ElementType;
using formats::NamedArray;

// Train images, train labels, test images, test labels.
using Names = std::array<std::string_view, 4>;
constexpr std::array<Names, 2> namings = {Names{"x_train", "y_train", "x_test", "y_test"},
                                          Names{"train_images", "train_labels", "test_images", "test_labels"}};
constexpr std::string_view class_names = "class_names";
constexpr std::int64_t most_classes = 1'000'000;

const Array* find(const std::vector<NamedArray>& arrays, std::string_view name) {
  const auto found =
      std::find_if(arrays.begin(), arrays.end(), [&](const NamedArray& item) { return item.name == name; });
  return found == arrays.end() ? nullptr : &found->array;
}

/// Where the channels are: of four extents the last where it is 1 or 3 and the second is neither, else the second.
struct Extents {
  std::int64_t channels, height, width;
  bool channels_last;
};

Extents extents_of(const Shape& shape, const std::string& place) {
  const auto is_colour = [](std::int64_t extent) { return extent == 1 || extent == 3; };
  if (shape.size() == 3) return {1, shape[1], shape[2], false};
  if (shape.size() == 4 && is_colour(shape[1])) return {shape[1], shape[2], shape[3], false};
  if (shape.size() == 4 && is_colour(shape[3])) return {shape[3], shape[1], shape[2], true};
  throw Error(fmt::format(
      "{}: shape {}, expected images (N, height, width), (N, channels, height, width) or (N, height, width, channels) "
      "of 1 or 3 channels",
      place, fanin::to_string(shape)));
}

/// Bytes as they are; floats from 0 to 1 times 255, else from 0 to 255, rounded to nearest.
std::vector<std::uint8_t> to_bytes(const Array& array, const std::string& place) {
  if (array.type == ElementType::uint8) return array.bytes;
  const Tensor tensor = formats::to_tensor(array);
  float highest = 0;
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    const float value = tensor.values[i];
    if (!(value >= 0 && value <= 255)) {
      throw Error(fmt::format("{}: element {} is {}, expected 0 to 255 (or 0 to 1)", place, i, value));
    }
    highest = std::max(highest, value);
  }
  const bool is_float = array.type == ElementType::float16 || array.type == ElementType::float32 ||
                        array.type == ElementType::float64 || array.type == ElementType::bfloat16;
  const float factor = is_float && highest <= 1 ? 255.0F : 1.0F;
  std::vector<std::uint8_t> bytes(tensor.values.size());
  std::transform(tensor.values.begin(), tensor.values.end(), bytes.begin(),
                 [=](float value) { return static_cast<std::uint8_t>(std::lround(value * factor)); });
  return bytes;
}

std::vector<std::int32_t> to_labels(const Array& array, std::int64_t images, const std::string& place) {
  const bool column = array.shape.size() == 2 && array.shape[1] == 1;
  if (array.shape.size() != 1 && !column) {
    throw Error(fmt::format("{}: shape {}, expected one label an image", place, fanin::to_string(array.shape)));
  }
  if (array.shape[0] != images) {
    throw Error(fmt::format("{}: {} labels for {} images", place, array.shape[0], images));
  }
  std::vector<std::int32_t> labels;
  for (const float value : formats::to_tensor(array).values) {
    // 2^24 and more would not be whole in float32; so many classes are a mistake in any case.
    if (!(value >= 0 && value < static_cast<float>(most_classes)) || value != std::floor(value)) {
      throw Error(fmt::format("{}: label {} of image {}, expected a whole number from 0", place, value, labels.size()));
    }
    labels.push_back(static_cast<std::int32_t>(value));
  }
  return labels;
}

Images to_images(const Array& pixels, const Array& labels, const std::string& pixel_place,
                 const std::string& label_place) {
  const Extents extents = extents_of(pixels.shape, pixel_place);
  Images images{pixels.shape[0], extents.channels, extents.height, extents.width, {}, {}};
  if (images.count == 0 || images.image_size() == 0) {
    throw Error(fmt::format("{}: no pixels in {}", pixel_place, fanin::to_string(pixels.shape)));
  }
  images.pixels = to_bytes(pixels, pixel_place);
  if (extents.channels_last && extents.channels > 1) {
    const std::vector<std::uint8_t> interleaved = std::exchange(images.pixels, {});
    images.pixels.resize(interleaved.size());
    const std::int64_t plane = extents.height * extents.width;
    for (std::int64_t n = 0; n < images.count; ++n) {
      const std::uint8_t* from = interleaved.data() + n * images.image_size();
      std::uint8_t* to = images.pixels.data() + n * images.image_size();
      for (std::int64_t p = 0; p < plane; ++p) {
        for (std::int64_t c = 0; c < extents.channels; ++c) to[c * plane + p] = *from++;
      }
    }
  }
  images.labels = to_labels(labels, images.count, label_place);
  return images;
}

/// The names that write_npz_dataset put there: text, a line a class. Nothing where there are none that fit.
std::vector<std::string> names_in(const std::vector<NamedArray>& arrays, std::int64_t classes) {
  std::vector<std::string> names;
  const Array* text = find(arrays, class_names);
  if (!text || text->type != ElementType::uint8) return names;
  std::string name;
  for (const std::uint8_t byte : text->bytes) {
    if (byte == '\n') {
      names.push_back(std::exchange(name, {}));
    } else {
      name += static_cast<char>(byte);
    }
  }
  if (!name.empty()) names.push_back(name);
  return std::ssize(names) >= classes ? names : std::vector<std::string>{};
}

}  // namespace

Dataset load_npz(const fs::path& path) {
  const std::vector<NamedArray> arrays = formats::read_npz(path);
  std::string seen;
  for (const NamedArray& item : arrays) seen += (seen.empty() ? "" : ", ") + item.name;
  const auto naming =
      std::find_if(namings.begin(), namings.end(), [&](const Names& names) { return find(arrays, names[0]); });
  if (naming == namings.end()) {
    throw Error(
        fmt::format("{}: holds {}; expected x_train, y_train, x_test, y_test or train_images, train_labels, "
                    "test_images, test_labels",
                    path.string(), seen.empty() ? "no arrays" : seen));
  }
  std::array<const Array*, 4> found{};
  std::array<std::string, 4> places;
  for (std::size_t i = 0; i < found.size(); ++i) {
    places[i] = fmt::format("{}: {}", path.string(), (*naming)[i]);
    found[i] = find(arrays, (*naming)[i]);
    if (!found[i]) throw Error(fmt::format("{} is missing", places[i]));
  }
  Dataset dataset;
  dataset.name = path.stem().string();
  dataset.source = path.string();
  dataset.train = to_images(*found[0], *found[1], places[0], places[1]);
  dataset.test = to_images(*found[2], *found[3], places[2], places[3]);
  check_same_size(dataset, places[0], places[2]);
  const std::int32_t highest = check_labels(dataset, places[3]);
  dataset.class_names = names_in(arrays, highest + 1);
  if (dataset.class_names.empty()) number_classes(dataset, highest);
  return dataset;
}

void write_npz_dataset(const fs::path& path, const Dataset& dataset) {
  std::vector<NamedArray> arrays;
  const std::pair<const Images&, std::size_t> parts[] = {{dataset.train, 0}, {dataset.test, 2}};
  for (const auto& [images, at] : parts) {
    Array pixels{ElementType::uint8, {images.count, images.height, images.width}, {}};
    if (images.channels > 1) pixels.shape.insert(pixels.shape.begin() + 1, images.channels);
    pixels.bytes = images.pixels;
    Array labels{ElementType::int32, {images.count}, {}};
    labels.bytes.resize(images.labels.size() * sizeof(std::int32_t));
    std::memcpy(labels.bytes.data(), images.labels.data(), labels.bytes.size());
    arrays.push_back({std::string(namings[0][at]), std::move(pixels)});
    arrays.push_back({std::string(namings[0][at + 1]), std::move(labels)});
  }
  std::string names;
  for (const std::string& name : dataset.class_names) names += name + "\n";
  arrays.push_back({std::string(class_names),
                    {ElementType::uint8, {std::ssize(names)}, std::vector<std::uint8_t>(names.begin(), names.end())}});
  formats::write_npz(path, arrays);
}

}  // namespace fanin::data
