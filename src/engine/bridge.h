// The one place that knows both oneDNN 2 (op descriptors) and oneDNN 3 (arguments straight to the primitive
// descriptor).
//
// Everything is float32, direct algorithm, scratchpad given by the caller. Strides and dilations are (h, w); a dilation
// of 0 means none, as oneDNN counts it.
#pragma once
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#if DNNL_VERSION_MAJOR >= 3
#define FANIN_PRIMITIVE_DESC(P, attr, ...) P::primitive_desc(::fanin::engine::cpu(), __VA_ARGS__, attr)
#define FANIN_PRIMITIVE_DESC_HINT(P, attr, hint, ...) P::primitive_desc(::fanin::engine::cpu(), __VA_ARGS__, hint, attr)
#else
#define FANIN_PRIMITIVE_DESC(P, attr, ...) P::primitive_desc(P::desc(__VA_ARGS__), attr, ::fanin::engine::cpu())
#define FANIN_PRIMITIVE_DESC_HINT(P, attr, hint, ...) \
  P::primitive_desc(P::desc(__VA_ARGS__), attr, ::fanin::engine::cpu(), hint)
#endif

namespace fanin::engine {

using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;

/// The process's CPU engine; the first call also widens the primitive cache (a sweep over networks overflows 1,024).
inline const dnnl::engine& cpu() {
  static const dnnl::engine engine = [] {
    dnnl::set_primitive_cache_capacity(8192);
    return dnnl::engine(dnnl::engine::kind::cpu, 0);
  }();
  return engine;
}

inline memory::desc float_desc(const Dims& dims, Tag tag) {
  return {dims, memory::data_type::f32, tag};
}

/// The plain, row-major description of these extents.
inline memory::desc plain_desc(const Dims& dims) {
  static constexpr Tag tags[] = {Tag::undef, Tag::a, Tag::ab, Tag::abc, Tag::abcd, Tag::abcde};
  return float_desc(dims, tags[dims.size()]);
}
inline memory::desc any_desc(const Dims& dims) {
  return float_desc(dims, Tag::any);
}

inline Dims dims_of(const memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

/// Whether a description describes nothing: a buffer of raw bytes, a parameter that is not there.
inline bool is_empty(const memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_ndims() == 0;
#else
  return desc.data.ndims == 0;
#endif
}

/// An activation that a primitive applies to its result, or that stands alone.
struct Eltwise {
  dnnl::algorithm algorithm = dnnl::algorithm::undef;  // undef: none
  float alpha = 0;
  bool none() const { return algorithm == dnnl::algorithm::undef; }
};

inline dnnl::primitive_attr attributes(const Eltwise& fused = {}) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (!fused.none()) {
    dnnl::post_ops post;
#if DNNL_VERSION_MAJOR >= 3
    post.append_eltwise(fused.algorithm, fused.alpha, 0.0F);
#else
    post.append_eltwise(1.0F, fused.algorithm, fused.alpha, 0.0F);
#endif
    attr.set_post_ops(post);
  }
  return attr;
}

/// A convolution's numbers, as oneDNN wants them.
struct ConvGeometry {
  Dims stride, dilation, pad_low, pad_high;
};

inline dnnl::convolution_forward::primitive_desc conv_forward(const memory::desc& src, const memory::desc& weights,
                                                              const memory::desc* bias, const memory::desc& dst,
                                                              const ConvGeometry& g, const Eltwise& fused) {
  using P = dnnl::convolution_forward;
  constexpr auto kind = dnnl::prop_kind::forward_training;
  constexpr auto direct = dnnl::algorithm::convolution_direct;
  if (bias) {
    return FANIN_PRIMITIVE_DESC(P, attributes(fused), kind, direct, src, weights, *bias, dst, g.stride, g.dilation,
                                g.pad_low, g.pad_high);
  }
  return FANIN_PRIMITIVE_DESC(P, attributes(fused), kind, direct, src, weights, dst, g.stride, g.dilation, g.pad_low,
                              g.pad_high);
}

inline dnnl::convolution_backward_data::primitive_desc conv_backward_data(
    const memory::desc& diff_src, const memory::desc& weights, const memory::desc& diff_dst, const ConvGeometry& g,
    const dnnl::convolution_forward::primitive_desc& forward) {
  using P = dnnl::convolution_backward_data;
  return FANIN_PRIMITIVE_DESC_HINT(P, attributes(), forward, dnnl::algorithm::convolution_direct, diff_src, weights,
                                   diff_dst, g.stride, g.dilation, g.pad_low, g.pad_high);
}

inline dnnl::convolution_backward_weights::primitive_desc conv_backward_weights(
    const memory::desc& src, const memory::desc& diff_weights, const memory::desc* diff_bias,
    const memory::desc& diff_dst, const ConvGeometry& g, const dnnl::convolution_forward::primitive_desc& forward) {
  using P = dnnl::convolution_backward_weights;
  constexpr auto direct = dnnl::algorithm::convolution_direct;
  if (diff_bias) {
    return FANIN_PRIMITIVE_DESC_HINT(P, attributes(), forward, direct, src, diff_weights, *diff_bias, diff_dst,
                                     g.stride, g.dilation, g.pad_low, g.pad_high);
  }
  return FANIN_PRIMITIVE_DESC_HINT(P, attributes(), forward, direct, src, diff_weights, diff_dst, g.stride, g.dilation,
                                   g.pad_low, g.pad_high);
}

inline dnnl::inner_product_forward::primitive_desc linear_forward(const memory::desc& src, const memory::desc& weights,
                                                                  const memory::desc* bias, const memory::desc& dst,
                                                                  const Eltwise& fused) {
  using P = dnnl::inner_product_forward;
  constexpr auto kind = dnnl::prop_kind::forward_training;
  if (bias) return FANIN_PRIMITIVE_DESC(P, attributes(fused), kind, src, weights, *bias, dst);
  return FANIN_PRIMITIVE_DESC(P, attributes(fused), kind, src, weights, dst);
}

inline dnnl::inner_product_backward_data::primitive_desc linear_backward_data(
    const memory::desc& diff_src, const memory::desc& weights, const memory::desc& diff_dst,
    const dnnl::inner_product_forward::primitive_desc& forward) {
  using P = dnnl::inner_product_backward_data;
  return FANIN_PRIMITIVE_DESC_HINT(P, attributes(), forward, diff_src, weights, diff_dst);
}

inline dnnl::inner_product_backward_weights::primitive_desc linear_backward_weights(
    const memory::desc& src, const memory::desc& diff_weights, const memory::desc* diff_bias,
    const memory::desc& diff_dst, const dnnl::inner_product_forward::primitive_desc& forward) {
  using P = dnnl::inner_product_backward_weights;
  if (diff_bias) {
    return FANIN_PRIMITIVE_DESC_HINT(P, attributes(), forward, src, diff_weights, *diff_bias, diff_dst);
  }
  return FANIN_PRIMITIVE_DESC_HINT(P, attributes(), forward, src, diff_weights, diff_dst);
}

inline dnnl::eltwise_forward::primitive_desc eltwise_forward(const memory::desc& data, const Eltwise& eltwise) {
  using P = dnnl::eltwise_forward;
  constexpr auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  return FANIN_PRIMITIVE_DESC(P, attributes(), kind, eltwise.algorithm, data, data, eltwise.alpha, 0.0F);
#else
  return FANIN_PRIMITIVE_DESC(P, attributes(), kind, eltwise.algorithm, data, eltwise.alpha, 0.0F);
#endif
}

/// `eltwise` decides whether the derivative is taken from the source or from the result (algorithm *_use_dst_for_bwd).
inline dnnl::eltwise_backward::primitive_desc eltwise_backward(const memory::desc& data, const Eltwise& eltwise,
                                                               const dnnl::eltwise_forward::primitive_desc& forward) {
  using P = dnnl::eltwise_backward;
#if DNNL_VERSION_MAJOR >= 3
  return FANIN_PRIMITIVE_DESC_HINT(P, attributes(), forward, eltwise.algorithm, data, data, data, eltwise.alpha, 0.0F);
#else
  return FANIN_PRIMITIVE_DESC_HINT(P, attributes(), forward, eltwise.algorithm, data, data, eltwise.alpha, 0.0F);
#endif
}

}  // namespace fanin::engine
