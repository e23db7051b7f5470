// The readers behind load_dataset, one a kind of source. Each fills everything but the checksum.
#pragma once
#include <filesystem>
#include <string_view>

#include "fanin/data/dataset.h"

namespace fanin::data {

/// Whether the folder holds any of the four IDX files.
bool has_idx_files(const std::filesystem::path& folder);
/// The four IDX files of a folder, plain or .gz.
Dataset load_idx_folder(const std::filesystem::path& folder);

/// Whether the folder, or the published archive's folder in it, holds CIFAR's binary files.
bool has_cifar_files(const std::filesystem::path& folder);
/// CIFAR-10, or CIFAR-100 with its fine or its 20 coarse labels, by what the folder holds.
Dataset load_cifar_folder(const std::filesystem::path& folder, bool coarse);

/// A NumPy archive with the four arrays of a data set.
Dataset load_npz(const std::filesystem::path& path);

/// Whether the folder, or the one folder in it, holds train/ or test/.
bool has_image_folders(const std::filesystem::path& folder);
/// A folder or zip archive of images by part and class, from the cache where that is up to date; with its checksum.
Dataset load_images(const std::filesystem::path& path);

}  // namespace fanin::data
