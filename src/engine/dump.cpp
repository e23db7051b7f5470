// Schedules as text.
#include "engine/dump.h"

#include <fmt/format.h>

#include <algorithm>

namespace fanin::engine {
namespace {

/// The names of a step's buffers, raw scratch left out.
std::string names_of(const Schedule& schedule, const std::vector<BufferId>& ids, bool verbose) {
  std::vector<std::string> seen;
  std::string names;
  for (const BufferId id : ids) {
    const Buffer& buffer = schedule.buffers[static_cast<std::size_t>(id)];
    if (!verbose && buffer.home == Home::arena && buffer.logical_bytes == 0 && !buffer.keep && is_empty(buffer.desc)) {
      continue;
    }
    if (std::ranges::find(seen, buffer.name) != seen.end()) continue;
    seen.push_back(buffer.name);
    names += (names.empty() ? "" : ", ") + buffer.name;
  }
  return names;
}

}  // namespace

std::string dump_schedule(const Schedule& schedule, bool verbose) {
  std::string text, phase;
  int number = 0;
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    const Step& step = schedule.steps[i];
    if (step.layout_only && !verbose) continue;
    if (step.phase != phase) text += fmt::format("  {}\n", phase = step.phase);
    text += fmt::format("  {:4} {:<36} {:<40} {} -> {}", number++, step.nodes, step.what,
                        names_of(schedule, step.reads, verbose), names_of(schedule, step.writes, verbose));
    if (const Loop* loop = schedule.loop_of(i)) text += fmt::format("  ({} at a time)", loop->images);
    text += verbose ? fmt::format("  [{}]\n", step.implementation) : "\n";
  }
  std::vector<BufferId> index;
  const std::vector<BufferLife> lives = schedule.lives(!verbose, &index);
  std::size_t sum = 0;
  text += "  lifetimes\n";
  for (std::size_t i = 0; i < lives.size(); ++i) {
    sum += lives[i].bytes;
    text += fmt::format("       {:<36} {:>10} bytes, steps {} to {}\n",
                        schedule.buffers[static_cast<std::size_t>(index[i])].name, lives[i].bytes, lives[i].first,
                        lives[i].last);
  }
  const MemoryPlan plan = plan_memory(lives);
  return text + fmt::format("  arena {} bytes; {} at most alive at once, {} without sharing\n", plan.arena_bytes,
                            peak_bytes(lives), sum);
}

}  // namespace fanin::engine
