// Decoded data sets kept under the user's cache folder. A cache never fails: what cannot be read is as good as absent,
// what cannot be written stays unwritten.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

#include "fanin/data/dataset.h"

namespace fanin::data {

/// The cached data set of `source`, if there is one with this fingerprint that is whole; with its checksum, without
/// name and source.
std::optional<Dataset> read_cache(const std::filesystem::path& source, std::uint64_t fingerprint);

/// Keeps the data set, whose checksum is set. Its pixels are moved away and back on the way.
void write_cache(const std::filesystem::path& source, std::uint64_t fingerprint, Dataset& dataset);

}  // namespace fanin::data
