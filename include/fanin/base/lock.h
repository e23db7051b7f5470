// One process at a time in a folder of results.
#pragma once
#include <filesystem>

namespace fanin {

/// Holds a folder for this process until destroyed: an exclusive flock on FOLDER/lock, which a killed process loses by
/// itself. The file stays; temporary files that a killed process left in the folder are removed.
class FolderLock {
 public:
  /// Throws Error naming the folder and the process that holds it, or why the file cannot be made (Failure where the
  /// disk is full).
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace fanin
