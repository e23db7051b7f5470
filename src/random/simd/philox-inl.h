// Philox on whole vectors of blocks, for the files that Highway compiles once for each target.
#include "random/philox.h"
#include "random/tiles.h"

#if defined(FANIN_RANDOM_PHILOX_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FANIN_RANDOM_PHILOX_INL
#undef FANIN_RANDOM_PHILOX_INL
#else
#define FANIN_RANDOM_PHILOX_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace fanin::random::simd {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3

namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<std::uint64_t>;  // a lane is half a block: words (0, 1) or (2, 3)
using Words = hn::Repartition<std::uint32_t, Wide>;
using Signed = hn::RebindToSigned<Words>;
using Floats = hn::RebindToFloat<Words>;
using WideVec = hn::VFromD<Wide>;
using WordVec = hn::VFromD<Words>;
using FloatVec = hn::VFromD<Floats>;

constexpr std::size_t wide_lanes = HWY_LANES(std::uint64_t);
constexpr std::size_t word_lanes = 2 * wide_lanes;
static_assert(tile_blocks % wide_lanes == 0);

struct Halves {
  WordVec first, second;  // words 0, 1 and words 2, 3 of wide_lanes consecutive blocks
};

/// Blocks counter, counter + 1, ... of the key. Each 64-bit lane holds two of Philox's four words, so that the products
/// of MulEven need one swap of neighbours and no packing.
HWY_INLINE Halves philox_blocks(WideVec counter, WideVec purpose, const std::uint64_t* HWY_RESTRICT keys) {
  const Wide wide;
  const Words words;
  const auto multiplier_0 = hn::Set(words, philox_multiplier_0);
  const auto multiplier_1 = hn::Set(words, philox_multiplier_1);
  WideVec a = counter, b = purpose;
  for (int round = 0; round < philox_rounds; ++round) {
    const auto p0 =
        hn::BitCast(wide, hn::Shuffle2301(hn::BitCast(words, hn::MulEven(hn::BitCast(words, a), multiplier_0))));
    const auto p1 =
        hn::BitCast(wide, hn::Shuffle2301(hn::BitCast(words, hn::MulEven(hn::BitCast(words, b), multiplier_1))));
    a = hn::Xor3(p1, hn::ShiftRight<32>(a), hn::Set(wide, keys[2 * round]));
    b = hn::Xor3(p0, hn::ShiftRight<32>(b), hn::Set(wide, keys[2 * round + 1]));
  }
  return {hn::BitCast(words, a), hn::BitCast(words, b)};
}

/// Calls store(t, group, halves) for every group of wide_lanes blocks: tile t of these tiles, block `group` of the
/// tile.
template <class Store>
HWY_INLINE void each_group(const Tiles& tiles, const Store& store) {
  const Wide wide;
  HWY_ALIGN std::uint64_t keys[2 * philox_rounds];
  std::uint32_t k0 = static_cast<std::uint32_t>(tiles.stream.key);
  std::uint32_t k1 = static_cast<std::uint32_t>(tiles.stream.key >> 32);
  for (int round = 0; round < philox_rounds; ++round) {
    keys[2 * round] = k0;
    keys[2 * round + 1] = k1;
    k0 += philox_weyl_0;
    k1 += philox_weyl_1;
  }
  const auto purpose = hn::Set(
      wide, static_cast<std::uint32_t>(tiles.stream.purpose) | static_cast<std::uint64_t>(tiles.stream.draw) << 32);
  auto counter = hn::Iota(wide, tiles.first * tile_blocks);
  const auto step = hn::Set(wide, std::uint64_t{wide_lanes});
  for (std::size_t t = 0; t < tiles.count; ++t) {
    for (std::size_t group = 0; group < tile_blocks; group += wide_lanes) {
      store(t, group, philox_blocks(counter, purpose, keys));
      counter = hn::Add(counter, step);
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace fanin::random::simd
HWY_AFTER_NAMESPACE();

#endif  // the toggle: once for each target
