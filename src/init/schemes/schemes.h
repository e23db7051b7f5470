// The functions behind the table's rows, one file a family; T is float or double.
#pragma once
#include <optional>
#include <span>

#include "init/fill.h"

namespace fanin::init::schemes {

// constant.cpp
std::optional<Planned> zeros(const WeightContext& context, const Options& options);
std::optional<Planned> constant(const WeightContext& context, const Options& options);

// fixed_scale.cpp
std::optional<Planned> normal(const WeightContext& context, const Options& options);
std::optional<Planned> uniform(const WeightContext& context, const Options& options);
std::optional<Planned> truncated_normal(const WeightContext& context, const Options& options);

// fan_scaled.cpp
std::optional<Planned> xavier_normal(const WeightContext& context, const Options& options);
std::optional<Planned> xavier_uniform(const WeightContext& context, const Options& options);
std::optional<Planned> he_normal(const WeightContext& context, const Options& options);
std::optional<Planned> he_uniform(const WeightContext& context, const Options& options);
std::optional<Planned> lecun_normal(const WeightContext& context, const Options& options);
std::optional<Planned> lecun_uniform(const WeightContext& context, const Options& options);
std::optional<Planned> variance_scaling(const WeightContext& context, const Options& options);

// orthogonal.cpp
template <class T>
Applied orthogonal(const WeightContext& context, const Options& options, std::span<T> out);
template <class T>
Applied delta_orthogonal(const WeightContext& context, const Options& options, std::span<T> out);
template <class T>
Applied conv_orthogonal(const WeightContext& context, const Options& options, std::span<T> out);

// dirac.cpp
template <class T>
Applied dirac(const WeightContext& context, const Options& options, std::span<T> out);

// branch_scales.cpp
std::optional<Planned> rezero(const WeightContext& context, const Options& options);
std::optional<Law> rezero_others(const WeightContext& context, const Options& options);
std::optional<Planned> layerscale(const WeightContext& context, const Options& options);
std::optional<Law> layerscale_others(const WeightContext& context, const Options& options);

// mup.cpp
std::optional<Planned> mup(const WeightContext& context, const Options& options);

// tat.cpp
template <class T>
Applied tat(const WeightContext& context, const Options& options, std::span<T> out);

// depthwise.cpp
template <class T>
Applied random_impulse(const WeightContext& context, const Options& options, std::span<T> out);
template <class T>
Applied mimetic(const WeightContext& context, const Options& options, std::span<T> out);

// sparse_orthogonal.cpp
template <class T>
Applied sparse_orthogonal(const WeightContext& context, const Options& options, std::span<T> out);

// signed_constant.cpp
std::optional<Planned> signed_constant(const WeightContext& context, const Options& options);

// patterns.cpp
template <class T>
Applied zero_init(const WeightContext& context, const Options& options, std::span<T> out);
template <class T>
Applied idinit(const WeightContext& context, const Options& options, std::span<T> out);
template <class T>
Applied sinusoidal(const WeightContext& context, const Options& options, std::span<T> out);
template <class T>
Applied tanh_fixed_point(const WeightContext& context, const Options& options, std::span<T> out);
std::optional<Planned> bilinear_law(const WeightContext& context, const Options& options);
template <class T>
Applied bilinear(const WeightContext& context, const Options& options, std::span<T> out);

// filters.cpp
template <class T>
Applied sparse(const WeightContext& context, const Options& options, std::span<T> out);
std::optional<Planned> gabor_law(const WeightContext& context, const Options& options);
template <class T>
Applied gabor(const WeightContext& context, const Options& options, std::span<T> out);
template <class T>
Applied conv_aware(const WeightContext& context, const Options& options, std::span<T> out);
template <class T>
Applied looks_linear(const WeightContext& context, const Options& options, std::span<T> out);

// residual.cpp
std::optional<Planned> fixup(const WeightContext& context, const Options& options);
std::optional<Law> fixup_others(const WeightContext& context, const Options& options);
std::optional<Planned> skipinit(const WeightContext& context, const Options& options);
std::optional<Law> skipinit_others(const WeightContext& context, const Options& options);
std::optional<Planned> zero_gamma(const WeightContext& context, const Options& options);
std::optional<Law> zero_gamma_others(const WeightContext& context, const Options& options);
std::optional<Planned> scaled_residual(const WeightContext& context, const Options& options);

// critical.cpp
std::optional<Planned> edge_of_chaos_law(const WeightContext& context, const Options& options);
template <class T>
Applied edge_of_chaos(const WeightContext& context, const Options& options, std::span<T> out);
std::optional<Law> edge_of_chaos_others(const WeightContext& context, const Options& options);
std::optional<Planned> autoinit(const WeightContext& context, const Options& options);
std::optional<Planned> random_walk(const WeightContext& context, const Options& options);

// textbook.cpp
std::optional<Planned> textbook_random(const WeightContext& context, const Options& options);
std::optional<Planned> textbook_xavier(const WeightContext& context, const Options& options);

// imported.cpp
Applied policy(const WeightContext& context, const Options& options, std::span<float> out);
Applied net2wider(const WeightContext& context, const Options& options, std::span<float> out);
Applied net2deeper(const WeightContext& context, const Options& options, std::span<float> out);

// selection.cpp
Applied weight_selection(const WeightContext& context, const Options& options, std::span<float> out);
bool weight_selection_others(const WeightContext& context, const Options& options, std::span<float> out);

// adapted.cpp
Applied from_weights(const WeightContext& context, const Options& options, std::span<float> out);
bool from_weights_others(const WeightContext& context, const Options& options, std::span<float> out);

// covariance.cpp
Applied filter_covariance(const WeightContext& context, const Options& options, std::span<float> out);

}  // namespace fanin::init::schemes
