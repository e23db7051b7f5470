// Whole files: read with a cap, written beside and renamed, so that a reader never sees half a file.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fanin {

/// The file's bytes. Throws Error when it cannot be read, is not a regular file or is larger than `max_bytes`.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                    std::uint64_t max_bytes = std::uint64_t{1} << 36);

/// Writes to a temporary file beside `path`, syncs it and renames it over `path`. Throws Error when `path` cannot be
/// written (no such folder, no permission, a device), Failure when the disk is full or fails; the old file stays then.
/// A process that is killed on the way may leave a temporary file, which remove_remains() removes; hardly ever where
/// the file system has files without a name (O_TMPFILE: ext4, xfs, btrfs, tmpfs).
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

/// A file that is written piece by piece, for content that is not held in memory: in place only after commit(), with
/// what is promised for write_file_atomically. Left without commit(), nothing remains of it.
class AtomicFile {
 public:
  /// Throws Error or Failure, as write() and commit() do.
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::uint8_t> bytes);
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Removes the temporary files of killed processes from `folder`; nobody else may be writing into it.
void remove_remains(const std::filesystem::path& folder);

/// Makes the folder (and its parents) or throws Error with the reason, Failure where the disk is full.
void make_folder(const std::filesystem::path& path);

}  // namespace fanin
