// Lifetimes, addresses and the loop over the steps.
#include "engine/schedule.h"

#include <algorithm>

#include "fanin/base/error.h"

namespace fanin::engine {

std::vector<BufferLife> Schedule::lives(bool logical, std::vector<BufferId>* index) const {
  const auto seen_step = [&](const Step& step) { return !logical || !step.layout_only; };
  const int end = static_cast<int>(std::count_if(steps.begin(), steps.end(), seen_step));
  std::vector<BufferLife> all(buffers.size(), {0, end, -1});
  int number = 0;
  for (const Step& step : steps) {
    if (!seen_step(step)) continue;
    for (const auto* list : {&step.reads, &step.writes}) {
      for (const BufferId id : *list) {
        // To the eye that sees no layouts a copy is its original.
        BufferId seen = owner(id);
        while (logical && buffers[static_cast<std::size_t>(seen)].copy_of >= 0) {
          seen = owner(buffers[static_cast<std::size_t>(seen)].copy_of);
        }
        BufferLife& life = all[static_cast<std::size_t>(seen)];
        life.first = std::min(life.first, number);
        life.last = std::max(life.last, number);
      }
    }
    ++number;
  }
  std::vector<BufferLife> lives;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    if (buffers[i].keep) all[static_cast<std::size_t>(owner(static_cast<BufferId>(i)))].last = end;
  }
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const Buffer& buffer = buffers[i];
    BufferLife life = all[i];
    life.bytes = logical ? buffer.logical_bytes : buffer.bytes;
    if (buffer.home != Home::arena || life.last < 0 || life.bytes == 0 || buffer.same_as >= 0) continue;
    lives.push_back(life);
    if (index) index->push_back(static_cast<BufferId>(i));
  }
  return lives;
}

std::size_t Schedule::plan(bool reuse) {
  std::vector<BufferId> index;
  const MemoryPlan plan = plan_memory(lives(false, &index), reuse);
  offsets_.assign(buffers.size(), 0);
  for (std::size_t i = 0; i < index.size(); ++i) offsets_[static_cast<std::size_t>(index[i])] = plan.offsets[i];
  return plan.arena_bytes;
}

void Schedule::bind(const Blocks& blocks) {
  addresses_.assign(buffers.size(), nullptr);
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const Buffer& buffer = buffers[i];
    const std::size_t offset = buffer.parameter < 0 ? 0 : blocks.offsets[static_cast<std::size_t>(buffer.parameter)];
    switch (buffer.home) {
      case Home::arena:
        addresses_[i] = blocks.arena + offsets_[i] / sizeof(float);
        break;
      case Home::parameters:
        addresses_[i] = blocks.parameters + offset;
        break;
      case Home::gradients:
        addresses_[i] = blocks.gradients + offset;
        break;
      case Home::running:
        addresses_[i] = blocks.running + offset;
        break;
      case Home::input:
        addresses_[i] = blocks.input;
        break;
    }
  }
  for (std::size_t i = 0; i < buffers.size(); ++i)
    addresses_[i] = addresses_[static_cast<std::size_t>(owner(static_cast<BufferId>(i)))];
  bound_.clear();
  for (const Step& step : steps) {
    Bound bound;
    if (step.kernel) {
      for (const auto* list : {&step.reads, &step.writes}) {
        for (const BufferId id : *list) bound.addresses.push_back(address(id));
      }
    }
    for (const Argument& argument : step.arguments) {
      bound.memories.emplace_back(argument.desc, cpu(), address(argument.buffer));
      bound.arguments.push_back({argument.name, bound.memories.back().get()});
    }
    bound_.push_back(std::move(bound));
  }
}

void Schedule::run(const dnnl::stream& stream) const {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Bound& bound = bound_[i];
    if (steps[i].kernel) {
      steps[i].kernel(bound.addresses.data());
      continue;
    }
    // The C function: the C++ one copies the arguments into a new vector.
    const auto status = dnnl_primitive_execute(steps[i].primitive.get(), stream.get(),
                                               static_cast<int>(bound.arguments.size()), bound.arguments.data());
    if (status != dnnl_success) throw Failure(steps[i].nodes + ": oneDNN could not run its " + steps[i].what);
  }
}

}  // namespace fanin::engine
