// The plan's properties on random lifetimes: nothing alive overlaps, nothing is wasted beyond reason.
#include "engine/memory_plan.h"

#include <gmock/gmock.h>

#include <random>

namespace fanin::engine {
namespace {

std::vector<BufferLife> random_lives(std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::vector<BufferLife> lives(1 + bits() % 60);
  for (BufferLife& life : lives) {
    life.bytes = 1 + bits() % 5000;
    life.first = static_cast<int>(bits() % 40);
    life.last = life.first + static_cast<int>(bits() % 12);
  }
  return lives;
}

TEST(MemoryPlan, KeepsLivingBuffersApartWithinBounds) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::vector<BufferLife> lives = random_lives(seed);
    const MemoryPlan plan = plan_memory(lives);
    ASSERT_EQ(plan.offsets.size(), lives.size());
    std::size_t sum = 0;
    for (std::size_t i = 0; i < lives.size(); ++i) {
      sum += (lives[i].bytes + plan_alignment - 1) / plan_alignment * plan_alignment;
      EXPECT_EQ(plan.offsets[i] % plan_alignment, 0U);
      EXPECT_LE(plan.offsets[i] + lives[i].bytes, plan.arena_bytes);
      for (std::size_t j = 0; j < i; ++j) {
        const bool meet = lives[i].first <= lives[j].last && lives[j].first <= lives[i].last;
        const bool overlap =
            plan.offsets[i] < plan.offsets[j] + lives[j].bytes && plan.offsets[j] < plan.offsets[i] + lives[i].bytes;
        EXPECT_FALSE(meet && overlap) << "seed " << seed << ", buffers " << i << " and " << j;
      }
    }
    EXPECT_LE(plan.arena_bytes, sum);
    EXPECT_GE(plan.arena_bytes, peak_bytes(lives));
    EXPECT_EQ(plan.offsets, plan_memory(lives).offsets);
  }
}

TEST(MemoryPlan, GivesAChainTwoPlaces) {
  std::vector<BufferLife> chain;
  for (int i = 0; i < 10; ++i) chain.push_back({640, i, i + 1});
  EXPECT_EQ(plan_memory(chain).arena_bytes, 1280U);
}

TEST(MemoryPlan, WithoutReuseGivesEveryBufferItsOwn) {
  EXPECT_THAT(plan_memory({{64, 0, 0}, {1, 1, 1}, {65, 2, 2}}, false).offsets, ::testing::ElementsAre(0, 64, 128));
}

TEST(MemoryPlan, OfNothingIsEmpty) {
  EXPECT_EQ(plan_memory({}).arena_bytes, 0U);
}

}  // namespace
}  // namespace fanin::engine
