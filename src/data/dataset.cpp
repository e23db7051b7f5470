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

constexpr std::size_t named_rows = 5;  // the first rows are names, the others kinds of path
constexpr std::array<DatasetInfo, 10> table = {{
    {"fashion-mnist", "70,000 grey images of clothes, 28x28, 10 classes (Xiao et al., 2017)",
     "install the package dataset-fashion-mnist (Debian), or put the four files of "
     "https://github.com/zalandoresearch/fashion-mnist into $FANIN_DATA_DIR/fashion-mnist"},
    {"mnist", "70,000 grey images of handwritten digits, 28x28, 10 classes (LeCun et al., 1998)",
     "put the four files of https://ossci-datasets.s3.amazonaws.com/mnist/ (train-images-idx3-ubyte.gz and so on) into "
     "$FANIN_DATA_DIR/mnist"},
    {"cifar10", "60,000 colour images of objects, 32x32, 10 classes (Krizhevsky, 2009)",
     "unpack the binary version of https://www.cs.toronto.edu/~kriz/cifar.html (cifar-10-binary.tar.gz) into "
     "$FANIN_DATA_DIR/cifar10"},
    {"cifar100", "60,000 colour images of objects, 32x32, 100 classes (Krizhevsky, 2009)",
     "unpack the binary version of https://www.cs.toronto.edu/~kriz/cifar.html (cifar-100-binary.tar.gz) into "
     "$FANIN_DATA_DIR/cifar100"},
    {"cifar100-coarse", "the images of cifar100 with its 20 superclasses (Krizhevsky, 2009)",
     "as cifar100: unpack cifar-100-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html into "
     "$FANIN_DATA_DIR/cifar100"},
    {"FOLDER (IDX)", "a folder with four IDX files, plain or gzipped, named as MNIST's",
     "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each also as "
     ".gz"},
    {"FOLDER (CIFAR)", "a folder with the binary version of CIFAR-10 or CIFAR-100 (fine labels)",
     "data_batch_1.bin to data_batch_5.bin and test_batch.bin, or train.bin and test.bin; possibly in "
     "cifar-10-batches-bin or cifar-100-binary below it"},
    {"FILE.npz (NumPy)", "a NumPy archive of images and labels, 8-bit or floating-point, grey or colour",
     "x_train, y_train, x_test, y_test or train_images, train_labels, test_images, test_labels; fanin show --data DATA "
     "--write FILE.npz makes one"},
    {"FOLDER (images)", "a folder of JPEG and PNG images of one size, a folder a class",
     "train/<class>/* and test/<class>/*, possibly below one top folder"},
    {"FILE.zip (images)", "a zip archive of JPEG and PNG images of one size, a folder a class",
     "train/<class>/* and test/<class>/*, possibly below one top folder"},
}};

constexpr std::string_view coarse_name = "cifar100-coarse";

bool has_named(std::string_view name, const fs::path& place) {
  return name.starts_with("cifar") ? has_cifar_files(place) : has_idx_files(place);
}

// Where a named data set may be, in the order in which it is looked for.
std::vector<fs::path> places_of(std::string_view name) {
  if (name == coarse_name) name = "cifar100";
  std::vector<fs::path> places;
  const char* folder = std::getenv("FANIN_DATA_DIR");
  if (folder != nullptr && *folder != '\0') places.push_back(fs::path(folder) / name);
  places.push_back(fs::path("/usr/share/datasets") / name);
  return places;
}

Dataset load_named(const DatasetInfo& info) {
  std::string tried;
  for (const fs::path& place : places_of(info.name)) {
    if (has_named(info.name, place)) {
      return info.name.starts_with("cifar") ? load_cifar_folder(place, info.name == coarse_name)
                                            : load_idx_folder(place);
    }
    tried += (tried.empty() ? "" : " and ") + place.string();
  }
  throw Error(fmt::format("data set '{}' is not in {}; {}", info.name, tried, info.where));
}

Dataset load_path(const fs::path& path) {
  if (!fs::is_directory(path)) return path.extension() == ".npz" ? load_npz(path) : load_images(path);
  if (has_idx_files(path)) return load_idx_folder(path);
  if (has_cifar_files(path)) return load_cifar_folder(path, false);
  if (has_image_folders(path)) return load_images(path);
  std::string known;
  for (const DatasetInfo& row : std::span(table).subspan(named_rows)) {
    if (!row.name.starts_with("FOLDER")) continue;
    known += fmt::format("{}{} ({})", known.empty() ? "" : "; ", row.name.substr(8, row.name.size() - 9), row.where);
  }
  throw Error(fmt::format("{}: no data set in this folder, expected {}", path.string(), known));
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
      if (has_named(info.name, place)) return load_named(info);
    }
  }
  if (!exists) {
    if (path.has_parent_path() || path.has_extension()) {
      throw Error(fmt::format("{}: no such folder or archive", name_or_path));
    }
    throw Error(fmt::format("{}; nor is there such a folder or archive",
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
