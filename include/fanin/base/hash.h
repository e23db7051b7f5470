// A named, versioned 64-bit hash for keys of random streams and for checksums of records. Not cryptographic.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace fanin {

/// FNV-1a over the bytes, finished with SplitMix64's mixer ("fanin hash 1"). Changing it changes every weight: never.
std::uint64_t hash_bytes(std::span<const std::uint8_t> bytes, std::uint64_t seed = 0);
std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0);

/// SplitMix64's output mixer: a bijection of 64 bits.
std::uint64_t mix64(std::uint64_t value);

}  // namespace fanin
