// Labelled images, as bytes, and where they come from.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::data {

/// Images of one size, 8 bits a channel, in (N, C, H, W) order.
struct Images {
  std::int64_t count = 0, channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  // (N, C, H, W)
  std::vector<std::int32_t> labels;  // (N), 0 <= label < classes
  std::int64_t image_size() const { return channels * height * width; }
};

struct Dataset {
  std::string name;    // "fashion-mnist", or the folder's or file's name
  std::string source;  // where it was read from, for reports
  std::vector<std::string> class_names;
  Images train, test;
  std::uint64_t checksum = 0;  // of pixels and labels: a resumed run must see the same data
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
};

/// A row of the table of datasets and of formats that are recognised; `fanin list datasets` prints it.
struct DatasetInfo {
  std::string_view name;  // "fashion-mnist", "PATH (IDX)", ...
  std::string_view summary;
  std::string_view where;  // where to get it and where to put it
};
std::span<const DatasetInfo> dataset_table();

/// A known name ("fashion-mnist", "cifar10") or a path: a folder with IDX files (plain or .gz) or with CIFAR's binary
/// files, a NumPy archive (.npz), a folder or zip archive of images (train/<class>/*, test/<class>/*; JPEG, PNG).
/// docs/formats.md has the particulars. Decoding uses all cores; a decoded folder or archive is
/// cached under $XDG_CACHE_HOME/fanin (a cache that cannot be written is not an error). Throws Error: missing (says
/// where to get it), malformed (file and offset), classes that differ between train and test.
Dataset load_dataset(std::string_view name_or_path);

/// A data set of one's own from images in memory: any number of classes from 2, both parts not empty and of one size.
/// Sets source ("memory") and checksum. Throws Error naming the part and the image: counts that do not fit the pixels
/// or labels, a label outside [0, classes).
Dataset make_dataset(std::string name, std::vector<std::string> class_names, Images train, Images test);

/// Writes what load_dataset reads: x_train, y_train, x_test, y_test and the classes' names as a NumPy archive,
/// atomically. Throws Error or Failure as write_file_atomically does.
void write_npz_dataset(const std::filesystem::path& path, const Dataset& dataset);

/// Per-channel mean and (population) standard deviation of the training pixels scaled to [0, 1]; a constant channel's
/// deviation is stated as 1.
struct Normalization {
  std::vector<float> mean, std;  // (C)
};
Normalization compute_normalization(const Images& images);

/// Indices into the training images. A function of (seed, sizes) alone.
struct Split {
  std::vector<std::uint32_t> train, validation;
};
/// Draws `train_size` training images (0: all that are left) and `validation_size` for validation, disjoint, class
/// proportions kept within one image. Both lists are shuffled, so that their first images are a sample of all classes.
/// Throws Error when there are too few images.
Split make_split(const Images& images, std::int64_t train_size, std::int64_t validation_size, std::uint64_t seed);

/// Random changes of a training image, each a function of (seed, epoch, sample): crop, then flip, then cutout.
struct Augmentation {
  bool flip = false;        // left-right, probability 1/2
  std::int64_t crop = 0;    // pads by this many black pixels, then crops at a random place
  std::int64_t cutout = 0;  // a square of this side, centred on any pixel, set to the mean
  bool any() const { return flip || crop > 0 || cutout > 0; }
};
/// "none" or a list as in "flip,crop:4,cutout:8" (also flip,crop:pixels=4), 1 to 1024 pixels. Throws Error.
Augmentation parse_augmentation(std::string_view text);
std::string to_string(const Augmentation& augmentation);

/// Cuts (shuffled) images into batches and normalizes them to float.
class Batches {
 public:
  /// Keeps references: `images` must outlive this. `seed` rules order and augmentation. Throws Error on an empty list,
  /// an index or channels that do not fit, a crop or cutout larger than the image.
  Batches(const Images& images, std::vector<std::uint32_t> indices, Normalization normalization,
          std::int64_t batch_size, std::uint64_t seed, Augmentation augmentation = {});

  std::int64_t batch_size() const { return batch_size_; }
  /// Whole batches in an epoch (the rest of a shuffled epoch is dropped); 0 where there are fewer images than a batch,
  /// which serves evaluation only: training_batch throws Error then.
  std::int64_t batches_per_epoch() const;

  /// Fills batch number `step` (0-based over all epochs) of the shuffled, augmented training stream:
  /// images (batch, C, H, W) float32, labels (batch).
  void training_batch(std::int64_t step, float* images, std::int32_t* labels);

  /// Fills images [first, first + batch) in index order without augmentation; past the end the images are zero and the
  /// labels 0. Returns how many are real.
  std::int64_t evaluation_batch(std::int64_t first, float* images, std::int32_t* labels) const;
  std::int64_t size() const { return static_cast<std::int64_t>(indices_.size()); }

 private:
  const Images& images_;
  std::vector<std::uint32_t> indices_;
  Normalization normalization_;
  std::int64_t batch_size_;
  std::uint64_t seed_;
  Augmentation augmentation_;
  std::int64_t order_epoch_ = -1;
  std::vector<std::uint32_t> order_;  // of order_epoch_
  std::vector<float> lookup_;         // (C, 256): normalized value of a byte
};

}  // namespace fanin::data
