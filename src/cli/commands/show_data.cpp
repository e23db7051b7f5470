// `fanin show --data`: what a data set holds, a grid of its images as they are and as augmentation makes them, and the
// set written as a NumPy archive.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "cli/commands/commands.h"
#include "cli/settings.h"
#include "cli/values.h"
#include "fanin/base/file.h"
#include "fanin/data/dataset.h"
#include "fanin/formats/image.h"

namespace fanin::cli {

namespace {

constexpr std::int64_t columns = 8, most_rows = 20, gap = 2;
constexpr std::int64_t small_side = 64;  // images below it are drawn at twice their size
constexpr std::int64_t largest_side = 1024;

/// Images one beside the other on white.
class Grid {
 public:
  Grid(const data::Images& images, std::int64_t rows)
      : images_(images), zoom_(std::max(images.height, images.width) < small_side ? 2 : 1) {
    grid_.channels = images.channels;
    grid_.height = gap + rows * (images.height * zoom_ + gap);
    grid_.width = gap + columns * (images.width * zoom_ + gap);
    grid_.pixels.assign(static_cast<std::size_t>(grid_.channels * grid_.height * grid_.width), 255);
  }

  /// `value(channel, y, x)` is a byte.
  template <class Value>
  void put(std::int64_t row, std::int64_t column, const Value& value) {
    const std::int64_t top = gap + row * (images_.height * zoom_ + gap);
    const std::int64_t left = gap + column * (images_.width * zoom_ + gap);
    for (std::int64_t c = 0; c < grid_.channels; ++c) {
      for (std::int64_t y = 0; y < images_.height * zoom_; ++y) {
        for (std::int64_t x = 0; x < images_.width * zoom_; ++x) {
          const std::int64_t at = (c * grid_.height + top + y) * grid_.width + left + x;
          grid_.pixels[static_cast<std::size_t>(at)] = value(c, y / zoom_, x / zoom_);
        }
      }
    }
  }
  const formats::Image& image() const { return grid_; }

 private:
  const data::Images& images_;
  std::int64_t zoom_;
  formats::Image grid_;
};

/// The first training images of each class, at most `most` of them.
std::vector<std::vector<std::uint32_t>> first_of_classes(const data::Dataset& dataset, std::int64_t most) {
  std::vector<std::vector<std::uint32_t>> first(static_cast<std::size_t>(dataset.classes()));
  for (std::int64_t i = 0; i < dataset.train.count; ++i) {
    auto& list = first[static_cast<std::size_t>(dataset.train.labels[static_cast<std::size_t>(i)])];
    if (std::ssize(list) < most) list.push_back(static_cast<std::uint32_t>(i));
  }
  return first;
}

/// A row a class: with augmentation its first image and what the first epochs make of it, else its first images.
formats::Image sample_grid(const data::Dataset& dataset, const data::Augmentation& augmentation,
                           std::uint64_t chosen_seed) {
  const data::Images& images = dataset.train;
  const std::int64_t rows = std::min(dataset.classes(), most_rows), plane = images.height * images.width;
  const auto first = first_of_classes(dataset, columns);
  const data::Normalization normalization = data::compute_normalization(images);
  Grid grid(images, rows);
  std::vector<float> values(static_cast<std::size_t>(images.image_size()));
  std::int32_t label = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::vector<std::uint32_t>& members = first[static_cast<std::size_t>(row)];
    for (std::int64_t column = 0; column < columns && !members.empty(); ++column) {
      const bool original = column == 0 || !augmentation.any();
      const std::int64_t which = augmentation.any() ? 0 : column;
      if (which >= std::ssize(members)) break;
      const std::uint32_t index = members[static_cast<std::size_t>(which)];
      if (original) {
        const std::uint8_t* from = images.pixels.data() + static_cast<std::int64_t>(index) * images.image_size();
        grid.put(row, column, [&](std::int64_t c, std::int64_t y, std::int64_t x) {
          return from[c * plane + y * images.width + x];
        });
        continue;
      }
      // An epoch of one image is one step.
      data::Batches batches(images, {index}, normalization, 1, chosen_seed, augmentation);
      batches.training_batch(column - 1, values.data(), &label);
      grid.put(row, column, [&](std::int64_t c, std::int64_t y, std::int64_t x) {
        const auto channel = static_cast<std::size_t>(c);
        const float value = values[static_cast<std::size_t>(c * plane + y * images.width + x)];
        const float pixel = (value * normalization.std[channel] + normalization.mean[channel]) * 255.0F;
        return static_cast<std::uint8_t>(std::lround(std::clamp(pixel, 0.0F, 255.0F)));
      });
    }
  }
  return grid.image();
}

std::string list_of(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) text += fmt::format("{}{:.4f}", text.empty() ? "" : ", ", value);
  return text;
}

std::string dataset_summary(const data::Dataset& dataset) {
  const data::Images& train = dataset.train;
  const data::Normalization normalization = data::compute_normalization(train);
  std::string text = fmt::format("{}, read from {}\n\n", dataset.name, dataset.source);
  text += fmt::format("images:        {} for training, {} for testing\n", train.count, dataset.test.count);
  text +=
      fmt::format("size:          {}x{}x{} (channels x height x width)\n", train.channels, train.height, train.width);
  text += fmt::format("normalization: mean {}, deviation {} (of training pixels from 0 to 1)\n",
                      list_of(normalization.mean), list_of(normalization.std));
  text += fmt::format("classes:       {}\n\n", dataset.classes());
  std::size_t width = 5;
  for (const std::string& name : dataset.class_names) width = std::max(width, name.size());
  text += fmt::format("{:<{}}  {:>8}  {:>7}\n", "class", width, "training", "testing");
  for (std::int32_t label = 0; label < dataset.classes(); ++label) {
    text += fmt::format("{:<{}}  {:>8}  {:>7}\n", dataset.class_names[static_cast<std::size_t>(label)], width,
                        std::ranges::count(train.labels, label), std::ranges::count(dataset.test.labels, label));
  }
  return text;
}

}  // namespace

int show_data(const Arguments& arguments) {
  for (const std::string_view option : {"--input", "--classes", "--program", "--verbose", "--batch"}) {
    if (arguments.given(option)) throw UsageError(fmt::format("{} needs a MODEL beside it", option));
  }
  for (const auto& [option, ending] : {std::pair{"--output", ".png"}, std::pair{"--write", ".npz"}})
    if (arguments.given(option) && std::filesystem::path(arguments.text(option)).extension() != ending)
      throw UsageError(
          fmt::format("{} is '{}'; expected a file whose name ends in {}", option, arguments.text(option), ending));
  for (const std::string_view option : {"--augment", "--seed"})
    if (arguments.given(option) && !arguments.given("--output"))
      throw UsageError(fmt::format("{} changes the images of --output; expected that with it", option));
  const data::Augmentation augmentation = data::parse_augmentation(arguments.text("--augment"));
  const std::uint64_t chosen_seed = seed(arguments);
  const data::Dataset dataset = data::load_dataset(arguments.text("--data"));
  std::string written;  // told behind the summary, which is not printed where a file cannot be written
  if (arguments.given("--output")) {
    if (std::max(dataset.train.height, dataset.train.width) > largest_side) {
      throw Error(fmt::format("images of {}x{} are too large for a grid; at most {} are expected", dataset.train.height,
                              dataset.train.width, largest_side));
    }
    const std::vector<std::uint8_t> png = formats::encode_png(sample_grid(dataset, augmentation, chosen_seed));
    write_file_atomically(arguments.text("--output"), std::span<const std::uint8_t>(png));
    written += fmt::format("\nsamples: {}\n", arguments.text("--output"));
  }
  if (arguments.given("--write")) {
    data::write_npz_dataset(arguments.text("--write"), dataset);
    written += fmt::format("\nwritten: {}\n", arguments.text("--write"));
  }
  fmt::print("{}{}", dataset_summary(dataset), written);
  return 0;
}

}  // namespace fanin::cli
