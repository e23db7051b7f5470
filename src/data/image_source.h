// Files of images by part and class, in a folder or a zip archive: what there is, and readers for several threads.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fanin::data {

struct ImageFile {
  std::string path;         // below the source, '/' between folders
  std::uint64_t entry = 0;  // of a zip archive
};

/// Class name to its files, both in byte order of names. A class folder without images has an empty list.
using ClassFiles = std::map<std::string, std::vector<ImageFile>>;

class ImageSource {
 public:
  /// Gives a file's bytes; for one thread.
  using Reader = std::function<std::vector<std::uint8_t>(const ImageFile&)>;

  virtual ~ImageSource() = default;
  virtual Reader reader() const = 0;
  /// The file as messages name it.
  virtual std::string place(const ImageFile& file) const = 0;

  ClassFiles train, test;
  std::uint64_t fingerprint = 0;  // of names, sizes and times of change

 protected:
  /// Fills train and test from paths of files, and of folders (which end in '/'), below the source:
  /// train/<class>/<image> and test/<class>/<image>, all possibly below one top folder. Hidden files are passed over.
  void classify(std::vector<ImageFile> paths, const std::string& source);
};

/// Throws Error where the folder or archive is not laid out so.
std::unique_ptr<ImageSource> open_image_folder(const std::filesystem::path& path);
std::unique_ptr<ImageSource> open_image_archive(const std::filesystem::path& path);

}  // namespace fanin::data
