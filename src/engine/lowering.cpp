// Buffers, contributions to gradients and steps; and the walk over the groups, forward and back.
#include "engine/lowering.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/kernels/elementwise.h"
#include "engine/ops/op.h"
#include "fanin/base/error.h"

namespace fanin::engine {
namespace {

/// Floats that the tensors of one primitive in a loop may hold: a quarter of a mebibyte, which leaves room for those of
/// its neighbours in a second-level cache of one.
constexpr std::int64_t loop_floats = 65536;

std::size_t logical_size(const memory::desc& desc) {
  std::size_t count = sizeof(float);
  for (const auto extent : dims_of(desc)) count *= static_cast<std::size_t>(extent);
  return count;
}

}  // namespace

Lowering::Lowering(const model::Graph& graph, const CompileOptions& options, bool training,
                   ParameterLayouts& parameters, RunState& run)
    : graph_(graph),
      batch_(options.batch),
      images_(options.images_at_once),
      training_(training),
      fuse_(options.fuse),
      parameters_(parameters),
      run_(run),
      values_(graph.values().size(), -1),
      gradients_(graph.values().size(), -1),
      wanted_(graph.values().size(), false),
      by_images_(graph.values().size(), false),
      contributions_(graph.values().size()) {
  schedule_.batch = batch_;
  Buffer input{"input", plain_desc(dims(graph.input())), 0, 0, Home::input};
  input.image_bytes = input.desc.get_size() / static_cast<std::size_t>(batch_);
  values_[0] = add_buffer(std::move(input));
  find_wanted();
}

/// A gradient is wanted where it leads to a trainable parameter, so never for the network's input.
void Lowering::find_wanted() {
  for (const model::Node& node : graph_.nodes()) {
    bool wanted = std::any_of(node.parameters.begin(), node.parameters.end(),
                              [&](model::ParameterId id) { return model::is_trainable(graph_.parameter(id).role); });
    for (const model::ValueId id : node.inputs) wanted = wanted || wants_gradient(id);
    wanted = wanted || !fuse_;  // every gradient is to be readable
    wanted_[static_cast<std::size_t>(node.output)] = wanted;
  }
}

Dims Lowering::dims(model::ValueId id) const {
  Dims dims = {batch_};
  const Shape& shape = graph_.value(id).shape;
  dims.insert(dims.end(), shape.begin(), shape.end());
  return dims;
}

std::int64_t Lowering::images_at_once(std::int64_t floats, std::int64_t weights) const {
  if (!fuse_) return batch_;
  if (images_ > 0) return batch_ % images_ == 0 ? images_ : batch_;
  const std::int64_t by_cache = std::max<std::int64_t>(1, loop_floats / floats);
  const std::int64_t by_weights = std::min(batch_, weights / floats);
  std::int64_t images = std::min(batch_, std::max(by_cache, 2 * by_weights));
  while (batch_ % images != 0) --images;
  return images < by_weights || 2 * images < by_cache ? batch_ : images;
}

BufferId Lowering::add_buffer(Buffer buffer) {
  if (buffer.bytes == 0) buffer.bytes = buffer.desc.get_size();
  schedule_.buffers.push_back(std::move(buffer));
  return static_cast<BufferId>(schedule_.buffers.size()) - 1;
}

BufferId Lowering::workspace(std::string name, std::size_t bytes, std::size_t logical_bytes) {
  return add_buffer({std::move(name), {}, bytes, logical_bytes, Home::arena});
}

BufferId Lowering::whole(std::string name, const memory::desc& desc, bool for_layout) {
  return add_buffer({std::move(name), desc, 0, for_layout ? 0 : logical_size(desc), Home::arena});
}

// A copy of the description: the caller's may lie in a buffer, and buffers move when one is added.
BufferId Lowering::temporary(std::string name, memory::desc desc, bool for_layout) {
  const BufferId made = whole(std::move(name), desc, for_layout);
  if (dims_of(desc)[0] == batch_ && layout_of(desc)) {
    schedule_.buffers.back().image_bytes = desc.get_size() / static_cast<std::size_t>(batch_);
  }
  return made;
}

BufferId Lowering::alias(BufferId id, const memory::desc& desc) {
  Buffer same = buffer(id);
  same.desc = desc;
  same.same_as = schedule_.owner(id);
  return add_buffer(std::move(same));
}

Layout Lowering::layout(BufferId id) const {
  return layout_of(desc(id)).value();
}

memory::desc Lowering::known(const memory::desc& wanted) {
  return layout_of(wanted) ? wanted : plain_desc(dims_of(wanted));
}

BufferId Lowering::define(model::ValueId id, const memory::desc& desc, bool by_images) {
  by_images_[static_cast<std::size_t>(id)] = by_images;
  const BufferId made = temporary(graph_.value(id).name, desc);
  values_[static_cast<std::size_t>(id)] = made;
  return made;
}

void Lowering::define_again(model::ValueId id, std::function<BufferId()> again) {
  again_[id] = std::move(again);
}

BufferId Lowering::value_again(model::ValueId id, BufferId stored, std::int64_t images) {
  const auto found = again_.find(id);
  if (images == batch_ || stored != value(id) || found == again_.end()) return stored;
  return found->second();
}

model::ParameterId Lowering::parameter_id(const Group& group, int number) const {
  return node(group).parameters.at(static_cast<std::size_t>(number));
}

bool Lowering::has_layout(const Group& group, int number) const {
  return !is_empty(parameters_.at(static_cast<std::size_t>(parameter_id(group, number))));
}

void Lowering::set_layout(const Group& group, int number, const memory::desc& desc) {
  parameters_.at(static_cast<std::size_t>(parameter_id(group, number))) = desc;
}

BufferId Lowering::parameter(const Group& group, int number) {
  const model::ParameterId id = parameter_id(group, number);
  const model::Parameter& parameter = graph_.parameter(id);
  if (!has_layout(group, number))
    set_layout(group, number, plain_desc(parameter.shape.empty() ? Dims{1} : parameter.shape));
  const Home home = model::is_trainable(parameter.role) ? Home::parameters : Home::running;
  const auto [found, added] = parameter_buffers_.try_emplace({home, id}, -1);
  if (added) found->second = add_buffer({parameter.name, parameters_[static_cast<std::size_t>(id)], 0, 0, home, id});
  return found->second;
}

BufferId Lowering::parameter_gradient(const Group& group, int number) {
  const model::ParameterId id = parameter_id(group, number);
  const auto [found, added] = parameter_buffers_.try_emplace({Home::gradients, id}, -1);
  if (added) {
    found->second = add_buffer({fmt::format("d({})", graph_.parameter(id).name),
                                parameters_[static_cast<std::size_t>(id)], 0, 0, Home::gradients, id});
  }
  return found->second;
}

std::vector<BufferId> Lowering::take_gradient(model::ValueId id, std::size_t most) {
  std::vector<BufferId>& list = contributions_[static_cast<std::size_t>(id)];
  if (!fuse_) most = 1;
  while (list.size() > most) {
    const BufferId a = list[0], b = list[1];
    list.erase(list.begin(), list.begin() + 2);
    --pending_[schedule_.owner(a)];
    --pending_[schedule_.owner(b)];
    BufferId sum = a;
    if (!may_overwrite(a)) sum = may_overwrite(b) ? b : temporary(buffer(a).name, desc(a));
    flat_kernel("sum of gradients", {a, b}, {sum},
                [](float* const* buffer, std::size_t n) { kernels::add(buffer[2], buffer[0], buffer[1], n); });
    list.insert(list.begin(), sum);
    ++pending_[schedule_.owner(sum)];
  }
  std::vector<BufferId> taken;
  taken.swap(list);
  for (const BufferId id_taken : taken) --pending_[schedule_.owner(id_taken)];
  if (!taken.empty()) gradients_[static_cast<std::size_t>(id)] = taken[0];
  return taken;
}

void Lowering::contribute(model::ValueId id, BufferId gradient) {
  const BufferId same = converted(gradient, desc(value(id)));
  contributions_[static_cast<std::size_t>(id)].push_back(same);
  ++pending_[schedule_.owner(same)];
}

bool Lowering::may_overwrite(BufferId gradient) const {
  const auto found = pending_.find(schedule_.owner(gradient));
  return fuse_ && (found == pending_.end() || found->second == 0);
}

BufferId Lowering::gradient_over(BufferId taken, model::ValueId of) {
  return may_overwrite(taken) ? taken : temporary(fmt::format("d({})", graph_.value(of).name), desc(taken));
}

void Lowering::begin(const Group& group, std::string phase) {
  phase_ = std::move(phase);
  nodes_ = group_name(graph_, group);
}

void Lowering::kernel(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes, Kernel kernel,
                      bool layout_only) {
  Step step;
  step.phase = phase_;
  step.nodes = nodes_;
  step.what = std::move(what);
  step.implementation = "own";
  step.layout_only = layout_only;
  step.reads = std::move(reads);
  step.writes = std::move(writes);
  step.kernel = std::move(kernel);
  schedule_.steps.push_back(std::move(step));
}

void Lowering::kernel_by_image(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes,
                               ImageKernel by_image) {
  kernel(std::move(what), std::move(reads), std::move(writes), {});
  schedule_.steps.back().by_image = std::move(by_image);
}

void Lowering::flat_kernel(std::string what, std::vector<BufferId> reads, std::vector<BufferId> writes,
                           std::function<void(float* const*, std::size_t)> body) {
  const Layout like = layout(reads.at(0));
  kernel_by_image(
      std::move(what), std::move(reads), std::move(writes),
      [floats = like.size() / like.n, body = std::move(body)](float* const* buffers, std::int64_t, std::int64_t count) {
        body(buffers, static_cast<std::size_t>(count * floats));
      });
}

void Lowering::add_primitive(std::string what, dnnl::primitive primitive, const char* implementation,
                             const memory::desc& scratchpad, std::vector<Argument> reads, std::vector<Argument> writes,
                             std::int64_t images) {
  Step step;
  step.phase = phase_;
  step.nodes = nodes_;
  step.what = std::move(what);
  step.implementation = implementation;
  for (const Argument& argument : reads) step.reads.push_back(argument.buffer);
  for (const Argument& argument : writes) step.writes.push_back(argument.buffer);
  step.arguments = std::move(reads);
  step.arguments.insert(step.arguments.end(), writes.begin(), writes.end());
  if (scratchpad.get_size() > 0) {
    const BufferId scratch = workspace("scratchpad", scratchpad.get_size(), 0);
    step.writes.push_back(scratch);
    step.arguments.push_back({DNNL_ARG_SCRATCHPAD, scratch, scratchpad});
  }
  step.primitive = std::move(primitive);
  step.images = images < batch_ ? images : 0;
  schedule_.steps.push_back(std::move(step));
}

BufferId Lowering::converted(BufferId id, const memory::desc& wanted, std::int64_t images) {
  if (same_memory(desc(id), wanted)) return id;
  const bool of_parameter = buffer(id).home == Home::parameters;
  const BufferId copy = of_parameter ? whole(buffer(id).name, wanted, true) : temporary(buffer(id).name, wanted, true);
  schedule_.buffers.back().copy_of = id;
  reorder(id, copy, images);
  // Parameters do not change during a pass: the copy is made before the loop that this step may become part of.
  if (of_parameter) {
    auto& steps = schedule_.steps;
    auto at = steps.end() - 1;
    while (at != steps.begin() && ((at - 1)->by_image || (at - 1)->images > 0)) --at;
    std::rotate(at, steps.end() - 1, steps.end());
  }
  return copy;
}

void Lowering::reorder(BufferId from, BufferId to, std::int64_t images) {
  const bool by_image = images > 0 && images < batch_ && buffer(from).image_bytes > 0 && buffer(to).image_bytes > 0;
  const memory::desc source = by_image ? of_images(desc(from), images) : desc(from);
  const memory::desc target = by_image ? of_images(desc(to), images) : desc(to);
  const dnnl::reorder::primitive_desc pd(cpu(), source, cpu(), target, attributes());
  primitive<dnnl::reorder>("change of layout", pd, {{DNNL_ARG_FROM, from, source}}, {{DNNL_ARG_TO, to, target}},
                           by_image ? images : 0);
  schedule_.steps.back().layout_only = true;
}

Pass lower(const model::Graph& graph, const CompileOptions& options, bool training, ParameterLayouts& parameters,
           RunState& run) {
  Lowering lowering(graph, options, training, parameters, run);
  const std::vector<Group> groups = make_groups(graph, options.fuse);
  std::vector<std::unique_ptr<Op>> ops;
  for (const Group& group : groups) {
    try {
      lowering.begin(group, "forward");
      ops.push_back(make_op(graph, group));
      ops.back()->forward(lowering);
    } catch (const dnnl::error& error) {
      throw Error(fmt::format("{}: oneDNN cannot run {} ({})", graph.node(group.main).name,
                              model::describe(graph.node(group.main).op), error.what()));
    }
  }
  lowering.begin({-1, {}, {}, graph.output(), {}}, "loss");
  Pass pass;
  pass.logits = emit_loss(lowering, training ? options.label_smoothing : 0);
  for (std::size_t i = groups.size(); training && i-- > 0;) {
    if (!lowering.wants_gradient(groups[i].output) || !lowering.has_gradient(groups[i].output)) continue;
    try {
      lowering.begin(groups[i], "backward");
      ops[i]->backward(lowering);
    } catch (const dnnl::error& error) {
      throw Error(fmt::format("{}: oneDNN cannot run the gradient of {} ({})", graph.node(groups[i].main).name,
                              model::describe(graph.node(groups[i].main).op), error.what()));
    }
  }
  Schedule& schedule = lowering.schedule();
  schedule.buffers[static_cast<std::size_t>(pass.logits)].keep = true;
  pass.values = lowering.values();
  pass.gradients = lowering.gradients();
  pass.schedule = std::move(schedule);
  return pass;
}

}  // namespace fanin::engine
