// Whole files: read with a cap, written beside and renamed, so that a reader never sees half a file.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fanin {

/// The file's bytes. Throws Error when it cannot be read, is not a regular file or is larger than `max_bytes`.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                    std::uint64_t max_bytes = std::uint64_t{1} << 36);

/// Writes to a temporary file beside `path`, syncs it and renames it over `path`. Throws Error when the folder cannot
/// be written (does not exist, no permission), Failure when the write fails on the way (disk full); the old file stays.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

/// Makes the folder (and its parents) or throws Error with the reason.
void make_folder(const std::filesystem::path& path);

}  // namespace fanin
