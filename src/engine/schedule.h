// A compiled pass over the network: buffers with lifetimes and the steps that work on them, in order.
//
// Built by lowering.h with buffers as numbers; bind() gives them addresses and makes everything that a step needs, so
// that run() allocates nothing.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/bridge.h"
#include "engine/memory_plan.h"
#include "fanin/engine/timing.h"

namespace fanin::engine {

using BufferId = std::int32_t;

/// Where a buffer lives.
enum class Home { arena, parameters, gradients, running, input };

struct Buffer {
  std::string name;
  memory::desc desc;  // not set for raw workspace
  std::size_t bytes = 0;
  std::size_t logical_bytes = 0;  // without the padding of blocked layouts; 0: exists for the sake of layouts alone
  Home home = Home::arena;
  int parameter = -1;     // parameters, gradients, running: which
  bool keep = false;      // lives to the end of the pass and beyond
  BufferId copy_of = -1;  // the buffer whose values this one holds in another layout
  BufferId same_as = -1;  // the buffer whose memory this one describes in other words
};

/// What an own kernel gets: the addresses of the step's buffers, in the order in which it named them.
using Kernel = std::function<void(float* const* buffers)>;

struct Argument {
  int name;  // DNNL_ARG_*
  BufferId buffer;
  memory::desc desc;
};

struct Step {
  std::string phase;  // "forward", "loss", "backward"
  std::string nodes;  // "bn1+relu1"
  std::string what;   // "convolution, relu"
  std::string implementation;
  bool layout_only = false;  // converts layouts; exists on some processors only
  std::vector<BufferId> reads, writes;
  Kernel kernel;  // or
  dnnl::primitive primitive;
  std::vector<Argument> arguments;
  double flops = 0;  // of convolutions and matrix products
};

/// The blocks that buffers outside the arena live in; offsets are in floats, by parameter.
struct Blocks {
  float* arena = nullptr;
  float* parameters = nullptr;
  float* gradients = nullptr;
  float* running = nullptr;
  float* input = nullptr;
  std::span<const std::size_t> offsets;  // of parameter i inside its block
};

class Schedule {
 public:
  std::vector<Buffer> buffers;
  std::vector<Step> steps;

  /// The buffer that owns the memory of `id`.
  BufferId owner(BufferId id) const {
    const BufferId same = buffers.at(static_cast<std::size_t>(id)).same_as;
    return same < 0 ? id : same;
  }
  /// Lifetimes of the arena's buffers, in bytes of the real or of the logical sizes; `index` maps them to buffers.
  std::vector<BufferLife> lives(bool logical, std::vector<BufferId>* index = nullptr) const;
  /// Plans the arena; returns its bytes.
  std::size_t plan(bool reuse);
  /// Gives every buffer its address. `arena` must hold the planned bytes.
  void bind(const Blocks& blocks);
  /// Throws Interrupted between two steps when `stop` asks.
  void run(const dnnl::stream& stream, const std::stop_token& stop);

  /// Makes run() measure each step from now on; what it measured.
  void start_timing();
  const std::vector<StepTiming>& timing() const { return timing_; }

  float* address(BufferId id) const { return addresses_.at(static_cast<std::size_t>(id)); }
  std::size_t arena_offset(BufferId id) const { return offsets_.at(static_cast<std::size_t>(id)); }

 private:
  struct Bound;
  void run_step(const Step& step, const Bound& bound, const dnnl::stream& stream) const;
  void run_timed(const dnnl::stream& stream, const std::stop_token& stop);

  struct Bound {
    std::vector<float*> addresses;  // of a kernel's buffers: reads, then writes
    std::vector<memory> memories;
    std::vector<dnnl_exec_arg_t> arguments;
  };
  std::vector<std::size_t> offsets_;
  std::vector<float*> addresses_;
  std::vector<Bound> bound_;
  std::vector<StepTiming> timing_;  // empty: no measuring
};

}  // namespace fanin::engine
