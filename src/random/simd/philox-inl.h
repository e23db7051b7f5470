// Philox on whole vectors of blocks, for the files that Highway compiles once for each target.
#include <algorithm>

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

/// What the blocks of a run have in common. Rounds 1 to 3 fold what depends on purpose, draw and the counter's upper
/// word alone, so that of their six products three are left.
struct Run {
  WideVec b1, a2, b2, b3;  // words to be xored in, key included
  WideVec keys_0[philox_rounds], keys_1[philox_rounds];
};

/// The word in all lanes, as a value of unknown origin: where registers run out, the compiler then reads the vector
/// from memory instead of spreading the word anew in each round, which costs a slot of the port that the lanes' moves
/// need.
HWY_INLINE WideVec lasting(std::uint64_t word) {
  WideVec all = hn::Set(Wide(), word);
#if HWY_TARGET == HWY_AVX3
  asm("" : "+v"(all.raw));
#else
  asm("" : "+x"(all.raw));
#endif
  return all;
}

HWY_INLINE Run philox_run(const Stream& stream, std::uint32_t counter_high) {
  Run run;
  const std::uint32_t key_0 = static_cast<std::uint32_t>(stream.key),
                      key_1 = static_cast<std::uint32_t>(stream.key >> 32);
  std::uint32_t k0 = key_0, k1 = key_1;
  for (int round = 0; round < philox_rounds; ++round) {
    run.keys_0[round] = lasting(k0);
    run.keys_1[round] = lasting(k1);
    k0 += philox_weyl_0;
    k1 += philox_weyl_1;
  }
  const std::uint64_t p1 = std::uint64_t{philox_multiplier_1} * static_cast<std::uint32_t>(stream.purpose);
  const auto a1 = static_cast<std::uint32_t>((p1 >> 32) ^ counter_high ^ key_0);
  const std::uint64_t p0 = std::uint64_t{philox_multiplier_0} * a1;
  run.b1 = lasting(stream.draw ^ key_1);
  run.a2 = lasting(p1 ^ (key_0 + philox_weyl_0));
  run.b2 = lasting((p0 >> 32) ^ (key_1 + philox_weyl_1));
  run.b3 = lasting(p0 ^ (key_1 + 2 * philox_weyl_1));
  return run;
}

/// Lane by lane, low words: hi(product) ^ other ^ key; high words: lo(product). A block's half as it leaves Philox.
HWY_INLINE WordVec last_half(WideVec product, WideVec other, WideVec key) {
  const Words words;
  const auto turned = hn::Shuffle2301(hn::BitCast(words, product));
#if HWY_TARGET == HWY_AVX3
  return WordVec{_mm512_mask_ternarylogic_epi32(turned.raw, 0x5555, other.raw, key.raw, 0x96)};
#else
  return hn::OddEven(turned, hn::BitCast(words, hn::Xor3(hn::ShiftRight<32>(product), other, key)));
#endif
}

/// The run's blocks whose counters' low words are the low words of `counter`.
///
/// Each 64-bit lane carries one word of the block in its low half; the high half is whatever is left there, since
/// MulEven reads low halves only. With p the product of a word and its multiplier, the next round needs hi(p), in a low
/// half after one shift, and lo(p), in a low half already: so nothing is ever packed or swapped until the last round.
HWY_INLINE Halves philox_blocks(WideVec counter, const Run& run) {
  const Wide wide;
  const Words words;
  const auto multiplier_0 = hn::Set(words, philox_multiplier_0);
  const auto multiplier_1 = hn::Set(words, philox_multiplier_1);
  const auto times_0 = [=](WideVec x) HWY_ATTR { return hn::MulEven(hn::BitCast(words, x), multiplier_0); };
  const auto times_1 = [=](WideVec x) HWY_ATTR { return hn::MulEven(hn::BitCast(words, x), multiplier_1); };
  // Words 0 and 2 are a and b; words 1 and 3 are the low halves of the last products, p1 and p0.
  WideVec p0 = times_0(counter);
  WideVec b = hn::Xor(hn::ShiftRight<32>(p0), run.b1);
  WideVec p1 = times_1(b);
  b = hn::Xor(p0, run.b2);
  WideVec a = hn::Xor(hn::ShiftRight<32>(p1), run.a2);
  p0 = times_0(a);
  const WideVec before = p1;
  p1 = times_1(b);
  a = hn::Xor3(hn::ShiftRight<32>(p1), before, run.keys_0[2]);
  b = hn::Xor(hn::ShiftRight<32>(p0), run.b3);
  const auto round = [&](int i) HWY_ATTR {
    const WideVec q0 = times_0(a), q1 = times_1(b);
    a = hn::Xor3(hn::ShiftRight<32>(q1), p1, run.keys_0[i]);
    b = hn::Xor3(hn::ShiftRight<32>(q0), p0, run.keys_1[i]);
    p0 = q0;
    p1 = q1;
  };
  round(3);
  round(4);
  round(5);
  round(6);
  round(7);
  round(8);
  const WideVec q0 = times_0(a), q1 = times_1(b);
  return {last_half(q1, p1, run.keys_0[9]), last_half(q0, p0, run.keys_1[9])};
}

/// Calls store(t, group, halves) for every group of wide_lanes blocks: tile t of these tiles, block `group` of the
/// tile.
template <class Store>
HWY_INLINE void each_group(const Tiles& tiles, const Store& store) {
  const Wide wide;
  constexpr std::uint64_t run_tiles = (std::uint64_t{1} << 32) / tile_blocks;  // with one upper word of the counter
  const auto step = hn::Set(wide, std::uint64_t{wide_lanes});
  for (std::size_t t = 0; t < tiles.count;) {
    const std::uint64_t tile = tiles.first + t, block = tile * tile_blocks;
    const std::size_t end =
        t + static_cast<std::size_t>(std::min<std::uint64_t>(tiles.count - t, run_tiles - tile % run_tiles));
    const Run run = philox_run(tiles.stream, static_cast<std::uint32_t>(block >> 32));
    auto counter = hn::Iota(wide, block);
    for (; t < end; ++t) {
      for (std::size_t group = 0; group < tile_blocks; group += wide_lanes) {
        store(t, group, philox_blocks(counter, run));
        counter = hn::Add(counter, step);
      }
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace fanin::random::simd
HWY_AFTER_NAMESPACE();

#endif  // the toggle: once for each target
