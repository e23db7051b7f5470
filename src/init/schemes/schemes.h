// The functions behind the table's rows, one file a family.
#pragma once
#include <span>

#include "init/fill.h"

namespace fanin::init::schemes {

// constant.cpp
Applied zeros(const WeightContext& context, const Options& options, std::span<float> out);
Applied constant(const WeightContext& context, const Options& options, std::span<float> out);

// fixed_scale.cpp
Applied normal(const WeightContext& context, const Options& options, std::span<float> out);
Applied uniform(const WeightContext& context, const Options& options, std::span<float> out);
Applied truncated_normal(const WeightContext& context, const Options& options, std::span<float> out);

// fan_scaled.cpp
Applied xavier_normal(const WeightContext& context, const Options& options, std::span<float> out);
Applied xavier_uniform(const WeightContext& context, const Options& options, std::span<float> out);
Applied he_normal(const WeightContext& context, const Options& options, std::span<float> out);
Applied he_uniform(const WeightContext& context, const Options& options, std::span<float> out);
Applied lecun_normal(const WeightContext& context, const Options& options, std::span<float> out);
Applied lecun_uniform(const WeightContext& context, const Options& options, std::span<float> out);
Applied variance_scaling(const WeightContext& context, const Options& options, std::span<float> out);

// orthogonal.cpp
Applied orthogonal(const WeightContext& context, const Options& options, std::span<float> out);
Applied delta_orthogonal(const WeightContext& context, const Options& options, std::span<float> out);
Applied conv_orthogonal(const WeightContext& context, const Options& options, std::span<float> out);

// dirac.cpp
Applied dirac(const WeightContext& context, const Options& options, std::span<float> out);

// patterns.cpp
Applied zero_init(const WeightContext& context, const Options& options, std::span<float> out);
Applied idinit(const WeightContext& context, const Options& options, std::span<float> out);
Applied sinusoidal(const WeightContext& context, const Options& options, std::span<float> out);
Applied tanh_fixed_point(const WeightContext& context, const Options& options, std::span<float> out);
Applied bilinear(const WeightContext& context, const Options& options, std::span<float> out);

// filters.cpp
Applied sparse(const WeightContext& context, const Options& options, std::span<float> out);
Applied gabor(const WeightContext& context, const Options& options, std::span<float> out);
Applied conv_aware(const WeightContext& context, const Options& options, std::span<float> out);
Applied looks_linear(const WeightContext& context, const Options& options, std::span<float> out);

// residual.cpp
Applied fixup(const WeightContext& context, const Options& options, std::span<float> out);
bool fixup_others(const WeightContext& context, const Options& options, std::span<float> out);
Applied skipinit(const WeightContext& context, const Options& options, std::span<float> out);
bool skipinit_others(const WeightContext& context, const Options& options, std::span<float> out);
Applied zero_gamma(const WeightContext& context, const Options& options, std::span<float> out);
bool zero_gamma_others(const WeightContext& context, const Options& options, std::span<float> out);
Applied scaled_residual(const WeightContext& context, const Options& options, std::span<float> out);

// critical.cpp
Applied edge_of_chaos(const WeightContext& context, const Options& options, std::span<float> out);
bool edge_of_chaos_others(const WeightContext& context, const Options& options, std::span<float> out);
Applied autoinit(const WeightContext& context, const Options& options, std::span<float> out);
Applied random_walk(const WeightContext& context, const Options& options, std::span<float> out);

// textbook.cpp
Applied textbook_random(const WeightContext& context, const Options& options, std::span<float> out);
Applied textbook_xavier(const WeightContext& context, const Options& options, std::span<float> out);

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
