// What the operators' files (ops/) write to: turns groups of nodes into the steps of a schedule.
//
// A value of the graph becomes a buffer in the layout that its producer likes best; its gradient has the same layout.
// A gradient is collected as contributions, one from each reader, which are summed as late as possible: kernels that
// can sum while they read take two at once.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/bridge.h"
#include "engine/groups.h"
#include "engine/layout.h"
#include "engine/schedule.h"
#include "fanin/engine/program.h"
#include "fanin/model/graph.h"

namespace fanin::engine {

/// What changes from run to run; kernels read and write it.
struct RunState {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::int64_t count = 0;  // evaluation: images that count
  const std::int32_t* labels = nullptr;
  const std::int32_t* partner_labels = nullptr;  // training: of the images that were mixed in
  double share = 1;                              // training: of an image's own label
  double loss_sum = 0;
  std::int64_t correct = 0;
};

/// The layouts of the network's parameters, by ParameterId; chosen by the first pass that is lowered.
using ParameterLayouts = std::vector<memory::desc>;

class Lowering {
 public:
  Lowering(const model::Graph& graph, const CompileOptions& options, bool training, ParameterLayouts& parameters,
           RunState& run);

  const model::Graph& graph() const { return graph_; }
  const model::Node& node(const Group& group) const { return graph_.node(group.main); }
  std::int64_t batch() const { return batch_; }
  bool training() const { return training_; }
  RunState& run() const { return run_; }

  /// The extents of a value with the batch in front.
  Dims dims(model::ValueId id) const;
  /// How many images a primitive takes at a time: a divisor of the batch, so that what it reads and writes (`floats` an
  /// image together) stays in cache for the next step; the batch where that does not pay, since each call goes over
  /// `weights` floats again. From the numbers alone.
  std::int64_t images_at_once(std::int64_t floats, std::int64_t weights) const;

  // Buffers. What has the batch in front, in a layout that we know, is made of images (Buffer::image_bytes).
  BufferId workspace(std::string name, std::size_t bytes, std::size_t logical_bytes);
  BufferId temporary(std::string name, memory::desc desc, bool for_layout = false);
  /// A temporary that is not made of images whatever its extents: one for a parameter.
  BufferId whole(std::string name, const memory::desc& desc, bool for_layout = false);
  /// The same memory under other extents (flattening what is row-major).
  BufferId alias(BufferId id, const memory::desc& desc);
  const memory::desc& desc(BufferId id) const { return buffer(id).desc; }
  const std::string& name(BufferId id) const { return buffer(id).name; }
  Layout layout(BufferId id) const;

  // Values. A value's buffer is defined once, by its producer.
  BufferId value(model::ValueId id) const { return values_.at(static_cast<std::size_t>(id)); }
  BufferId define(model::ValueId id, const memory::desc& desc, bool by_images = false);
  void define_as(model::ValueId id, BufferId same) { values_[static_cast<std::size_t>(id)] = same; }
  /// A layout that our kernels know: `wanted`, or row-major where that is none.
  static memory::desc known(const memory::desc& wanted);

  /// Whether a primitive makes the value some images at a time.
  bool made_by_images(model::ValueId id) const { return by_images_[static_cast<std::size_t>(id)]; }
  /// A value that is cheap to compute again: `again` emits the steps and returns a new buffer in the same layout.
  void define_again(model::ValueId id, std::function<BufferId()> again);
  /// The value for a step of the backward pass that takes `images` at a time: computed again in the step's loop where
  /// define_again() said how and that saves memory traffic, else `stored`.
  BufferId value_again(model::ValueId id, BufferId stored, std::int64_t images);

  // Parameters, numbered as in the node: 0 is its weight.
  bool has_layout(const Group& group, int number) const;
  void set_layout(const Group& group, int number, const memory::desc& desc);
  BufferId parameter(const Group& group, int number);
  BufferId parameter_gradient(const Group& group, int number);

  // Gradients of values.
  bool has_gradient(model::ValueId id) const { return !contributions_[static_cast<std::size_t>(id)].empty(); }
  bool wants_gradient(model::ValueId id) const { return wanted_[static_cast<std::size_t>(id)]; }
  /// The contributions to a value's gradient, summed down to at most `most`; empty where nobody reads the value.
  std::vector<BufferId> take_gradient(model::ValueId id, std::size_t most);
  BufferId take_gradient(model::ValueId id) { return take_gradient(id, 1).at(0); }
  void contribute(model::ValueId id, BufferId gradient);
  /// Whether nobody else needs this taken gradient, so that a step may write over it.
  bool may_overwrite(BufferId gradient) const;
  /// A buffer for a gradient of this layout: `taken` itself where it may be overwritten, else a new one.
  BufferId gradient_over(BufferId taken, model::ValueId of);

  // Steps.
  void begin(const Group& group, std::string phase);
  void kernel(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes, Kernel kernel,
              bool layout_only = false);
  /// A kernel for any number of images.
  void kernel_by_image(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes, ImageKernel kernel);
  /// A kernel over flat arrays: all buffers have the layout of the first; body(buffers, floats).
  void flat_kernel(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes,
                   std::function<void(float* const*, std::size_t)> body);
  /// `pd` is the primitive's descriptor; its scratchpad is planned with the rest. Arguments that are written come last.
  /// With `images` below the batch the descriptors are those of that many images, and buffers made of images are given
  /// to it part by part.
  template <class Primitive>
  void primitive(std::string what, const typename Primitive::primitive_desc& pd, std::vector<Argument> reads,
                 std::vector<Argument> writes, std::int64_t images = 0) {
    add_primitive(std::move(what), Primitive(pd), pd.impl_info_str(), pd.scratchpad_desc(), std::move(reads),
                  std::move(writes), images);
  }
  /// States the arithmetic of the step that was added last.
  void last_flops(double flops) { schedule_.steps.back().flops = flops; }
  /// The buffer itself where its layout is `wanted`, else a converted copy, made `images` at a time.
  BufferId converted(BufferId id, const memory::desc& wanted, std::int64_t images = 0);
  /// Copies with a change of layout.
  void reorder(BufferId from, BufferId to, std::int64_t images = 0);

  /// The finished schedule, and the buffer of each value and of each value's summed gradient (-1: none).
  Schedule& schedule() { return schedule_; }
  const std::vector<BufferId>& values() const { return values_; }
  const std::vector<BufferId>& gradients() const { return gradients_; }

 private:
  const Buffer& buffer(BufferId id) const { return schedule_.buffers.at(static_cast<std::size_t>(id)); }
  BufferId add_buffer(Buffer buffer);
  model::ParameterId parameter_id(const Group& group, int number) const;
  void add_primitive(std::string what, dnnl::primitive primitive, const char* implementation,
                     const memory::desc& scratchpad, std::vector<Argument> reads, std::vector<Argument> writes,
                     std::int64_t images);
  void find_wanted();

  const model::Graph& graph_;
  std::int64_t batch_, images_;  // images_: what the options ask for
  bool training_, fuse_;
  ParameterLayouts& parameters_;
  RunState& run_;
  Schedule schedule_;
  std::vector<BufferId> values_, gradients_;
  std::vector<bool> wanted_, by_images_;              // by value
  std::vector<std::vector<BufferId>> contributions_;  // by value
  std::map<model::ValueId, std::function<BufferId()>> again_;
  std::map<BufferId, int> pending_;  // contributions in this buffer's memory
  std::map<std::pair<Home, int>, BufferId> parameter_buffers_;
  std::string phase_, nodes_;
};

/// Lowers one pass: forward in training or evaluation, the loss, and in training backward.
struct Pass {
  Schedule schedule;
  std::vector<BufferId> values, gradients;  // by ValueId; -1: none
  BufferId logits = -1;
};
Pass lower(const model::Graph& graph, const CompileOptions& options, bool training, ParameterLayouts& parameters,
           RunState& run);

}  // namespace fanin::engine
