// From a scheme's name to its function, and the checks that schemes share.
#include "init/fill.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fanin/base/error.h"
#include "init/schemes/presets.h"
#include "init/schemes/schemes.h"

namespace fanin::init {
namespace {

// A structured scheme is given twice: its function for float and the one for double.
constexpr auto functions = std::to_array<SchemeEntry>({
    {"zeros", schemes::zeros},
    {"constant", schemes::constant},
    {"normal", schemes::normal},
    {"uniform", schemes::uniform},
    {"truncated_normal", schemes::truncated_normal},
    {"xavier_normal", schemes::xavier_normal},
    {"xavier_uniform", schemes::xavier_uniform},
    {"he_normal", schemes::he_normal},
    {"he_uniform", schemes::he_uniform},
    {"lecun_normal", schemes::lecun_normal},
    {"lecun_uniform", schemes::lecun_uniform},
    {"variance_scaling", schemes::variance_scaling},
    {"orthogonal", schemes::orthogonal, schemes::orthogonal, Draws::any_stream},
    {"delta_orthogonal", schemes::delta_orthogonal, schemes::delta_orthogonal},
    {"conv_orthogonal", schemes::conv_orthogonal, schemes::conv_orthogonal},
    {"dirac", schemes::dirac, schemes::dirac, Draws::any_stream},
    {"bilinear", schemes::bilinear_law, schemes::bilinear, schemes::bilinear, Draws::any_stream},
    {"sparse", schemes::sparse, schemes::sparse},
    {"gabor", schemes::gabor_law, schemes::gabor, schemes::gabor},
    {"conv_aware", schemes::conv_aware, schemes::conv_aware},
    {"sinusoidal", schemes::sinusoidal, schemes::sinusoidal, Draws::any_stream},
    {"tanh_fixed_point", schemes::tanh_fixed_point, schemes::tanh_fixed_point},
    {"random_walk", schemes::random_walk},
    {"looks_linear", schemes::looks_linear, schemes::looks_linear},
    {"edge_of_chaos", schemes::edge_of_chaos_law, schemes::edge_of_chaos, schemes::edge_of_chaos,
     schemes::edge_of_chaos_others},
    {"autoinit", schemes::autoinit},
    {"zero_init", schemes::zero_init, schemes::zero_init, Draws::any_stream},
    {"idinit", schemes::idinit, schemes::idinit},
    {"zero_gamma", schemes::zero_gamma, schemes::zero_gamma_others},
    {"scaled_residual", schemes::scaled_residual},
    {"fixup", schemes::fixup, schemes::fixup_others},
    {"skipinit", schemes::skipinit, schemes::skipinit_others},
    {"textbook_random", schemes::textbook_random},
    {"textbook_xavier", schemes::textbook_xavier},
    {"rezero", schemes::rezero, schemes::rezero_others},
    {"layerscale", schemes::layerscale, schemes::layerscale_others},
    {"mup", schemes::mup},
    {"tat", schemes::tat, schemes::tat},
    {"random_impulse", schemes::random_impulse, schemes::random_impulse},
    {"mimetic", schemes::mimetic, schemes::mimetic},
    {"sparse_orthogonal", schemes::sparse_orthogonal, schemes::sparse_orthogonal},
    {"signed_constant", schemes::signed_constant},
    schemes::preset_entry<"pytorch-default">(),
    schemes::preset_entry<"keras-default">(),
    schemes::preset_entry<"flax-default">(),
    schemes::preset_entry<"caffe-xavier">(),
    schemes::preset_entry<"caffe-msra">(),
    schemes::preset_entry<"darknet-default">(),
    schemes::preset_entry<"torchvision-resnet">(),
    schemes::preset_entry<"torchvision-vgg">(),
    schemes::preset_entry<"torchvision-densenet">(),
    schemes::preset_entry<"torchvision-mobilenet">(),
    schemes::preset_entry<"torchvision-efficientnet">(),
    schemes::preset_entry<"torchvision-convnext">(),
    schemes::preset_entry<"timm-resnet">(),
    schemes::preset_entry<"timm-efficientnet">(),
    {"policy", schemes::policy},
    {"weight_selection", schemes::weight_selection, schemes::weight_selection_others},
    {"from_weights", schemes::from_weights, schemes::from_weights_others},
    {"filter_covariance", schemes::filter_covariance},
    {"net2wider", schemes::net2wider},
    {"net2deeper", schemes::net2deeper},
});

}  // namespace

std::span<const SchemeEntry> scheme_functions() {
  return functions;
}

const SchemeEntry* find_entry(std::string_view name) {
  const auto found = std::ranges::find(functions, name, &SchemeEntry::name);
  return found == functions.end() ? nullptr : &*found;
}

MatrixShape require_matrix(const WeightContext& context, std::string_view scheme) {
  if (context.role != model::Role::weight || context.shape.size() < 2)
    throw Error(
        fmt::format("scheme '{}' needs a convolution or linear weight of two or more dimensions; '{}' is a {} of "
                    "shape {}",
                    scheme, context.name, model::role_name(context.role), to_string(context.shape)));
  const std::int64_t rows = context.shape[0];
  if (context.groups < 1 || rows % context.groups != 0)
    throw Error(fmt::format("scheme '{}' needs output channels that the groups divide; '{}' of shape {} has {} groups",
                            scheme, context.name, to_string(context.shape), context.groups));
  return {rows, element_count(context.shape) / rows};
}

std::int64_t centre_tap(const Shape& shape) {
  std::int64_t centre = 0;
  for (std::size_t axis = 2; axis < shape.size(); ++axis) centre = centre * shape[axis] + (shape[axis] - 1) / 2;
  return centre;
}

double gain_for(const WeightContext& context, FanMode mode) {
  return mode == FanMode::out ? backward_gain(context.activation) : forward_gain(context.activation);
}

double gain_option(const WeightContext& context, const Options& options, std::string_view scheme, FanMode mode) {
  const std::string& text = options.text("gain");
  if (text == "auto") return gain_for(context, mode);
  const std::string what = fmt::format("option 'gain' of scheme '{}'", scheme);
  double gain = 0;
  try {
    gain = parse_number(text, what);
  } catch (const Error&) {
    throw Error(fmt::format("{} is '{}'; expected auto or a number above 0, at most 1e30", what, text));
  }
  if (gain <= 0 || gain > 1e30)
    throw Error(fmt::format("{} is '{}'; expected auto or a number above 0, at most 1e30", what, text));
  return gain;
}

}  // namespace fanin::init
