// Whole gzip files (RFC 1952) in memory.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fanin::formats {

/// Whether the bytes start with gzip's magic number.
bool is_gzip(std::span<const std::uint8_t> bytes);

/// Inflates all members of a gzip file and checks their CRCs and lengths. Throws Error naming `file` and the offset in
/// it: not gzip, damaged, truncated, bytes after the last member that are no member, more than `max_bytes` inflated.
std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> bytes, std::string_view file, std::uint64_t max_bytes);

/// The first `count` inflated bytes, fewer where the file ends or is damaged before (gunzip says why).
std::vector<std::uint8_t> gunzip_start(std::span<const std::uint8_t> bytes, std::string_view file, std::size_t count);

}  // namespace fanin::formats
