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

// orthogonal.cpp
Applied orthogonal(const WeightContext& context, const Options& options, std::span<float> out);

// dirac.cpp
Applied dirac(const WeightContext& context, const Options& options, std::span<float> out);

// textbook.cpp
Applied textbook_random(const WeightContext& context, const Options& options, std::span<float> out);
Applied textbook_xavier(const WeightContext& context, const Options& options, std::span<float> out);

}  // namespace fanin::init::schemes
