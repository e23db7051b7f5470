// Files for the tests of schemes that read some: a folder of its own for each test, removed behind it.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "fanin/formats/safetensors.h"

namespace fanin::init {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fanin-init-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  /// Writes the text and gives the file's path.
  std::string text(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return *this / name;
  }
  std::string weights(const std::string& name, const std::vector<NamedTensor>& tensors) const {
    formats::write_safetensors(path_ / name, tensors);
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace fanin::init
