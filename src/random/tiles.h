// The fills' inner loops over whole tiles of 32 elements, twice: in plain code and in SIMD. Same signatures, same bits.
//
// Element r of tile t is word (r / 16) * 2 + r % 2 of block 8 t + (r % 16) / 2. A tile of doubles is the same eight
// blocks: element 2 i + j is the 64-bit word j of block i.
#pragma once
#include <cstddef>
#include <cstdint>

#include "fanin/random/stream.h"
#include "random/transform.h"
#include "random/transform_double.h"

namespace fanin::random {

inline constexpr std::size_t tile_size = 32;
inline constexpr std::size_t tile_blocks = 8;

/// Elements of a tile: of doubles half as many.
template <class T>
inline constexpr std::size_t tile_elements = tile_size * 4 / (sizeof(T) > 4 ? sizeof(T) : 4);

/// Tiles [first, first + count) of a stream; `out` of the functions below has count * tile_elements<T> elements.
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
void uniform(double* out, const Tiles& tiles, const UniformPlanDouble& plan);
void normal(double* out, const Tiles& tiles, double mean, double std);
void truncated(double* out, const Tiles& tiles, const TruncatedPlanDouble& plan);
}  // namespace reference

namespace simd {
void bits(std::uint32_t* out, const Tiles& tiles);
void uniform(float* out, const Tiles& tiles, const UniformPlan& plan);
void normal(float* out, const Tiles& tiles, float mean, float std);
void truncated(float* out, const Tiles& tiles, const TruncatedPlan& plan);
void uniform(double* out, const Tiles& tiles, const UniformPlanDouble& plan);
void normal(double* out, const Tiles& tiles, double mean, double std);
void truncated(double* out, const Tiles& tiles, const TruncatedPlanDouble& plan);
}  // namespace simd

}  // namespace fanin::random
