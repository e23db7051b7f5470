// npz: a zip archive of npy files.
#include "fanin/formats/npz.h"

#include <algorithm>
#include <utility>

#include "fanin/base/file.h"
#include "fanin/formats/zip.h"
#include "formats/refuse.h"

namespace fanin::formats {
namespace {

constexpr std::string_view suffix = ".npy";
constexpr std::uint64_t max_array_bytes = std::uint64_t{1} << 36;
constexpr std::uint64_t max_inflation = 1032;  // deflate's greatest ratio: a larger claim is false

}  // namespace

std::vector<NamedArray> parse_npz(std::vector<std::uint8_t> bytes, std::string_view file) {
  const std::uint64_t cap = std::min(max_array_bytes, bytes.size() * max_inflation);
  const ZipArchive archive(std::move(bytes), std::string(file));
  std::vector<NamedArray> arrays;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(suffix)) refuse(file, fmt::format("entry '{}' is no .npy array", entry.name));
    const std::string name = entry.name.substr(0, entry.name.size() - suffix.size());
    arrays.push_back({name, parse_npy(archive.read(entry, cap), fmt::format("{}: entry '{}'", file, entry.name))});
  }
  return arrays;
}

std::vector<NamedArray> read_npz(const std::filesystem::path& path) {
  return parse_npz(read_file(path), path.string());
}

std::vector<std::uint8_t> encode_npz(std::span<const NamedArray> arrays) {
  std::vector<std::vector<std::uint8_t>> files;
  std::vector<ZipContent> contents;
  files.reserve(arrays.size());
  for (const NamedArray& named : arrays) {
    if (named.name.empty()) throw Error("npz: an array without a name");
    files.push_back(encode_npy(named.array));
    contents.push_back({named.name + std::string(suffix), files.back()});
  }
  return encode_zip(contents);
}

void write_npz(const std::filesystem::path& path, std::span<const NamedArray> arrays) {
  write_file_atomically(path, std::span<const std::uint8_t>(encode_npz(arrays)));
}

}  // namespace fanin::formats
