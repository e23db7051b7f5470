// The fills' inner loops over whole tiles of 32 elements, twice: in plain code and in SIMD. Same signatures, same bits.
//
// Element r of tile t is word (r / 16) * 2 + r % 2 of block 8 t + (r % 16) / 2.
#pragma once
#include <cstddef>
#include <cstdint>

#include "fanin/random/stream.h"
#include "random/transform.h"

namespace fanin::random {

inline constexpr std::size_t tile_size = 32;
inline constexpr std::size_t tile_blocks = 8;

/// Tiles [first, first + count) of a stream; `out` of the functions below has count * tile_size elements.
struct Tiles {
  Stream stream;
  std::uint64_t first;
  std::size_t count;
};

namespace reference {
void bits(std::uint32_t* out, const Tiles& tiles);
void uniform(float* out, const Tiles& tiles, const UniformPlan& plan);
void normal(float* out, const Tiles& tiles, float mean, float std);
void truncated(float* out, const Tiles& tiles, const TruncatedPlan& plan);
}  // namespace reference

namespace simd {
void bits(std::uint32_t* out, const Tiles& tiles);
void uniform(float* out, const Tiles& tiles, const UniformPlan& plan);
void normal(float* out, const Tiles& tiles, float mean, float std);
void truncated(float* out, const Tiles& tiles, const TruncatedPlan& plan);
}  // namespace simd

}  // namespace fanin::random
