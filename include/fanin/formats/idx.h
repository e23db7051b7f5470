// IDX, the format of MNIST and Fashion-MNIST: 00 00 type dims, the extents (u32, big endian), the elements (big
// endian).
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "fanin/formats/array.h"

namespace fanin::formats {

/// Parses a whole IDX file of 1 to 4 dimensions. Throws Error naming `file` and the offset: wrong magic, unknown type,
/// truncated, or of another size than its header says.
Array parse_idx(std::span<const std::uint8_t> bytes, std::string_view file);

/// Reads an IDX file, gzipped or plain (told by content); at most `max_bytes` inflated. Throws Error.
Array read_idx(const std::filesystem::path& path, std::uint64_t max_bytes = std::uint64_t{1} << 34);

}  // namespace fanin::formats
