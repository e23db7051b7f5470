// Data sets from images in memory.
#include <fmt/format.h>

#include <utility>

#include "data/checksum.h"
#include "fanin/base/error.h"
#include "fanin/base/shape.h"
#include "fanin/data/dataset.h"

namespace fanin::data {
namespace {

void check(const Images& images, std::string_view part, std::int64_t classes) {
  const Shape shape = {images.count, images.channels, images.height, images.width};
  for (const std::int64_t extent : shape)
    if (extent < 1)
      throw Error(
          fmt::format("the {} images have shape {}; expected extents of at least 1", part, fanin::to_string(shape)));
  const std::int64_t pixels = element_count(shape);  // throws where it overflows
  if (std::cmp_not_equal(images.pixels.size(), pixels))
    throw Error(fmt::format("the {} images of shape {} have {} bytes of pixels; expected {}", part,
                            fanin::to_string(shape), images.pixels.size(), pixels));
  if (std::cmp_not_equal(images.labels.size(), images.count))
    throw Error(fmt::format("there are {} {} labels for {} images", images.labels.size(), part, images.count));
  for (std::size_t i = 0; i < images.labels.size(); ++i)
    if (images.labels[i] < 0 || images.labels[i] >= classes)
      throw Error(
          fmt::format("{} image {} has the label {}; expected 0 to {}", part, i, images.labels[i], classes - 1));
}

}  // namespace

Dataset make_dataset(std::string name, std::vector<std::string> class_names, Images train, Images test) {
  Dataset dataset{std::move(name), "memory", std::move(class_names), std::move(train), std::move(test), 0};
  if (dataset.classes() < 2) throw Error(fmt::format("{} classes given; at least 2 are expected", dataset.classes()));
  check(dataset.train, "training", dataset.classes());
  check(dataset.test, "test", dataset.classes());
  const Images &a = dataset.train, &b = dataset.test;
  if (a.channels != b.channels || a.height != b.height || a.width != b.width)
    throw Error(fmt::format("training images are {}x{}x{} and test images {}x{}x{}; expected one size", a.channels,
                            a.height, a.width, b.channels, b.height, b.width));
  dataset.checksum = checksum_of(dataset);
  return dataset;
}

}  // namespace fanin::data
