// Folders and archives of images: decoded on all cores, or taken from the cache.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "data/cache.h"
#include "data/checksum.h"
#include "data/image_source.h"
#include "data/parallel.h"
#include "data/readers.h"
#include "fanin/base/error.h"
#include "fanin/formats/image.h"

namespace fanin::data {
namespace {

namespace fs = std::filesystem;
using formats::Image;

constexpr std::uint64_t max_pixel_bytes = std::uint64_t{1} << 36;

struct Item {
  const ImageFile* file;
  Images* images;
  std::int64_t index;  // in images
};

// One item an image; sets counts and labels.
std::vector<Item> plan_items(const ImageSource& source, Dataset& dataset) {
  std::vector<Item> items;
  const std::pair<const ClassFiles&, Images&> parts[] = {{source.train, dataset.train}, {source.test, dataset.test}};
  for (const auto& [classes, images] : parts) {
    std::int32_t label = 0;
    for (const auto& [name, files] : classes) {
      for (const ImageFile& file : files) {
        items.push_back({&file, &images, images.count++});
        images.labels.push_back(label);
      }
      ++label;
    }
  }
  return items;
}

void store(const Image& image, Images& images, std::int64_t index) {
  std::uint8_t* out = images.pixels.data() + index * images.image_size();
  const std::size_t plane = static_cast<std::size_t>(images.height * images.width);
  for (std::int64_t c = 0; c < images.channels; ++c) {
    const std::int64_t from = image.channels == 1 ? 0 : c;  // grey among coloured images: the same in all channels
    std::memcpy(out + c * static_cast<std::int64_t>(plane),
                image.pixels.data() + from * static_cast<std::int64_t>(plane), plane);
  }
}

void set_size(Dataset& dataset, std::int64_t channels, std::int64_t height, std::int64_t width,
              const std::string& place) {
  for (Images* images : {&dataset.train, &dataset.test}) {
    images->channels = channels;
    images->height = height;
    images->width = width;
    const std::uint64_t bytes = static_cast<std::uint64_t>(images->image_size()) * images->count;
    if (bytes > max_pixel_bytes) {
      throw Error(fmt::format("{} images of the size of {} take {} bytes, more than {}", images->count, place, bytes,
                              max_pixel_bytes));
    }
    images->pixels.resize(bytes);
  }
}

void decode_all(const ImageSource& source, Dataset& dataset) {
  const std::vector<Item> items = plan_items(source, dataset);
  const std::string first_place = source.place(*items[0].file);
  const Image first = formats::decode_image(source.reader()(*items[0].file), first_place);
  // Colour is settled by the images: grey unless one has colour, found on the way and then decoded once more.
  for (std::int64_t channels = first.channels;; channels = 3) {
    set_size(dataset, channels, first.height, first.width, first_place);
    std::atomic<bool> needs_colour{false};
    parallel_for(static_cast<std::int64_t>(items.size()), 32, [&] {
      return [&, read = source.reader()](std::int64_t i) {
        if (needs_colour) return;
        const Item& item = items[i];
        const std::string place = source.place(*item.file);
        const Image image = formats::decode_image(read(*item.file), place);
        if (image.height != first.height || image.width != first.width) {
          throw Error(fmt::format("images of different sizes: {} is {}x{}, {} is {}x{} (height x width)", first_place,
                                  first.height, first.width, place, image.height, image.width));
        }
        if (image.channels > channels) {
          needs_colour = true;
        } else {
          store(image, *item.images, item.index);
        }
      };
    });
    if (!needs_colour) return;
  }
}

}  // namespace

Dataset load_images(const fs::path& path) {
  const bool folder = fs::is_directory(path);
  const std::unique_ptr<ImageSource> source = folder ? open_image_folder(path) : open_image_archive(path);
  const fs::path absolute = fs::canonical(path);
  if (!folder) {
    // The entries' names and sizes are in the fingerprint; the archive's time stands for their contents.
    const auto changed = fs::last_write_time(path).time_since_epoch().count();
    source->fingerprint ^= static_cast<std::uint64_t>(changed) ^ static_cast<std::uint64_t>(fs::file_size(path)) << 1;
  }
  Dataset dataset;
  if (std::optional<Dataset> cached = read_cache(absolute, source->fingerprint)) {
    dataset = std::move(*cached);
  } else {
    decode_all(*source, dataset);
    for (const auto& [name, files] : source->train) dataset.class_names.push_back(name);
    dataset.checksum = checksum_of(dataset);
    write_cache(absolute, source->fingerprint, dataset);
  }
  dataset.name = (folder ? absolute.filename() : absolute.stem()).string();
  dataset.source = absolute.string();
  return dataset;
}

}  // namespace fanin::data
