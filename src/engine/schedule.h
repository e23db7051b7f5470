// A compiled pass over the network: buffers with lifetimes and the steps that work on them, in order.
//
// Built by lowering.h with buffers as numbers; bind() gives them addresses and makes everything that a step needs, so
// that run() allocates nothing.
//
// A step by images computes some images of the batch at a time. Neighbouring steps by images run as one loop: all of
// them for the first images, then all of them for the next, so that what one writes the next still finds in cache; a
// value that only its own loop needs never lies in memory whole.
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
  int parameter = -1;           // parameters, gradients, running: which
  std::size_t image_bytes = 0;  // of one image, in images that lie behind each other; 0: steps by images see it whole
  bool keep = false;            // lives to the end of the pass and beyond
  BufferId copy_of = -1;        // the buffer whose values this one holds in another layout
  BufferId same_as = -1;        // the buffer whose memory this one describes in other words
};

/// What an own kernel gets: the addresses of the step's buffers, in the order in which it named them.
using Kernel = std::function<void(float* const* buffers)>;

/// The same for a step by images: the addresses of the images' parts, the first image's number and how many there are.
/// What is whole (sums, a weight's gradient) lies where it lies: the images come in order, so it can be summed into.
/// Of what another step of the loop left there it sees the part of these images only.
using ImageKernel = std::function<void(float* const* buffers, std::int64_t first, std::int64_t count)>;

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
  Kernel kernel;         // or
  ImageKernel by_image;  // for any number of images, or
  dnnl::primitive primitive;
  std::int64_t images = 0;  // that one call of the primitive computes; 0: all
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

/// The steps `first` to `last`, `images` at a time.
struct Loop {
  std::size_t first, last;
  std::int64_t images;
};

class Schedule {
 public:
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  std::vector<Loop> loops;  // in order; see find_loops()
  std::int64_t batch = 0;

  /// Joins neighbouring steps by images, where those that are primitives take the same number of them.
  void find_loops();
  /// The loop of a step, or null.
  const Loop* loop_of(std::size_t step) const;

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
  struct Use;
  std::vector<Use> uses(bool logical) const;
  template <class Each>
  void for_calls(const Each& each) const;
  void run_step(std::size_t step, std::size_t call, const dnnl::stream& stream) const;
  void run_timed(const dnnl::stream& stream, const std::stop_token& stop);

  /// One call of a step: for the whole batch, or for some images.
  struct Bound {
    std::int64_t first = 0, count = 0;  // images
    std::vector<float*> addresses;      // of a kernel's buffers: reads, then writes
    std::vector<memory> memories;
    std::vector<dnnl_exec_arg_t> arguments;
  };
  std::vector<std::size_t> offsets_;
  std::vector<float*> addresses_;
  std::vector<std::vector<Bound>> bound_;  // by step and call
  std::vector<StepTiming> timing_;         // empty: no measuring
};

}  // namespace fanin::engine
