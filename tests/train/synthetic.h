// A small data set that a small network learns in a few dozen steps: noisy patterns, one a class.
#pragma once
#include <algorithm>
#include <cstdint>

#include "fanin/data/dataset.h"
#include "fanin/random/stream.h"

namespace fanin::testing {

inline data::Images synthetic_images(std::int64_t count, std::int64_t side, std::int64_t classes, std::uint64_t seed) {
  data::Images images{count, 1, side, side, {}, {}};
  images.pixels.resize(static_cast<std::size_t>(count * side * side));
  images.labels.resize(static_cast<std::size_t>(count));
  const auto noise = random::make_stream(seed, "noise", random::Purpose::subset);
  const auto pattern = random::make_stream(99, "pattern", random::Purpose::subset);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = i % classes;
    images.labels[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(label);
    for (std::int64_t j = 0; j < side * side; ++j) {
      const auto place = static_cast<std::uint64_t>(i * side * side + j);
      const std::uint64_t base =
          random::uniform_index(pattern, static_cast<std::uint64_t>(label * side * side + j), 160);
      images.pixels[place] = static_cast<std::uint8_t>(base + random::uniform_index(noise, place, 96));
    }
  }
  return images;
}

inline data::Dataset synthetic_dataset(std::int64_t classes = 4, std::int64_t side = 14) {
  data::Dataset dataset;
  dataset.name = "synthetic";
  for (std::int64_t c = 0; c < classes; ++c) dataset.class_names.push_back("class " + std::to_string(c));
  dataset.train = synthetic_images(400, side, classes, 1);
  dataset.test = synthetic_images(100, side, classes, 2);
  dataset.checksum = 42;
  return dataset;
}

}  // namespace fanin::testing
