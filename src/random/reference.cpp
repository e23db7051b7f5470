// The tile loops in plain code: the definition, and what processors without FMA run.
#include <array>

#include "random/philox.h"
#include "random/tiles.h"

namespace fanin::random::reference {
namespace {

/// Calls value(slot, words, w) for each element: slot in the output, its block's four words, its own word's number.
template <class Store>
void each_element(const Tiles& tiles, const Store& store) {
  for (std::size_t b = 0; b < tiles.count * tile_blocks; ++b) {
    const std::array<std::uint32_t, 4> words = block(tiles.stream, tiles.first * tile_blocks + b);
    const std::size_t base = b / tile_blocks * tile_size + b % tile_blocks * 2;
    for (std::size_t w = 0; w < 4; ++w) store(base + w / 2 * 16 + w % 2, words, w);
  }
}

/// Calls value(slot, first word, second word) for each block, the words of 64 bits; its doubles go to slot and slot
/// + 1.
template <class Store>
void each_block(const Tiles& tiles, const Store& store) {
  for (std::size_t b = 0; b < tiles.count * tile_blocks; ++b) {
    const std::array<std::uint32_t, 4> words = block(tiles.stream, tiles.first * tile_blocks + b);
    store(2 * b, words[0] | std::uint64_t{words[1]} << 32, words[2] | std::uint64_t{words[3]} << 32);
  }
}

}  // namespace

void bits(std::uint32_t* out, const Tiles& tiles) {
  each_element(tiles, [&](std::size_t slot, const auto& words, std::size_t w) { out[slot] = words[w]; });
}

void uniform(float* out, const Tiles& tiles, const UniformPlan& plan) {
  each_element(tiles,
               [&](std::size_t slot, const auto& words, std::size_t w) { out[slot] = uniform_value(words[w], plan); });
}

void normal(float* out, const Tiles& tiles, float mean, float std) {
  each_element(tiles, [&](std::size_t slot, const auto& words, std::size_t w) {
    const NormalPair pair = box_muller(words[w % 2], words[2 + w % 2]);
    out[slot] = std::fma(w < 2 ? pair.cosine : pair.sine, std, mean);
  });
}

void truncated(float* out, const Tiles& tiles, const TruncatedPlan& plan) {
  each_element(
      tiles, [&](std::size_t slot, const auto& words, std::size_t w) { out[slot] = truncated_value(words[w], plan); });
}

void uniform(double* out, const Tiles& tiles, const UniformPlanDouble& plan) {
  each_block(tiles, [&](std::size_t slot, std::uint64_t first, std::uint64_t second) {
    out[slot] = uniform_value(first, plan);
    out[slot + 1] = uniform_value(second, plan);
  });
}

void normal(double* out, const Tiles& tiles, double mean, double std) {
  each_block(tiles, [&](std::size_t slot, std::uint64_t first, std::uint64_t second) {
    const NormalPairDouble pair = box_muller_double(first, second);
    out[slot] = std::fma(pair.cosine, std, mean);
    out[slot + 1] = std::fma(pair.sine, std, mean);
  });
}

void truncated(double* out, const Tiles& tiles, const TruncatedPlanDouble& plan) {
  each_block(tiles, [&](std::size_t slot, std::uint64_t first, std::uint64_t second) {
    out[slot] = truncated_value(first, plan);
    out[slot + 1] = truncated_value(second, plan);
  });
}

}  // namespace fanin::random::reference
