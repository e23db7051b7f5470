// One safetensors file a source, replaced when the source changes.
#include "data/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "data/checksum.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/base/hash.h"
#include "fanin/formats/safetensors.h"

namespace fanin::data {
namespace {

namespace fs = std::filesystem;
using formats::ElementType;

constexpr std::string_view format_name = "fanin data cache 1";
constexpr std::uint64_t max_cached_bytes = std::uint64_t{1} << 33;

// Empty where the environment names no place for caches.
fs::path cache_folder() {
  // The XDG specification: a relative path counts as unset.
  const char* explicit_folder = std::getenv("XDG_CACHE_HOME");
  if (explicit_folder != nullptr && fs::path(explicit_folder).is_absolute()) return fs::path(explicit_folder) / "fanin";
  const char* home = std::getenv("HOME");
  if (home != nullptr && fs::path(home).is_absolute()) return fs::path(home) / ".cache" / "fanin";
  return {};
}

fs::path cache_file(const fs::path& source) {
  const fs::path folder = cache_folder();
  if (folder.empty()) return {};
  std::string stem = source.stem().string().substr(0, 64);
  std::replace_if(
      stem.begin(), stem.end(), [](unsigned char letter) { return std::isalnum(letter) == 0; }, '-');
  return folder / fmt::format("{}-{:016x}.safetensors", stem, hash_text(source.string()));
}

std::string hexadecimal(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

Shape shape_of(const Images& images) {
  return {images.count, images.channels, images.height, images.width};
}

// The arrays of the file are named so; false where they are not as write_cache made them.
bool take_images(formats::Safetensors& content, std::string_view part, std::int64_t classes, Images& images) {
  bool pixels = false, labels = false;
  for (auto& [name, array] : content.arrays) {
    if (name == fmt::format("{}.pixels", part) && array.type == ElementType::uint8 && array.shape.size() == 4) {
      images.count = array.shape[0];
      images.channels = array.shape[1];
      images.height = array.shape[2];
      images.width = array.shape[3];
      images.pixels = std::move(array.bytes);
      pixels = true;
    } else if (name == fmt::format("{}.labels", part) && array.type == ElementType::int32) {
      images.labels.resize(array.bytes.size() / sizeof(std::int32_t));
      if (!array.bytes.empty()) std::memcpy(images.labels.data(), array.bytes.data(), array.bytes.size());
      labels = true;
    }
  }
  return pixels && labels && images.count > 0 && images.image_size() > 0 &&
         std::cmp_equal(images.labels.size(), images.count) &&
         std::all_of(images.labels.begin(), images.labels.end(),
                     [&](std::int32_t label) { return label >= 0 && label < classes; });
}

}  // namespace

std::optional<Dataset> read_cache(const fs::path& source, std::uint64_t fingerprint) {
  const fs::path file = cache_file(source);
  std::error_code ignored;
  if (file.empty() || !fs::is_regular_file(file, ignored)) return std::nullopt;
  try {
    formats::Safetensors content = formats::read_safetensors(file);
    if (content.metadata["format"] != format_name || content.metadata["source"] != source.string() ||
        content.metadata["fingerprint"] != hexadecimal(fingerprint)) {
      return std::nullopt;
    }
    Dataset dataset;
    // Class names come from names of folders, so '/' cannot be part of one.
    const std::string& names = content.metadata["classes"];
    for (std::size_t begin = 0; begin < names.size();) {
      const std::size_t end = std::min(names.find('/', begin), names.size());
      dataset.class_names.push_back(names.substr(begin, end - begin));
      begin = end + 1;
    }
    if (!take_images(content, "train", dataset.classes(), dataset.train) ||
        !take_images(content, "test", dataset.classes(), dataset.test)) {
      return std::nullopt;
    }
    dataset.checksum = checksum_of(dataset);
    if (content.metadata["checksum"] != hexadecimal(dataset.checksum)) return std::nullopt;
    return dataset;
  } catch (const Error&) {
    return std::nullopt;
  } catch (const Failure&) {
    return std::nullopt;
  }
}

void write_cache(const fs::path& source, std::uint64_t fingerprint, Dataset& dataset) {
  const fs::path file = cache_file(source);
  if (file.empty() || dataset.train.pixels.size() + dataset.test.pixels.size() > max_cached_bytes) return;
  std::string classes;
  for (const std::string& name : dataset.class_names) classes += name + "/";
  formats::Safetensors content;
  content.metadata = {{"format", std::string(format_name)},
                      {"source", source.string()},
                      {"fingerprint", hexadecimal(fingerprint)},
                      {"checksum", hexadecimal(dataset.checksum)},
                      {"classes", classes}};
  const std::pair<std::string_view, Images*> parts[] = {{"train", &dataset.train}, {"test", &dataset.test}};
  for (const auto& [name, images] : parts) {
    formats::Array labels{ElementType::int32, {images->count}, {}};
    labels.bytes.resize(images->labels.size() * sizeof(std::int32_t));
    std::memcpy(labels.bytes.data(), images->labels.data(), labels.bytes.size());
    content.arrays.push_back(
        {fmt::format("{}.pixels", name), {ElementType::uint8, shape_of(*images), std::move(images->pixels)}});
    content.arrays.push_back({fmt::format("{}.labels", name), std::move(labels)});
  }
  try {
    make_folder(file.parent_path());
    formats::write_safetensors(file, content);
  } catch (const Error&) {
  } catch (const Failure&) {
  }
  dataset.train.pixels = std::move(content.arrays[0].array.bytes);
  dataset.test.pixels = std::move(content.arrays[2].array.bytes);
}

}  // namespace fanin::data
