// Lifetimes, addresses and the loop over the steps.
#include "engine/schedule.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "fanin/base/error.h"

namespace fanin::engine {

/// How the steps use a buffer; steps are numbered as they are seen.
struct Schedule::Use {
  int first = std::numeric_limits<int>::max(), last = -1;
  const Loop* loop = nullptr;  // all uses are in this loop
  bool elsewhere = false;      // or in several, or outside

  /// Whether only the images at hand need to lie in memory.
  bool is_part(const Buffer& buffer) const {
    return buffer.home == Home::arena && buffer.image_bytes > 0 && loop && !elsewhere;
  }
};

void Schedule::find_loops() {
  loops.clear();
  const auto by_images = [](const Step& step) { return step.by_image || step.images > 0; };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!by_images(steps[i])) continue;
    Loop loop{i, i, steps[i].images};
    while (loop.last + 1 < steps.size() && by_images(steps[loop.last + 1])) {
      const std::int64_t images = steps[loop.last + 1].images;
      if (images > 0 && loop.images > 0 && images != loop.images) break;
      loop.images = std::max(loop.images, images);
      ++loop.last;
    }
    i = loop.last;
    // Kernels alone take the batch at once.
    if (loop.images > 0 && loop.images < batch) loops.push_back(loop);
  }
}

const Loop* Schedule::loop_of(std::size_t step) const {
  for (const Loop& loop : loops) {
    if (loop.first <= step && step <= loop.last) return &loop;
  }
  return nullptr;
}

/// By owning buffer. A buffer that is used in a loop is needed as long as the loop runs.
std::vector<Schedule::Use> Schedule::uses(bool logical) const {
  std::vector<Use> all(buffers.size());
  std::vector<int> numbers;  // of step i: how many are seen before it
  int number = 0;
  for (const Step& step : steps) {
    numbers.push_back(number);
    if (!logical || !step.layout_only) ++number;
  }
  numbers.push_back(number);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (logical && steps[i].layout_only) continue;
    const Loop* loop = loop_of(i);
    const int first = loop ? numbers[loop->first] : numbers[i];
    const int last = loop ? numbers[loop->last + 1] - 1 : numbers[i];
    for (const auto* list : {&steps[i].reads, &steps[i].writes}) {
      for (const BufferId id : *list) {
        // To the eye that sees no layouts a copy is its original.
        BufferId seen = owner(id);
        while (logical && buffers[static_cast<std::size_t>(seen)].copy_of >= 0) {
          seen = owner(buffers[static_cast<std::size_t>(seen)].copy_of);
        }
        Use& use = all[static_cast<std::size_t>(seen)];
        if (use.last < 0) use.loop = loop;
        use.elsewhere = use.elsewhere || !loop || loop != use.loop;
        use.first = std::min(use.first, first);
        use.last = std::max(use.last, last);
      }
    }
  }
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    if (!buffers[i].keep) continue;
    Use& use = all[static_cast<std::size_t>(owner(static_cast<BufferId>(i)))];
    use.last = number;
    use.elsewhere = true;
  }
  return all;
}

std::vector<BufferLife> Schedule::lives(bool logical, std::vector<BufferId>* index) const {
  const std::vector<Use> all = uses(logical);
  std::vector<BufferLife> lives;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const Buffer& buffer = buffers[i];
    const Use& use = all[i];
    BufferLife life{logical ? buffer.logical_bytes : buffer.bytes, use.first, use.last};
    if (buffer.home != Home::arena || life.last < 0 || life.bytes == 0 || buffer.same_as >= 0) continue;
    if (use.is_part(buffer)) {
      life.bytes = life.bytes / static_cast<std::size_t>(batch) * static_cast<std::size_t>(use.loop->images);
    }
    lives.push_back(life);
    if (index) index->push_back(static_cast<BufferId>(i));
  }
  return lives;
}

std::size_t Schedule::plan(bool reuse) {
  find_loops();
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
  const std::vector<Use> all = uses(false);
  bound_.assign(steps.size(), {});
  for_calls([&](std::size_t i, std::size_t call, const Loop* loop) {
    const Step& step = steps[i];
    Bound bound;
    bound.first = loop ? static_cast<std::int64_t>(call) * loop->images : 0;
    bound.count = loop ? loop->images : batch;
    const auto part = [&](BufferId id) {
      const auto home = static_cast<std::size_t>(owner(id));
      const bool whole = all[home].is_part(buffers[home]);  // then all images take their turn in one place
      return address(id) +
             (whole ? 0 : static_cast<std::size_t>(bound.first) * buffers[home].image_bytes / sizeof(float));
    };
    if (step.kernel || step.by_image) {
      for (const auto* list : {&step.reads, &step.writes}) {
        for (const BufferId id : *list) bound.addresses.push_back(part(id));
      }
    }
    for (const Argument& argument : step.arguments) {
      bound.memories.emplace_back(argument.desc, cpu(), part(argument.buffer));
      bound.arguments.push_back({argument.name, bound.memories.back().get()});
    }
    bound_[i].push_back(std::move(bound));
  });
}

/// each(step, call, loop) in the order in which they run.
template <class Each>
void Schedule::for_calls(const Each& each) const {
  std::size_t next = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (next == loops.size() || loops[next].first != i) {
      each(i, std::size_t{0}, static_cast<const Loop*>(nullptr));
      continue;
    }
    const Loop& loop = loops[next++];
    for (std::size_t call = 0; call < static_cast<std::size_t>(batch / loop.images); ++call) {
      for (i = loop.first; i <= loop.last; ++i) each(i, call, &loop);
    }
    i = loop.last;
  }
}

void Schedule::run_step(std::size_t number, std::size_t call, const dnnl::stream& stream) const {
  const Step& step = steps[number];
  const Bound& bound = bound_[number][call];
  if (step.kernel) {
    step.kernel(bound.addresses.data());
    return;
  }
  if (step.by_image) {
    step.by_image(bound.addresses.data(), bound.first, bound.count);
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
  for_calls([&](std::size_t step, std::size_t call, const Loop*) {
    if (stop.stop_requested()) throw Interrupted();
    run_step(step, call, stream);
  });
}

/// The steps of a loop are noted as if each had run for the whole batch before the next.
void Schedule::run_timed(const dnnl::stream& stream, const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  for (StepTiming& timing : timing_) timing.last_seconds = 0;
  auto before = Clock::now();
  for_calls([&](std::size_t step, std::size_t call, const Loop*) {
    if (stop.stop_requested()) throw Interrupted();
    run_step(step, call, stream);
    const auto after = Clock::now();
    timing_[step].last_seconds += std::chrono::duration<double>(after - before).count();
    before = after;
  });
  double start = 0;
  for (StepTiming& timing : timing_) {
    timing.last_start = start;
    start += timing.last_seconds;
    timing.seconds += timing.last_seconds;
    if (timing.runs == 0 || timing.last_seconds < timing.best_seconds) timing.best_seconds = timing.last_seconds;
    ++timing.runs;
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
