// Rows of schemes that run the network, on a batch of images or through its gradients. Their functions are in
// src/adapt/; src/adapt/initialize.cpp maps the names.
#include <array>

#include "init/rows/rows.h"

namespace fanin::init::rows {
namespace {

constexpr std::string_view base_summary =
    "the scheme whose weights are changed, any of the table, as in he_normal or "
    "he_normal:mode=fan_out (one option of its own at most)";

constexpr auto lsuv_options = std::to_array<OptionInfo>({
    {"base", OptionKind::text, "orthogonal", 0, 0, "", base_summary},
    {"target", OptionKind::number, "1", 1e-6, 1e6, "", "the variance of each layer's output"},
    {"tol", OptionKind::number, "0.001", 1e-6, 1, "", "the relative deviation from the target that is let pass"},
    {"scope", OptionKind::choice, "tensor", 0, 0, "tensor|channel",
     "what is measured and scaled as one: all channels of a layer, or each by itself"},
    {"branches", OptionKind::choice, "shared", 0, 0, "shared|each",
     "the last layer of each of B residual branches gets target / B, or the target like every layer"},
    {"iterations", OptionKind::integer, "10", 1, 100, "", "most rounds a layer"},
    {"batch", OptionKind::integer, "128", 2, 65536, "", "images that are measured"},
});

constexpr auto table = std::to_array<SchemeInfo>({
    {"lsuv", "layer_sequential_unit_variance",
     "Orthogonal weights, then each layer in turn scaled until its output has variance 1 on a batch of images.",
     "for each weight layer in topological order: W, b <- W, b sqrt(target / Var(z)), z the layer's output before the "
     "activation, over the batch, all channels and positions",
     "Mishkin & Matas, All you need is a good init, ICLR 2016, algorithm 1",
     "For plain networks of any activation, pooling and padding, where the formulas' assumptions fail. Costs one "
     "forward pass of the batch for each layer.",
     "Behind normalization: a layer that feeds one is left as it is, since the scale is undone. Nothing is said about "
     "the gradient. Inputs should have variance near 1. A layer that gives a constant is refused.",
     lsuv_options, Needs::batch, "Lsuv.GivesEveryLayerUnitVariance"},
});

}  // namespace

std::span<const SchemeInfo> measured() {
  return table;
}

}  // namespace fanin::init::rows
