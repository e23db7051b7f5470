// Listing folders and archives of images.
#include "data/image_source.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "data/readers.h"
#include "fanin/base/error.h"
#include "fanin/base/file.h"
#include "fanin/base/hash.h"
#include "fanin/formats/zip.h"

namespace fanin::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 28;
constexpr std::string_view layout = "expected images as train/<class>/* and test/<class>/*";

// What file managers and archivers leave behind.
bool is_clutter(std::string_view name) {
  return name.starts_with('.') || name == "__MACOSX" || name == "Thumbs.db" || name == "desktop.ini";
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

std::vector<fs::path> list_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!is_clutter(at->path().filename().string())) found.push_back(at->path());
  }
  if (error) throw Error(fmt::format("{}: the folder cannot be read ({})", folder.string(), error.message()));
  std::sort(found.begin(), found.end());
  return found;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool has_parts(const fs::path& folder) {
  return is_folder(folder / "train") || is_folder(folder / "test");
}

// The folder that holds train/ and test/: this one or the only one in it. Empty where there is none.
fs::path root_of(const fs::path& folder) {
  if (has_parts(folder)) return folder;
  fs::path only;
  for (const fs::path& path : list_folder(folder)) {
    if (!is_folder(path)) continue;
    if (!only.empty()) return {};
    only = path;
  }
  return !only.empty() && has_parts(only) ? only : fs::path{};
}

class Folder : public ImageSource {
 public:
  explicit Folder(const fs::path& path) : root_(root_of(path)) {
    if (root_.empty()) throw Error(fmt::format("{}: {}", path.string(), layout));
    std::vector<ImageFile> paths;
    for (const std::string part : {"train", "test"}) {
      if (is_folder(root_ / part)) walk(part + "/", 2, paths);
    }
    classify(std::move(paths), path.string());
  }

  Reader reader() const override {
    return [this](const ImageFile& file) { return read_file(root_ / file.path, max_file_bytes); };
  }

  std::string place(const ImageFile& file) const override { return (root_ / file.path).string(); }

 private:
  // Folders below <class> are listed, for classify to refuse, but not entered.
  void walk(const std::string& below, int levels, std::vector<ImageFile>& paths) {
    for (const fs::path& path : list_folder(root_ / below)) {
      const std::string name = below + path.filename().string();
      struct stat status;
      if (::stat(path.c_str(), &status) != 0) {
        throw Error(fmt::format("{}: cannot be read ({})", path.string(), std::strerror(errno)));
      }
      if (S_ISDIR(status.st_mode)) {
        paths.push_back({name + "/", 0});
        if (levels > 1) walk(name + "/", levels - 1, paths);
      } else {
        const std::uint64_t facts[] = {static_cast<std::uint64_t>(status.st_size),
                                       static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                                       static_cast<std::uint64_t>(status.st_mtim.tv_nsec)};
        fingerprint = hash_text(name, fingerprint);
        for (const std::uint64_t fact : facts) fingerprint = mix64(fingerprint ^ fact);
        paths.push_back({name, 0});
      }
    }
  }

  fs::path root_;
};

class Archive : public ImageSource {
 public:
  explicit Archive(const fs::path& path) : archive_(path) {
    std::vector<ImageFile> paths;
    for (const formats::ZipEntry& entry : archive_.entries()) {
      fingerprint = mix64(hash_text(entry.name, fingerprint) ^ entry.size);
      paths.push_back({entry.name, entry.index});
    }
    classify(std::move(paths), path.string());
  }

  Reader reader() const override {
    // std::function wants what can be copied.
    auto own = std::make_shared<formats::ZipArchive>(archive_.another());
    return [own](const ImageFile& file) { return own->read(own->entries()[file.entry], max_file_bytes); };
  }

  std::string place(const ImageFile& file) const override {
    return fmt::format("{}: {}", archive_.name(), archive_.entries()[file.entry].name);
  }

 private:
  formats::ZipArchive archive_;
};

}  // namespace

void ImageSource::classify(std::vector<ImageFile> paths, const std::string& source) {
  // One pass to see whether all is below one top folder, another to sort the files into classes.
  std::set<std::string_view> tops;
  for (const ImageFile& file : paths) {
    const auto parts = components(file.path);
    if (!parts.empty() && !is_clutter(parts[0]) && (parts.size() > 1 || file.path.ends_with('/')))
      tops.insert(parts[0]);
  }
  const bool below_top = !tops.contains("train") && !tops.contains("test") && tops.size() == 1;
  for (ImageFile& file : paths) {
    std::vector<std::string_view> parts = components(file.path);
    if (std::any_of(parts.begin(), parts.end(), is_clutter)) continue;
    if (below_top && !parts.empty()) parts.erase(parts.begin());
    if (parts.size() < 2 || (parts[0] != "train" && parts[0] != "test")) continue;
    const bool folder = file.path.ends_with('/');
    if (parts.size() == 2 && !folder) continue;  // a file beside the classes
    if (parts.size() > (folder ? 2u : 3u)) {
      throw Error(fmt::format("{}: '{}' is a level too deep, {}", source, file.path, layout));
    }
    std::vector<ImageFile>& files = (parts[0] == "train" ? train : test)[std::string(parts[1])];
    if (!folder) files.push_back(std::move(file));
  }
  if (train.empty() || test.empty()) {
    throw Error(fmt::format("{}: {} holds no class folders, {}", source, train.empty() ? "train" : "test", layout));
  }
  for (ClassFiles* part : {&train, &test}) {
    const std::string_view part_name = part == &train ? "train" : "test";
    const ClassFiles& other = part == &train ? test : train;
    for (auto& [name, files] : *part) {
      if (files.empty())
        throw Error(fmt::format("{}: the class folder {}/{} holds no images", source, part_name, name));
      if (!other.contains(name)) {
        throw Error(fmt::format("{}: class '{}' is in {} only, expected the same classes in train and test", source,
                                name, part_name));
      }
      std::sort(files.begin(), files.end(), [](const ImageFile& a, const ImageFile& b) { return a.path < b.path; });
    }
  }
}

bool has_image_folders(const fs::path& folder) {
  return !root_of(folder).empty();
}

std::unique_ptr<ImageSource> open_image_folder(const fs::path& path) {
  return std::make_unique<Folder>(path);
}

std::unique_ptr<ImageSource> open_image_archive(const fs::path& path) {
  return std::make_unique<Archive>(path);
}

}  // namespace fanin::data
