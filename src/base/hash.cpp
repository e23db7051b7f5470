// FNV-1a with SplitMix64's finish.
#include "fanin/base/hash.h"

namespace fanin {

std::uint64_t mix64(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::uint64_t hash_bytes(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ mix64(seed);
  for (std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return mix64(hash ^ bytes.size());
}

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  return hash_bytes(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), seed);
}

}  // namespace fanin
