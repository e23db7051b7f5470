// Lifetimes, addresses and the loop over the steps.
#include "engine/schedule.h"

#include <algorithm>
#include <chrono>

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

void Schedule::run_step(const Step& step, const Bound& bound, const dnnl::stream& stream) const {
  if (step.kernel) {
    step.kernel(bound.addresses.data());
    return;
  }
  // The C function: the C++ one copies the arguments into a new vector.
  const auto status = dnnl_primitive_execute(step.primitive.get(), stream.get(),
                                             static_cast<int>(bound.arguments.size()), bound.arguments.data());
  if (status != dnnl_success) throw Failure(step.nodes + ": oneDNN could not run its " + step.what);
}

void Schedule::run(const dnnl::stream& stream, const std::stop_token& stop) {
  if (!timing_.empty()) {
    run_timed(stream, stop);
    return;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (stop.stop_requested()) throw Interrupted();
    run_step(steps[i], bound_[i], stream);
  }
}

void Schedule::run_timed(const dnnl::stream& stream, const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  auto before = start;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (stop.stop_requested()) throw Interrupted();
    run_step(steps[i], bound_[i], stream);
    const auto after = Clock::now();
    StepTiming& timing = timing_[i];
    timing.last_start = std::chrono::duration<double>(before - start).count();
    timing.last_seconds = std::chrono::duration<double>(after - before).count();
    timing.seconds += timing.last_seconds;
    if (timing.runs == 0 || timing.last_seconds < timing.best_seconds) timing.best_seconds = timing.last_seconds;
    ++timing.runs;
    before = after;
  }
}

void Schedule::start_timing() {
  timing_.clear();
  for (const Step& step : steps) {
    StepTiming timing{step.phase, step.nodes, step.what, step.implementation};
    timing.flops = step.flops;
    for (const auto* list : {&step.reads, &step.writes}) {
      for (const BufferId id : *list) {
        const Buffer& buffer = buffers[static_cast<std::size_t>(id)];
        if (buffer.home != Home::arena || buffer.logical_bytes > 0 || buffer.copy_of >= 0) {
          timing.bytes += static_cast<double>(buffer.bytes);
        }
      }
    }
    timing_.push_back(std::move(timing));
  }
}

}  // namespace fanin::engine
