// Streams by name and single draws from them: blocks, integers, doubles, permutations.
#include "fanin/random/stream.h"

#include <numeric>
#include <utility>

#include "fanin/base/error.h"
#include "fanin/base/hash.h"
#include "random/philox.h"
#include "random/wide.h"

namespace fanin::random {
namespace {

/// Version 1 of the derivation of keys and of all layouts in docs/random.md; another number is another set of streams.
constexpr std::uint64_t stream_version = 1;
constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15u;

std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return low | std::uint64_t{high} << 32;
}

}  // namespace

Stream make_stream(std::uint64_t seed, std::string_view name, Purpose purpose, std::uint32_t draw) {
  return {mix64(hash_text(name, seed) + stream_version * golden_ratio), purpose, draw};
}

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  return philox_block(counter, key[0], key[1]);
}

std::array<std::uint32_t, 4> block(const Stream& stream, std::uint64_t index) {
  return philox_block({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                       static_cast<std::uint32_t>(stream.purpose), stream.draw},
                      static_cast<std::uint32_t>(stream.key), static_cast<std::uint32_t>(stream.key >> 32));
}

std::uint64_t uniform_index(const Stream& stream, std::uint64_t index, std::uint64_t n) {
  if (n == 0) throw Error("a random index below 0 was asked for; the number of choices must be at least 1");
  // Lemire (2019), "Fast random integer generation in an interval": the high half of word * n, rejected where the low
  // half shows that this value would come up once too often.
  const std::uint64_t rejected_below = (0 - n) % n;
  Stream current = stream;
  for (std::uint64_t attempt = 1;; ++attempt) {
    const std::array<std::uint32_t, 4> words = block(current, index);
    for (const std::uint64_t word : {join(words[0], words[1]), join(words[2], words[3])}) {
      const Wide128 product = multiply_wide(word, n);
      if (product.low >= rejected_below) return product.high;
    }
    // The neighbours' blocks belong to other indices, so a further try takes the same counter under a derived key.
    current.key = mix64(stream.key + attempt * golden_ratio);
  }
}

double uniform_unit(const Stream& stream, std::uint64_t index) {
  const std::array<std::uint32_t, 4> words = block(stream, index);
  return static_cast<double>(join(words[0], words[1]) >> 11) * 0x1p-53;
}

std::vector<std::uint32_t> permutation(const Stream& stream, std::uint32_t n) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (std::uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[uniform_index(stream, i - 1, i)]);
  return order;
}

}  // namespace fanin::random
