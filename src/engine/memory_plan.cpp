// Greedy placement by size; see the header.
#include "engine/memory_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace fanin::engine {
namespace {

std::size_t rounded(std::size_t bytes) {
  return (bytes + plan_alignment - 1) / plan_alignment * plan_alignment;
}

bool lives_meet(const BufferLife& a, const BufferLife& b) {
  return a.first <= b.last && b.first <= a.last;
}

struct Placed {
  std::size_t offset, bytes;
};

/// The tightest gap among `neighbours` (sorted by offset) that holds `bytes`, or the place after the last of them.
std::size_t best_offset(const std::vector<Placed>& neighbours, std::size_t bytes) {
  std::size_t best = 0, best_gap = std::numeric_limits<std::size_t>::max(), end = 0;
  for (const Placed& placed : neighbours) {
    if (placed.offset > end) {
      const std::size_t gap = placed.offset - end;
      if (gap >= bytes && gap < best_gap) best = end, best_gap = gap;
    }
    end = std::max(end, placed.offset + placed.bytes);
  }
  return best_gap == std::numeric_limits<std::size_t>::max() ? end : best;
}

}  // namespace

MemoryPlan plan_memory(const std::vector<BufferLife>& buffers, bool reuse) {
  MemoryPlan plan;
  plan.offsets.resize(buffers.size());
  if (!reuse) {
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      plan.offsets[i] = plan.arena_bytes;
      plan.arena_bytes += rounded(buffers[i].bytes);
    }
    return plan;
  }
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<std::size_t> done;
  std::vector<Placed> neighbours;
  for (const std::size_t i : order) {
    const std::size_t bytes = rounded(buffers[i].bytes);
    neighbours.clear();
    for (const std::size_t j : done) {
      if (lives_meet(buffers[i], buffers[j])) neighbours.push_back({plan.offsets[j], rounded(buffers[j].bytes)});
    }
    std::sort(neighbours.begin(), neighbours.end(),
              [](const Placed& a, const Placed& b) { return a.offset < b.offset; });
    plan.offsets[i] = best_offset(neighbours, bytes);
    plan.arena_bytes = std::max(plan.arena_bytes, plan.offsets[i] + bytes);
    done.push_back(i);
  }
  return plan;
}

std::size_t peak_bytes(const std::vector<BufferLife>& buffers) {
  std::size_t peak = 0;
  for (const BufferLife& start : buffers) {  // the peak is reached where some buffer's life begins
    std::size_t live = 0;
    for (const BufferLife& other : buffers) {
      if (other.first <= start.first && start.first <= other.last) live += rounded(other.bytes);
    }
    peak = std::max(peak, live);
  }
  return peak;
}

}  // namespace fanin::engine
