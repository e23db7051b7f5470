// Zip archives: entries listed through the central directory and read with caps. Never extracts to the file system.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::formats {

struct ZipEntry {
  std::string name;  // as in the archive, '/' between folders
  std::uint64_t index = 0;
  std::uint64_t size = 0;  // inflated, as declared
  bool folder = false;     // the name ends in '/'
};

/// An archive in memory. One object serves one thread; a copy made with `another()` shares the bytes.
///
/// Every function throws Error naming the archive (and the entry). The constructor refuses what is no zip archive or is
/// inconsistent, entries that are encrypted, compressed otherwise than stored or deflated, named twice, absolute or
/// with
/// "..", and entries that overlap (bombs).
class ZipArchive {
 public:
  explicit ZipArchive(const std::filesystem::path& path);
  ZipArchive(std::vector<std::uint8_t> bytes, std::string name);
  ~ZipArchive();
  ZipArchive(ZipArchive&&) noexcept;
  ZipArchive& operator=(ZipArchive&&) noexcept;

  /// The same archive for another thread.
  ZipArchive another() const;

  const std::string& name() const;
  const std::vector<ZipEntry>& entries() const;  // in the directory's order

  /// The entry's inflated bytes, CRC and declared size checked; refused where it declares more than `max_bytes`.
  std::vector<std::uint8_t> read(const ZipEntry& entry, std::uint64_t max_bytes) const;

 private:
  struct Impl;
  explicit ZipArchive(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct ZipContent {
  std::string name;
  std::span<const std::uint8_t> bytes;
};

/// A zip archive of stored (uncompressed) entries, dated 1980-01-01, with the ZIP64 local headers that NumPy writes:
/// the same bytes for the same contents, always. Throws Error when it would need 4 GiB or 65,535 entries.
std::vector<std::uint8_t> encode_zip(std::span<const ZipContent> contents);

}  // namespace fanin::formats
