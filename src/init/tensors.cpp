// The schemes on a caller's memory: each a spec, so that every check and every message is the table's own.
#include "fanin/init/tensors.h"

#include <fmt/format.h>

#include "fanin/base/error.h"
#include "fanin/init/layer.h"
#include "fanin/init/source.h"
#include "fanin/random/stream.h"

namespace fanin::init {
namespace {

WeightContext context_of(const Shape& shape, const TensorOptions& options) {
  if (shape.empty()) throw Error(fmt::format("'{}' has no shape; expected one or more extents", options.name));
  for (const std::int64_t extent : shape)
    if (extent < 1)
      throw Error(fmt::format("'{}' has shape {}; expected extents above 0", options.name, to_string(shape)));
  if (shape.size() > 1) {
    const Layer layer{shape.size() == 2 ? LayerKind::linear : LayerKind::convolution,
                      shape,
                      options.groups,
                      options.stride,
                      options.transposed,
                      options.fused};
    return layer_context(layer, options.name, options.seed, options.activation);
  }
  WeightContext vector;  // no layer has such a weight: schemes with fans refuse it
  vector.name = options.name;
  vector.shape = vector.layer_shape = shape;
  vector.role = model::Role::weight;
  vector.activation = options.activation;
  vector.seed = options.seed;
  return vector;
}

template <class T>
void fill_spec(std::span<T> out, const Shape& shape, const Spec& scheme, const TensorOptions& options) {
  const Source source(scheme, context_of(shape, options));
  if (options.fused > 1 && !source.law())
    throw Error(
        fmt::format("scheme '{}' computes a tensor as a whole, which {} fused blocks are not; expected a call "
                    "for each block",
                    scheme.name, options.fused));
  const random::FillThreads threads(options.threads);
  source.fill(out, options.first);
  if (options.report == nullptr) return;
  Measured values;
  values.add(std::span<const T>(out));
  *options.report = source.report(values);
}

std::string exact(double value) {
  return fmt::format("{}", value);  // the shortest text that reads as the same double
}

std::string_view text_of(FanMode mode) {
  switch (mode) {
    case FanMode::in:
      return "fan_in";
    case FanMode::out:
      return "fan_out";
    case FanMode::average:
      return "fan_avg";
    case FanMode::geometric:
      return "fan_geo_avg";
  }
  return "";
}

std::string_view text_of(Distribution distribution) {
  switch (distribution) {
    case Distribution::normal:
      return "normal";
    case Distribution::uniform:
      return "uniform";
    case Distribution::truncated_normal:
      return "truncated_normal";
    case Distribution::sign:
      return "sign";
  }
  return "";
}

Spec with_gain(std::string_view scheme, double gain) {
  return {std::string(scheme), {{"gain", exact(gain)}}};
}
Spec with_mode(std::string_view scheme, FanMode mode) {
  return {std::string(scheme), {{"mode", std::string(text_of(mode))}}};
}

}  // namespace

template <class T>
void fill_tensor(std::span<T> out, const Shape& shape, std::string_view scheme, const TensorOptions& options) {
  fill_spec(out, shape, parse_spec(scheme), options);
}
template <class T>
void zeros(std::span<T> out, const Shape& shape, const TensorOptions& options) {
  fill_spec(out, shape, {"zeros", {}}, options);
}
template <class T>
void constant(std::span<T> out, const Shape& shape, double value, const TensorOptions& options) {
  fill_spec(out, shape, {"constant", {{"value", exact(value)}}}, options);
}
template <class T>
void normal(std::span<T> out, const Shape& shape, double mean, double std, const TensorOptions& options) {
  fill_spec(out, shape, {"normal", {{"mean", exact(mean)}, {"std", exact(std)}}}, options);
}
template <class T>
void uniform(std::span<T> out, const Shape& shape, double low, double high, const TensorOptions& options) {
  fill_spec(out, shape, {"uniform", {{"low", exact(low)}, {"high", exact(high)}}}, options);
}
template <class T>
void truncated_normal(std::span<T> out, const Shape& shape, double mean, double std, double low, double high,
                      const TensorOptions& options) {
  const Spec spec{
      "truncated_normal",
      {{"mean", exact(mean)}, {"std", exact(std)}, {"low", exact(low)}, {"high", exact(high)}, {"bounds", "absolute"}}};
  fill_spec(out, shape, spec, options);
}
template <class T>
void xavier_normal(std::span<T> out, const Shape& shape, const TensorOptions& options, double gain) {
  fill_spec(out, shape, with_gain("xavier_normal", gain), options);
}
template <class T>
void xavier_uniform(std::span<T> out, const Shape& shape, const TensorOptions& options, double gain) {
  fill_spec(out, shape, with_gain("xavier_uniform", gain), options);
}
template <class T>
void he_normal(std::span<T> out, const Shape& shape, const TensorOptions& options, FanMode mode) {
  fill_spec(out, shape, with_mode("he_normal", mode), options);
}
template <class T>
void he_uniform(std::span<T> out, const Shape& shape, const TensorOptions& options, FanMode mode) {
  fill_spec(out, shape, with_mode("he_uniform", mode), options);
}
template <class T>
void lecun_normal(std::span<T> out, const Shape& shape, const TensorOptions& options, double gain) {
  fill_spec(out, shape, with_gain("lecun_normal", gain), options);
}
template <class T>
void lecun_uniform(std::span<T> out, const Shape& shape, const TensorOptions& options, double gain) {
  fill_spec(out, shape, with_gain("lecun_uniform", gain), options);
}
template <class T>
void variance_scaling(std::span<T> out, const Shape& shape, double scale, FanMode mode, Distribution distribution,
                      const TensorOptions& options) {
  const Spec spec{"variance_scaling",
                  {{"scale", exact(scale)},
                   {"mode", std::string(text_of(mode))},
                   {"distribution", std::string(text_of(distribution))}}};
  fill_spec(out, shape, spec, options);
}
template <class T>
void orthogonal(std::span<T> out, const Shape& shape, const TensorOptions& options) {
  fill_spec(out, shape, {"orthogonal", {}}, options);
}
template <class T>
void orthogonal(std::span<T> out, const Shape& shape, double gain, const TensorOptions& options) {
  fill_spec(out, shape, with_gain("orthogonal", gain), options);
}

#define FANIN_FOR(T)                                                                                                \
  template void fill_tensor(std::span<T>, const Shape&, std::string_view, const TensorOptions&);                    \
  template void zeros(std::span<T>, const Shape&, const TensorOptions&);                                            \
  template void constant(std::span<T>, const Shape&, double, const TensorOptions&);                                 \
  template void normal(std::span<T>, const Shape&, double, double, const TensorOptions&);                           \
  template void uniform(std::span<T>, const Shape&, double, double, const TensorOptions&);                          \
  template void truncated_normal(std::span<T>, const Shape&, double, double, double, double, const TensorOptions&); \
  template void xavier_normal(std::span<T>, const Shape&, const TensorOptions&, double);                            \
  template void xavier_uniform(std::span<T>, const Shape&, const TensorOptions&, double);                           \
  template void he_normal(std::span<T>, const Shape&, const TensorOptions&, FanMode);                               \
  template void he_uniform(std::span<T>, const Shape&, const TensorOptions&, FanMode);                              \
  template void lecun_normal(std::span<T>, const Shape&, const TensorOptions&, double);                             \
  template void lecun_uniform(std::span<T>, const Shape&, const TensorOptions&, double);                            \
  template void variance_scaling(std::span<T>, const Shape&, double, FanMode, Distribution, const TensorOptions&);  \
  template void orthogonal(std::span<T>, const Shape&, const TensorOptions&);                                       \
  template void orthogonal(std::span<T>, const Shape&, double, const TensorOptions&);
FANIN_FOR(float)
FANIN_FOR(double)
FANIN_FOR(bfloat16)
FANIN_FOR(half)
#undef FANIN_FOR

}  // namespace fanin::init
