// The program: two passes over one arena, and the border between logical order and the primitives' layouts.
#include "fanin/engine/program.h"

#include <fmt/format.h>
#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cfenv>
#include <cstring>
#include <new>

#include "engine/dump.h"
#include "engine/lowering.h"
#include "fanin/base/denormals.h"
#include "fanin/base/error.h"
#include "fanin/base/nearest.h"

namespace fanin::engine {
namespace {

/// Zeroed floats. What is large lies on huge pages where the system has them: two per cent of a step.
class Block {
 public:
  void resize(std::size_t floats) {
    const std::size_t bytes = (std::max<std::size_t>(1, floats) * sizeof(float) + page - 1) / page * page;
    size_ = floats;
    data_.reset(static_cast<float*>(::operator new(bytes, alignment)));
    if (bytes >= 4 * page) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // a wish: whether it is heard does not matter
    std::fill_n(data_.get(), floats, 0.0F);
  }
  float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<float> span() const { return {data_.get(), size_}; }

 private:
  static constexpr std::size_t page = std::size_t{1} << 21;
  static constexpr std::align_val_t alignment{page};
  struct Free {
    void operator()(float* data) const { ::operator delete(data, alignment); }
  };
  std::unique_ptr<float, Free> data_;
  std::size_t size_ = 0;
};

/// One thread for oneDNN while in scope: several threads inside a primitive would make sums depend on their number, and
/// trials run side by side instead. The count is read when a primitive's descriptor is made and again when its code is.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// Denormals count as what they are while in scope, whatever the caller chose: primitives are made with a denormal
/// slope (ops/op.h), which must not be taken for zero when code for it is chosen.
class DefaultArithmetic {
 public:
  DefaultArithmetic() {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultArithmetic() { std::fesetenv(&before_); }
  DefaultArithmetic(const DefaultArithmetic&) = delete;
  DefaultArithmetic& operator=(const DefaultArithmetic&) = delete;

 private:
  std::fenv_t before_;
};

void copy(const memory::desc& from_desc, const float* from, const memory::desc& to_desc, float* to) {
  // oneDNN takes addresses that it may write to; a reorder only reads its source.
  const OneThread one_thread;
  memory source(from_desc, cpu(), const_cast<float*>(from)), target(to_desc, cpu(), to);
  dnnl::stream stream(cpu());
  dnnl::reorder(source, target).execute(stream, source, target);
  stream.wait();
}

}  // namespace

struct Program::Impl {
  Impl(const model::Graph& of, const CompileOptions& with);

  void place_parameters();
  void check(const std::vector<NamedTensor>& tensors, bool trainable_only) const;
  const NamedTensor& find(const std::vector<NamedTensor>& tensors, const std::string& name) const;
  void check_labels(const std::vector<std::int32_t>& of, std::int64_t count) const;
  void check_block(std::size_t floats) const;
  std::span<float> home(model::ParameterId id) const;
  Pass& last() { return last_was_training ? training : evaluation; }

  model::Graph graph;
  CompileOptions options;
  dnnl::stream stream;
  ParameterLayouts layouts;
  RunState run;
  Pass training, evaluation;
  std::vector<std::size_t> offsets;  // of parameter i in its block, floats
  std::vector<Segment> segments;
  Block arena, parameters, gradients, running, input;
  std::vector<float> running_before;  // the statistics as a training pass found them, for one that is stopped half-way
  std::vector<std::int32_t> labels, partner_labels;
  bool last_was_training = false;
};

Program::Impl::Impl(const model::Graph& of, const CompileOptions& with)
    : graph(of), options(with), stream(cpu()), layouts(of.parameters().size()) {
  const OneThread one_thread;
  const DefaultArithmetic default_arithmetic;
  if (options.batch < 1) throw Error(fmt::format("batch size is {}; expected at least 1", options.batch));
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1)) {
    throw Error(fmt::format("label smoothing is {}; expected a number from 0 to below 1", options.label_smoothing));
  }
  if (graph.value(graph.output()).shape.size() != 1) {
    throw Error(fmt::format("{}: the network ends in {}; expected one logit a class", graph.value(graph.output()).name,
                            to_string(graph.value(graph.output()).shape)));
  }
  // The training pass first: it chooses the parameters' layouts, evaluation takes them as they are.
  if (options.training) {
    training = lower(graph, options, true, layouts, run);
  }
  evaluation = lower(graph, options, false, layouts, run);
  place_parameters();
  input.resize(static_cast<std::size_t>(options.batch * element_count(graph.input_shape())));
  labels.assign(static_cast<std::size_t>(options.batch), 0);
  partner_labels = labels;
  run.labels = labels.data();
  run.partner_labels = partner_labels.data();
  std::size_t bytes = 0;
  for (Pass* pass : {&training, &evaluation}) {
    for (const BufferId id : pass->values) {
      if (!options.fuse && id >= 0) pass->schedule.buffers[static_cast<std::size_t>(id)].keep = true;
    }
    bytes = std::max(bytes, pass->schedule.plan(options.fuse));
  }
  arena.resize(bytes / sizeof(float));
  const Blocks blocks{arena.data(), parameters.data(), gradients.data(), running.data(), input.data(), offsets};
  training.schedule.bind(blocks);
  evaluation.schedule.bind(blocks);
}

/// Trainable parameters lie behind each other, each from a cache line's start; running statistics likewise.
void Program::Impl::place_parameters() {
  std::size_t trainable = 0, statistics = 0;
  for (std::size_t i = 0; i < graph.parameters().size(); ++i) {
    const model::Parameter& parameter = graph.parameters()[i];
    const std::size_t size = layouts[i].get_size() / sizeof(float);
    std::size_t& end = model::is_trainable(parameter.role) ? trainable : statistics;
    offsets.push_back(end);
    if (model::is_trainable(parameter.role)) {
      segments.push_back({static_cast<model::ParameterId>(i), parameter.role, end, size});
    }
    constexpr std::size_t line = plan_alignment / sizeof(float);
    end += (size + line - 1) / line * line;
  }
  parameters.resize(trainable);
  gradients.resize(options.training ? trainable : 0);
  running.resize(statistics);
  running_before.resize(statistics);
  for (std::size_t i = 0; i < graph.parameters().size(); ++i) {
    if (graph.parameters()[i].role == model::Role::running_var) {
      std::ranges::fill(home(static_cast<model::ParameterId>(i)), 1.0F);
    }
  }
}

std::span<float> Program::Impl::home(model::ParameterId id) const {
  const auto i = static_cast<std::size_t>(id);
  const Block& block = model::is_trainable(graph.parameter(id).role) ? parameters : running;
  return block.span().subspan(offsets[i], layouts[i].get_size() / sizeof(float));
}

void Program::Impl::check_labels(const std::vector<std::int32_t>& of, std::int64_t count) const {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t label = of[static_cast<std::size_t>(i)];
    if (label < 0 || label >= graph.classes()) {
      throw Error(fmt::format("image {} of the batch has label {}; expected 0 to {}", i, label, graph.classes() - 1));
    }
  }
}

void Program::Impl::check_block(std::size_t floats) const {
  if (floats == parameters.size()) return;
  throw Error(fmt::format("a block of {} floats is given; expected {}", floats, parameters.size()));
}

/// Every name known and given once, every shape right.
void Program::Impl::check(const std::vector<NamedTensor>& tensors, bool trainable_only) const {
  std::size_t expected = 0;
  for (const model::Parameter& parameter : graph.parameters()) {
    if (trainable_only && !model::is_trainable(parameter.role)) continue;
    ++expected;
    const auto named = [&](const NamedTensor& tensor) { return tensor.name == parameter.name; };
    const auto count = std::ranges::count_if(tensors, named);
    if (count == 0) {
      const std::string first =
          tensors.empty() ? "none" : fmt::format("{}, the first '{}'", tensors.size(), tensors[0].name);
      throw Error(fmt::format("parameter '{}' is missing among the tensors given ({})", parameter.name, first));
    }
    if (count > 1) {
      throw Error(fmt::format("parameter '{}' is given {} times; expected once", parameter.name, count));
    }
    const Tensor& tensor = std::ranges::find_if(tensors, named)->tensor;
    if (tensor.shape != parameter.shape || std::ssize(tensor.values) != element_count(parameter.shape)) {
      throw Error(fmt::format("parameter '{}' has shape {} with {} values; expected {}", parameter.name,
                              to_string(tensor.shape), tensor.values.size(), to_string(parameter.shape)));
    }
  }
  if (tensors.size() == expected) return;
  std::vector<std::string> names;
  for (const model::Parameter& parameter : graph.parameters()) names.push_back(parameter.name);
  for (const NamedTensor& tensor : tensors) {
    if (std::ranges::find(names, tensor.name) == names.end()) {
      const std::string nearest = nearest_name(tensor.name, names);
      throw Error(fmt::format("{} has no parameter '{}'{}", graph.name(), tensor.name,
                              nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
    }
  }
  throw Error(fmt::format("{} tensors are given; expected the {} trainable parameters", tensors.size(), expected));
}

Program::Program(const model::Graph& graph, const CompileOptions& options)
    : impl_(std::make_unique<Impl>(graph, options)) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

float* Program::input() {
  return impl_->input.data();
}
std::int32_t* Program::labels() {
  return impl_->labels.data();
}
std::int32_t* Program::partner_labels() {
  return impl_->partner_labels.data();
}

void Program::set_share(double share) {
  if (!(share >= 0 && share <= 1)) throw Error(fmt::format("the share is {}; expected a number from 0 to 1", share));
  impl_->run.share = share;
}

void Program::load(const std::vector<NamedTensor>& tensors) {
  impl_->check(tensors, false);
  for (const NamedTensor& item : tensors) {
    const model::ParameterId id = impl_->graph.find_parameter(item.name);
    const memory::desc& layout = impl_->layouts[static_cast<std::size_t>(id)];
    copy(plain_desc(dims_of(layout)), item.tensor.values.data(), layout, impl_->home(id).data());
  }
}

std::vector<NamedTensor> Program::store() const {
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < impl_->graph.parameters().size(); ++i) {
    const model::Parameter& parameter = impl_->graph.parameters()[i];
    NamedTensor item{parameter.name, {parameter.shape, {}}};
    item.tensor.values.resize(static_cast<std::size_t>(element_count(parameter.shape)));
    const std::span<const float> home = impl_->home(static_cast<model::ParameterId>(i));
    copy(impl_->layouts[i], home.data(), plain_desc(dims_of(impl_->layouts[i])), item.tensor.values.data());
    tensors.push_back(std::move(item));
  }
  return tensors;
}

BatchResult Program::forward_backward(std::uint64_t seed, std::int64_t step, const std::stop_token& stop) {
  Impl& self = *impl_;
  if (!self.options.training) throw Error("this program was compiled without training");
  self.check_labels(self.labels, self.options.batch);
  if (self.run.share < 1) self.check_labels(self.partner_labels, self.options.batch);
  self.run.seed = seed;
  self.run.step = step;
  const OneThread one_thread;
  const DenormalGuard flush;
  std::ranges::copy(self.running.span(), self.running_before.begin());
  try {
    self.training.schedule.run(self.stream, stop);
  } catch (const Interrupted&) {
    std::ranges::copy(self.running_before, self.running.data());
    throw;
  }
  self.last_was_training = true;
  return {self.run.loss_sum / static_cast<double>(self.options.batch), self.run.correct};
}

EvaluationResult Program::evaluate(std::int64_t count, const std::stop_token& stop) {
  Impl& self = *impl_;
  if (count < 0 || count > self.options.batch) {
    throw Error(fmt::format("{} images are to be evaluated in a batch of {}", count, self.options.batch));
  }
  self.check_labels(self.labels, count);
  self.run.count = count;
  const OneThread one_thread;
  const DenormalGuard flush;
  self.evaluation.schedule.run(self.stream, stop);
  self.last_was_training = false;
  return {self.run.loss_sum, self.run.correct};
}

std::span<const float> Program::logits() const {
  const Pass& pass = impl_->last();
  return {pass.schedule.address(pass.logits), static_cast<std::size_t>(impl_->options.batch * impl_->graph.classes())};
}

std::span<float> Program::parameters() {
  return impl_->parameters.span();
}
std::span<float> Program::gradients() {
  return impl_->gradients.span();
}
const std::vector<Segment>& Program::segments() const {
  return impl_->segments;
}

std::vector<NamedTensor> Program::to_logical(std::span<const float> block) const {
  impl_->check_block(block.size());
  std::vector<NamedTensor> tensors;
  for (const Segment& segment : impl_->segments) {
    const model::Parameter& parameter = impl_->graph.parameter(segment.parameter);
    const memory::desc& layout = impl_->layouts[static_cast<std::size_t>(segment.parameter)];
    NamedTensor item{parameter.name, {parameter.shape, {}}};
    item.tensor.values.resize(static_cast<std::size_t>(element_count(parameter.shape)));
    copy(layout, block.subspan(segment.offset, segment.size).data(), plain_desc(dims_of(layout)),
         item.tensor.values.data());
    tensors.push_back(std::move(item));
  }
  return tensors;
}

void Program::from_logical(const std::vector<NamedTensor>& tensors, std::span<float> block) const {
  impl_->check(tensors, true);
  impl_->check_block(block.size());
  for (const Segment& segment : impl_->segments) {
    const std::string& name = impl_->graph.parameter(segment.parameter).name;
    const memory::desc& layout = impl_->layouts[static_cast<std::size_t>(segment.parameter)];
    const Tensor& tensor = std::ranges::find(tensors, name, &NamedTensor::name)->tensor;
    copy(plain_desc(dims_of(layout)), tensor.values.data(), layout, block.subspan(segment.offset, segment.size).data());
  }
}

namespace {

Tensor read(const Schedule& schedule, BufferId buffer, std::int64_t batch, const Shape& shape) {
  Tensor tensor{{batch}, {}};
  tensor.shape.insert(tensor.shape.end(), shape.begin(), shape.end());
  tensor.values.resize(static_cast<std::size_t>(element_count(tensor.shape)));
  if (buffer < 0) return tensor;  // nobody reads the value: its gradient is zero
  const memory::desc& desc = schedule.buffers[static_cast<std::size_t>(buffer)].desc;
  copy(desc, schedule.address(buffer), plain_desc(dims_of(desc)), tensor.values.data());
  return tensor;
}

}  // namespace

Tensor Program::value(model::ValueId id) const {
  Impl& self = *impl_;
  if (self.options.fuse) throw Error("values can be read from an unfused program only");
  const Pass& pass = self.last();
  return read(pass.schedule, pass.values.at(static_cast<std::size_t>(id)), self.options.batch,
              self.graph.value(id).shape);
}

Tensor Program::value_gradient(model::ValueId id) const {
  Impl& self = *impl_;
  if (self.options.fuse || !self.last_was_training) {
    throw Error("gradients of values can be read from an unfused program after a training pass only");
  }
  if (id == self.graph.input()) throw Error("the network's input has no gradient");
  const Pass& pass = self.training;
  return read(pass.schedule, pass.gradients.at(static_cast<std::size_t>(id)), self.options.batch,
              self.graph.value(id).shape);
}

void Program::start_timing() {
  impl_->training.schedule.start_timing();
}
std::vector<StepTiming> Program::timing() const {
  return impl_->training.schedule.timing();
}

std::string Program::dump(bool verbose) const {
  const Impl& self = *impl_;
  std::string text =
      fmt::format("{}, batch {}{}\n", self.graph.name(), self.options.batch, self.options.fuse ? "" : ", unfused");
  std::size_t floats = 0;
  for (const Segment& segment : self.segments) {
    floats += static_cast<std::size_t>(element_count(self.graph.parameter(segment.parameter).shape));
  }
  text += fmt::format("parameters {} floats in {} tensors\n", floats, self.segments.size());
  if (self.options.training) text += "\ntraining\n" + dump_schedule(self.training.schedule, verbose);
  return text + "\nevaluation\n" + dump_schedule(self.evaluation.schedule, verbose);
}

std::size_t Program::arena_bytes() const {
  return impl_->arena.size() * sizeof(float);
}

}  // namespace fanin::engine
