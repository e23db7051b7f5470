// The table of data sets, and which reader a name or a path goes to.
#include "fanin/data/dataset.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "data/checksum.h"
#include "data/readers.h"
#include "fanin/base/error.h"
#include "fanin/base/nearest.h"

namespace fanin::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t named_rows = 2;  // the first rows are names, the others kinds of path
constexpr std::array<DatasetInfo, 5> table = {{
    {"fashion-mnist", "70,000 grey images of clothes, 28x28, 10 classes (Xiao et al., 2017)",
     "install the package dataset-fashion-mnist (Debian), or put the four files of "
     "https://github.com/zalandoresearch/fashion-mnist into $FANIN_DATA_DIR/fashion-mnist"},
    {"mnist", "70,000 grey images of handwritten digits, 28x28, 10 classes (LeCun et al., 1998)",
     "put the four files of https://ossci-datasets.s3.amazonaws.com/mnist/ (train-images-idx3-ubyte.gz and so on) into "
     "$FANIN_DATA_DIR/mnist"},
    {"FOLDER (IDX)", "a folder with four IDX files, plain or gzipped, named as MNIST's",
     "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each also as "
     ".gz"},
    {"FOLDER (images)", "a folder of JPEG and PNG images of one size, a folder a class",
     "train/<class>/* and test/<class>/*, possibly below one top folder"},
    {"FILE.zip (images)", "a zip archive of JPEG and PNG images of one size, a folder a class",
     "train/<class>/* and test/<class>/*, possibly below one top folder"},
}};

// Where a named data set may be, in the order in which it is looked for.
std::vector<fs::path> places_of(std::string_view name) {
  std::vector<fs::path> places;
  const char* folder = std::getenv("FANIN_DATA_DIR");
  if (folder != nullptr && *folder != '\0') places.push_back(fs::path(folder) / name);
  places.push_back(fs::path("/usr/share/datasets") / name);
  return places;
}

Dataset load_named(const DatasetInfo& info) {
  std::string tried;
  for (const fs::path& place : places_of(info.name)) {
    if (has_idx_files(place)) return load_idx_folder(place);
    tried += (tried.empty() ? "" : " and ") + place.string();
  }
  throw Error(fmt::format("data set '{}' is not in {}; {}", info.name, tried, info.where));
}

Dataset load_path(const fs::path& path) {
  if (!fs::is_directory(path)) return load_images(path);
  if (has_idx_files(path)) return load_idx_folder(path);
  if (has_image_folders(path)) return load_images(path);
  throw Error(fmt::format("{}: no data set in this folder, expected IDX files ({}) or images ({})", path.string(),
                          table[2].where, table[3].where));
}

Dataset load(std::string_view name_or_path) {
  const fs::path path(name_or_path);
  std::error_code ignored;
  const bool exists = !name_or_path.empty() && fs::exists(path, ignored);
  std::vector<std::string> names;
  for (const DatasetInfo& info : std::span(table).first(named_rows)) {
    names.emplace_back(info.name);
    if (info.name != name_or_path) continue;
    // A name goes before a folder of the same name, which serves where the named set is not installed.
    if (!exists) return load_named(info);
    for (const fs::path& place : places_of(info.name)) {
      if (has_idx_files(place)) return load_named(info);
    }
  }
  if (!exists) {
    if (path.has_parent_path() || path.has_extension()) {
      throw Error(fmt::format("{}: no such folder or zip archive", name_or_path));
    }
    throw Error(fmt::format("{}; nor is there such a folder or zip archive",
                            unknown_name_message("data set", name_or_path, names)));
  }
  return load_path(path);
}

}  // namespace

std::span<const DatasetInfo> dataset_table() {
  return table;
}

Dataset load_dataset(std::string_view name_or_path) {
  try {
    Dataset dataset = load(name_or_path);
    if (dataset.checksum == 0) dataset.checksum = checksum_of(dataset);
    return dataset;
  } catch (const fs::filesystem_error& error) {
    throw Error(fmt::format("{}: cannot be read ({})", name_or_path, error.code().message()));
  }
}

}  // namespace fanin::data
