// Hashes chunks on all cores and combines them in order.
#include "data/checksum.h"

#include <span>

#include "data/parallel.h"
#include "fanin/base/hash.h"

namespace fanin::data {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

std::uint64_t hash_of(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  const std::size_t chunks = (bytes.size() + chunk_bytes - 1) / chunk_bytes;
  std::vector<std::uint64_t> hashes(chunks);
  parallel_for(static_cast<std::int64_t>(chunks), 1, [&] {
    return [&](std::int64_t i) {
      const std::size_t begin = static_cast<std::size_t>(i) * chunk_bytes;
      hashes[i] = hash_bytes(bytes.subspan(begin, std::min(chunk_bytes, bytes.size() - begin)));
    };
  });
  std::uint64_t combined = mix64(seed ^ bytes.size());
  for (const std::uint64_t hash : hashes) combined = mix64(combined ^ hash);
  return combined;
}

}  // namespace

std::uint64_t checksum_of(const Dataset& dataset) {
  std::uint64_t checksum = 1;  // the version of this checksum
  for (const Images* part : {&dataset.train, &dataset.test}) {
    for (const std::int64_t extent : {part->count, part->channels, part->height, part->width}) {
      checksum = mix64(checksum ^ static_cast<std::uint64_t>(extent));
    }
    checksum = hash_of(part->pixels, checksum);
    const auto* labels = reinterpret_cast<const std::uint8_t*>(part->labels.data());
    checksum = hash_of({labels, part->labels.size() * sizeof(std::int32_t)}, checksum);
  }
  return checksum;
}

}  // namespace fanin::data
