// Where buffers with known lifetimes lie in one arena: a pure function, without any tensor type.
#pragma once
#include <cstddef>
#include <vector>

namespace fanin::engine {

/// A buffer that is needed from step `first` to step `last`, both included.
struct BufferLife {
  std::size_t bytes;
  int first, last;
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  // bytes, multiples of plan_alignment; of buffer i
  std::size_t arena_bytes = 0;       // a multiple of plan_alignment
};

inline constexpr std::size_t plan_alignment = 64;  // a cache line, an AVX-512 vector

/// Places the buffers so that no two whose lives meet overlap. Greedy by size (Pisarchyk and Lee 2020, "Efficient
/// memory management for deep neural net inference", section 5.2): the largest first, each in the tightest gap that
/// holds it. Deterministic. With `reuse` false every buffer has bytes of its own.
MemoryPlan plan_memory(const std::vector<BufferLife>& buffers, bool reuse = true);

/// The most bytes (rounded up to the alignment) that are alive in one step: no plan can do with less.
std::size_t peak_bytes(const std::vector<BufferLife>& buffers);

}  // namespace fanin::engine
