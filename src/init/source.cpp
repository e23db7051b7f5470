// One parameter's values by its scheme: a law drawn range by range, or a tensor computed at once; and their moments.
#include "fanin/init/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>
#include <utility>

#include "fanin/base/error.h"
#include "fanin/init/aliases.h"
#include "init/fill.h"
#include "init/policy.h"

namespace fanin::init {
namespace {

double number(float value) {
  return value;
}
double number(double value) {
  return value;
}
double number(bfloat16 value) {
  return to_float(value);
}
double number(half value) {
  return to_float(value);
}

constexpr std::size_t block_size = 4096;  // of values measured around one origin

template <class T>
T rounded(float value) {
  if constexpr (std::same_as<T, bfloat16>) {
    return to_bfloat16(value);
  } else if constexpr (std::same_as<T, half>) {
    return to_half(value);
  } else {
    return static_cast<T>(value);
  }
}

}  // namespace

template <class T>
void Measured::add(std::span<const T> values) {
  for (; !values.empty(); values = values.subspan(std::min(values.size(), block_size)))
    add_block(values.first(std::min(values.size(), block_size)));
}

/// In one pass, around the block's first value: no further from the mean than the block is wide, so that nothing
/// cancels and a constant has the deviation 0. The sums' order is that of the lanes, whatever vectors they are put in.
template <class T>
void Measured::add_block(std::span<const T> values) {
  constexpr std::size_t lanes = 8;
  using Bound = std::conditional_t<std::same_as<T, double>, double, float>;
  const double origin = number(values[0]);
  double sums[lanes] = {}, squares[lanes] = {};
  Bound low[lanes], high[lanes];
  std::ranges::fill(low, std::numeric_limits<Bound>::infinity());
  std::ranges::fill(high, -std::numeric_limits<Bound>::infinity());
  const auto look = [&](T value, std::size_t lane) {
    const auto x = static_cast<Bound>(number(value));
    const double apart = static_cast<double>(x) - origin;
    sums[lane] += apart;
    squares[lane] += apart * apart;
    low[lane] = x < low[lane] ? x : low[lane];
    high[lane] = x > high[lane] ? x : high[lane];
  };
  const std::size_t whole = values.size() / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) look(values[i + lane], lane);
  for (std::size_t i = whole; i < values.size(); ++i) look(values[i], i - whole);
  double sum = 0, square = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    sum += sums[lane];
    square += squares[lane];
    minimum_ = std::min(minimum_, static_cast<double>(low[lane]));
    maximum_ = std::max(maximum_, static_cast<double>(high[lane]));
  }
  const double n = static_cast<double>(values.size()), mean = origin + sum / n;
  const double own = std::max(square - sum / n * sum, 0.0);
  const double before = static_cast<double>(count_), all = before + n, apart = mean - mean_;
  mean_ = count_ == 0 ? mean : mean_ + apart * n / all;
  squares_ += own + (count_ == 0 ? 0 : apart * apart * before * n / all);
  count_ += values.size();
}
template void Measured::add(std::span<const float>);
template void Measured::add(std::span<const double>);
template void Measured::add(std::span<const bfloat16>);
template void Measured::add(std::span<const half>);

double Measured::std() const {
  return std::sqrt(squares_ / static_cast<double>(count_));
}

struct Source::State {
  Spec scheme;
  std::string name;
  WeightContext context;  // its name is set when a function is called: the string above moves
  const SchemeInfo& info;
  const SchemeEntry* entry;
  Options options;
  std::uint64_t count = 0;
  std::optional<Law> law;
  std::optional<ModuleDraws> module;
  Source::Compute computed;          // a plan for the whole network decides
  double fixed = 0;                  // where that leaves the parameter alone
  std::optional<FillReport> report;  // that it gave
  bool by_scheme = true;
  Applied applied;
  // Of a scheme without a law, once it was computed: floats, or doubles where it has a function for them.
  std::vector<float> whole;
  std::vector<double> wide;

  State(const Spec& spec, WeightContext of)
      : scheme(spec),
        name(of.name),
        context(std::move(of)),
        info(find_scheme(spec.name)),
        entry(find_entry(info.name)),
        options(resolve_alias(spec), info.options, fmt::format("scheme '{}'", info.name)) {
    context.name = name;
    if (info.needs == Needs::batch || info.needs == Needs::gradient)
      throw Error(fmt::format(
          "scheme '{}' looks at {}, so it cannot fill '{}' by itself; expected a whole network and a batch of "
          "images (--model and --data, or adapt::initialize)",
          info.name, needs_name(info.needs), name));
    const std::int64_t elements = element_count(context.shape);
    if (elements == 0)
      throw Error(fmt::format("'{}' of shape {} has no elements to initialize", name, to_string(context.shape)));
    count = static_cast<std::uint64_t>(elements);
  }

  void plan_weight() {
    if (entry == nullptr || entry->law == nullptr) return;
    const std::optional<Planned> planned = entry->law(context, options);
    if (!planned) return;
    law = planned->law;
    applied = {planned->target_std, planned->gain};
  }

  void compute(std::span<float> out) {
    if (computed) {
      report = computed(context, out);
      by_scheme = report.has_value();
      if (!report) std::ranges::fill(out, static_cast<float>(fixed));
      return;
    }
    applied = entry == nullptr ? apply_registered(info, context, options, out) : entry->function(context, options, out);
  }

  /// A half ends at 65504, which schemes' arguments may pass; the other types hold all that they allow.
  void require_in_half(double magnitude) const {
    constexpr double largest = 65504;
    if (magnitude > largest)
      throw Error(fmt::format("scheme '{}' gives '{}' values up to {:.6g}; expected at most {}, where half ends",
                              scheme.text(), name, magnitude, largest));
  }

  bool has_wide_function() const { return !computed && entry != nullptr && entry->wide_function != nullptr; }

  const std::vector<double>& wide_tensor() {
    if (wide.empty()) {
      wide.resize(static_cast<std::size_t>(count));
      applied = entry->wide_function(context, options, std::span<double>(wide));
    }
    return wide;
  }

  const std::vector<float>& tensor() {
    if (whole.empty()) {
      whole.resize(static_cast<std::size_t>(count));
      compute(whole);
    }
    return whole;
  }
};

Source::Source(const Spec& scheme, WeightContext context, std::optional<double> fixed)
    : state_(std::make_unique<State>(scheme, std::move(context))) {
  State& state = *state_;
  if (state.entry != nullptr && state.entry->module != nullptr) state.module = state.entry->module(state.context);
  if (!fixed) {
    state.plan_weight();
    return;
  }
  state.applied = Applied{};
  if (state.entry != nullptr && state.entry->other_law != nullptr)
    state.law = state.entry->other_law(state.context, state.options);
  if (state.law) {
    if (law_std(*state.law) > 0) state.applied.target_std = law_std(*state.law);
    return;
  }
  if (state.entry != nullptr && state.entry->others != nullptr) {
    // Such a rule says only by filling whether it is one.
    state.fixed = *fixed;
    state.computed = [&state](const WeightContext& own, std::span<float> out) -> std::optional<FillReport> {
      if (!state.entry->others(own, state.options, out)) return std::nullopt;
      return report_of(state.scheme, own, Applied{}, out);
    };
    return;
  }
  state.by_scheme = false;
  state.law = constant_law(*fixed);
}

Source::Source(const Spec& scheme, WeightContext context, Compute compute, double fixed)
    : state_(std::make_unique<State>(scheme, std::move(context))) {
  state_->computed = std::move(compute);
  state_->fixed = fixed;
}

Source::~Source() = default;
Source::Source(Source&&) noexcept = default;
Source& Source::operator=(Source&&) noexcept = default;

const std::string& Source::name() const {
  return state_->name;
}
const Shape& Source::shape() const {
  return state_->context.shape;
}
std::uint64_t Source::count() const {
  return state_->count;
}
bool Source::by_scheme() const {
  return state_->by_scheme;
}
const std::optional<Law>& Source::law() const {
  return state_->law;
}

template <class T>
void Source::fill(std::span<T> out, std::uint64_t first) const {
  State& state = *state_;
  if (first > state.count || out.size() > state.count - first)
    throw Error(fmt::format("'{}' of shape {} has {} elements; the destination has {}{}", state.name,
                            to_string(state.context.shape), state.count, out.size(),
                            first == 0 ? "" : fmt::format(", from element {}", first)));
  if (state.law) {
    if constexpr (std::same_as<T, half>) {
      // No normal of the stream is further out than 6.4 standard deviations (docs/random.md).
      const double end = std::max(std::abs(law_minimum(*state.law)), std::abs(law_maximum(*state.law)));
      state.require_in_half(std::isfinite(end) ? end : std::abs(law_mean(*state.law)) + 6.4 * law_std(*state.law));
    }
    draw(*state.law, random::make_stream(state.context.seed, state.name, random::Purpose::initialize), out, first);
    return;
  }
  if constexpr (std::same_as<T, float>) {
    if (out.size() == state.count && state.whole.empty()) return state.compute(out);
  }
  if constexpr (std::same_as<T, double>) {
    if (state.has_wide_function()) {
      const auto from = state.wide_tensor().begin() + static_cast<std::ptrdiff_t>(first);
      std::copy_n(from, out.size(), out.begin());
      return;
    }
  }
  const std::span<const float> from = std::span(state.tensor()).subspan(static_cast<std::size_t>(first), out.size());
  if constexpr (std::same_as<T, half>) {
    for (const float value : from) state.require_in_half(std::abs(static_cast<double>(value)));
  }
  std::ranges::transform(from, out.begin(), rounded<T>);
}
template void Source::fill(std::span<float>, std::uint64_t) const;
template void Source::fill(std::span<double>, std::uint64_t) const;
template void Source::fill(std::span<bfloat16>, std::uint64_t) const;
template void Source::fill(std::span<half>, std::uint64_t) const;

template <class T>
void Source::fill(std::span<T> out, random::compat::ForeignStream& stream) const {
  State& state = *state_;
  if (!model::is_trainable(state.context.role)) return fill(out, 0);
  if (state.law) return draw(*state.law, stream, state.context.shape, out);
  if (state.computed || state.entry == nullptr || state.entry->draws == Draws::own_stream)
    throw Error(
        fmt::format("scheme '{}' draws from Fanin's own stream only, not from another framework's", state.info.name));
  state.context.stream = &stream;
  if constexpr (std::same_as<T, double>) {
    state.applied = state.entry->wide_function(state.context, state.options, out);
  } else {
    state.compute(out);
  }
  state.context.stream = nullptr;
}
template void Source::fill(std::span<float>, random::compat::ForeignStream&) const;
template void Source::fill(std::span<double>, random::compat::ForeignStream&) const;

bool Source::is_module() const {
  return state_->entry != nullptr && state_->entry->module != nullptr;
}

template <class T>
void Source::construct(std::span<T> out, random::compat::ForeignStream& stream) const {
  if (state_->module) draw(state_->module->constructor, stream, state_->context.shape, out);
}

template <class T>
void Source::finish(std::span<T> out, random::compat::ForeignStream& stream) const {
  if (!state_->module) return fill(out, 0);  // norms: constants
  if (state_->module->loop) draw(*state_->module->loop, stream, state_->context.shape, out);
}

namespace {

/// The order in which a PyTorch model makes its layers: that of its parameters, but for a residual block's
/// "downsample", which torchvision makes first and hands to the block.
std::vector<std::size_t> construction_order(std::span<const Source> sources) {
  constexpr std::string_view made_first = "downsample.";
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto at = order.end();
    const std::string& name = sources[i].name();
    if (const std::size_t dot = name.find(fmt::format(".{}", made_first)); dot != std::string::npos) {
      const std::string block = name.substr(0, dot + 1);
      at = std::ranges::find_if(order, [&](std::size_t other) {
        const std::string& its_name = sources[other].name();
        return its_name.starts_with(block) && !its_name.substr(block.size()).starts_with(made_first);
      });
    }
    order.insert(at, i);
  }
  return order;
}

}  // namespace

template <class T>
void draw_all(std::span<const Source> sources, std::string_view stream_name, std::uint64_t seed,
              const TakeTensor<T>& take) {
  const std::unique_ptr<random::compat::ForeignStream> stream = random::compat::make_foreign_stream(stream_name, seed);
  const auto empty = [&](std::size_t i) { return std::vector<T>(static_cast<std::size_t>(sources[i].count())); };
  if (stream_name != "torch" || sources.empty() || !sources[0].is_module()) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      std::vector<T> values = empty(i);
      sources[i].fill(std::span<T>(values), *stream);
      take(i, std::move(values));
    }
    return;
  }
  std::vector<std::vector<T>> all(sources.size());
  for (const std::size_t i : construction_order(sources)) {
    all[i] = empty(i);
    sources[i].construct(std::span<T>(all[i]), *stream);
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    sources[i].finish(std::span<T>(all[i]), *stream);
    take(i, std::move(all[i]));
  }
}
template void draw_all(std::span<const Source>, std::string_view, std::uint64_t, const TakeTensor<float>&);
template void draw_all(std::span<const Source>, std::string_view, std::uint64_t, const TakeTensor<double>&);

void Source::release() const {
  state_->whole = {};
  state_->wide = {};
}

FillReport Source::report(const Measured& values) const {
  const State& state = *state_;
  FillReport report = state.report.value_or(FillReport{});
  report.mean = values.mean();
  report.std = values.std();
  report.minimum = values.minimum();
  report.maximum = values.maximum();
  report.count = values.count();
  if (state.report) return report;
  report.parameter = state.name;
  report.scheme = state.scheme.text();
  report.fan_in = state.context.fans.in;
  report.fan_out = state.context.fans.out;
  report.gain = state.applied.gain;
  report.target_std = state.applied.target_std;
  report.key = random::make_stream(state.context.seed, state.name, random::Purpose::initialize).key;
  if (state.law) {
    report.law = law_text(*state.law);
    report.target_mean = law_mean(*state.law);
    report.target_minimum = law_minimum(*state.law);
    report.target_maximum = law_maximum(*state.law);
  }
  return report;
}

std::string_view drawn_how(const SchemeInfo& scheme) {
  const SchemeEntry* entry = find_entry(scheme.name);
  const bool by_element = entry != nullptr && entry->law != nullptr;
  if (!by_element) return "as a whole: a shard costs the work and the memory of its whole tensor";
  return entry->function == nullptr ? "element by element: a shard costs its own part only"
                                    : "element by element in some layers, in the others as a whole";
}

bool has_rule_for_others(const Spec& scheme) {
  const SchemeEntry* entry = find_entry(find_scheme(scheme.name).name);
  return entry != nullptr && (entry->others != nullptr || entry->other_law != nullptr);
}

FillReport report_of(const Spec& scheme, const WeightContext& context, const Applied& applied,
                     std::span<const float> out) {
  Measured values;
  values.add(out);
  FillReport report;
  report.parameter = context.name;
  report.scheme = scheme.text();
  report.fan_in = context.fans.in;
  report.fan_out = context.fans.out;
  report.gain = applied.gain;
  report.target_std = applied.target_std;
  report.mean = values.mean();
  report.std = values.std();
  report.minimum = values.minimum();
  report.maximum = values.maximum();
  report.count = values.count();
  report.key = random::make_stream(context.seed, context.name, random::Purpose::initialize).key;
  return report;
}

namespace {

FillReport fill_from(const Source& source, std::span<float> out) {
  if (source.count() != out.size())
    throw Error(fmt::format("'{}' of shape {} has {} elements; the destination has {}", source.name(),
                            to_string(source.shape()), source.count(), out.size()));
  source.fill(out, 0);
  Measured values;
  values.add(std::span<const float>(out));
  return source.report(values);
}

}  // namespace

FillReport fill(const Spec& scheme, const WeightContext& context, std::span<float> out) {
  if (find_scheme(scheme.name).name == "policy")
    return fill_by_policy(*policy_of(scheme), context, out);  // the report is the line's
  return fill_from(Source(scheme, context), out);
}

std::optional<FillReport> fill_other(const Spec& scheme, const WeightContext& context, std::span<float> out) {
  const Source source(scheme, context, 0.0);
  FillReport report = fill_from(source, out);
  if (!source.by_scheme()) return std::nullopt;
  return report;
}

}  // namespace fanin::init
