// See the header.
#include "data/labels.h"

#include <fmt/format.h>

#include <algorithm>

#include "fanin/base/error.h"

namespace fanin::data {

void check_same_size(const Dataset& dataset, const std::string& train_place, const std::string& test_place) {
  const Images &train = dataset.train, &test = dataset.test;
  if (train.channels != test.channels || train.height != test.height || train.width != test.width) {
    throw Error(fmt::format("images of {} ({}x{}x{}) and {} ({}x{}x{}) differ in size", train_place, train.channels,
                            train.height, train.width, test_place, test.channels, test.height, test.width));
  }
}

std::int32_t check_labels(const Dataset& dataset, const std::string& test_place) {
  const std::vector<std::int32_t>& test = dataset.test.labels;
  const std::int32_t highest = *std::max_element(dataset.train.labels.begin(), dataset.train.labels.end());
  const auto strange = std::find_if(test.begin(), test.end(), [&](auto label) { return label > highest; });
  if (strange != test.end()) {
    throw Error(fmt::format("{}: label {} of image {} is beyond the training labels 0 to {}", test_place, *strange,
                            strange - test.begin(), highest));
  }
  return highest;
}

void number_classes(Dataset& dataset, std::int32_t highest) {
  dataset.class_names.clear();
  for (std::int32_t label = 0; label <= highest; ++label) dataset.class_names.push_back(std::to_string(label));
}

}  // namespace fanin::data
