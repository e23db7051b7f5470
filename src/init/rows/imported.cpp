// Rows of schemes that read a file: another network's weights, or a policy.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fanin/base/error.h"
#include "init/rows/rows.h"

namespace fanin::init::rows {
namespace {

constexpr std::string_view file_summary = "safetensors file of the other network's weights";
constexpr std::string_view map_summary =
    "TARGET:SOURCE+... where layers have other names in the file; one '*' on both sides stands for the same text; "
    "TARGET:new for a layer that the file does not have";
constexpr std::string_view base_summary =
    "the scheme of what the file does not give, with at most one option, as in normal:std=0.01";

constexpr OptionInfo file_row = {"file", OptionKind::text, "", 0, 0, "", file_summary};
constexpr OptionInfo map_row = {"map", OptionKind::text, "", 0, 0, "", map_summary};
constexpr OptionInfo base_row = {"base", OptionKind::text, "he_normal", 0, 0, "", base_summary};

constexpr auto selection_options = std::to_array<OptionInfo>({
    file_row,
    map_row,
    {"head", OptionKind::choice, "base", 0, 0, "base|select", "what the last layer gets"},
    base_row,
});

constexpr auto adapted_options = std::to_array<OptionInfo>({
    file_row,
    map_row,
    {"channels", OptionKind::choice, "repeat", 0, 0, "repeat|mean|sum|zero|refuse",
     "how the first layer's kernels are made to read another number of channels"},
    {"kernel", OptionKind::choice, "area", 0, 0, "area|bilinear|refuse", "how kernels of another size are resampled"},
    {"head", OptionKind::choice, "auto", 0, 0, "auto|base|copy",
     "auto: the last layer is copied where it has the same classes, else by base"},
    {"missing", OptionKind::choice, "refuse", 0, 0, "refuse|base", "what parameters get that the file does not have"},
    base_row,
});

constexpr auto covariance_options = std::to_array<OptionInfo>({
    file_row,
    map_row,
    {"filters", OptionKind::choice, "layer", 0, 0, "layer|all",
     "whose filters are measured: those of the layer of the same name, or those of all layers together"},
    {"scale", OptionKind::choice, "measured", 0, 0, "measured|he",
     "he: the covariance scaled to He's variance for fan_in and activation"},
    base_row,
});

constexpr auto wider_options = std::to_array<OptionInfo>({
    file_row,
    map_row,
    {"noise", OptionKind::number, "0.001", 0, 1, "",
     "standard deviation added to the copies, in units of the tensor's own; 0: the function is kept to rounding"},
});

constexpr auto deeper_options = std::to_array<OptionInfo>({file_row, map_row, base_row});

constexpr auto policy_options = std::to_array<OptionInfo>({
    {"file", OptionKind::text, "", 0, 0, "", "text file of lines '[role:ROLE] [PATTERN] SCHEME'"},
});

constexpr auto table = std::to_array<SchemeInfo>({
    {"policy", "", "A text file says which scheme each parameter gets, by patterns on names and by roles.",
     "a line: [role:ROLE] [PATTERN] SCHEME, as in 'role:norm_scale layer*.bn2.* zeros'; '*' in a pattern stands for "
     "any "
     "characters, '?' for one, '#' starts a comment. The first line that matches decides. A pattern that ends in '*', "
     "without a role, speaks of weights, and of other parameters where its scheme has a rule for them; a weight that "
     "no "
     "line matches is an error, other parameters keep their usual start. Roles: weight, bias, norm_scale, norm_shift, "
     "residual_scale, running_mean, running_var, slope",
     "none; docs/policies.md shows examples",
     "To give layers schemes of their own, and to write a framework's rules down.",
     "Schemes that need a batch cannot stand in it. '* S' alone is the scheme S.", policy_options, Needs::graph,
     "Policy.OfOneOpenLineIsTheBareScheme"},
    {"weight_selection", "", "Evenly spaced rows, columns and taps of a larger trained network's weights.",
     "in each dimension, n there and m here: the indices j n/m where m divides n, else j (n - 1)/(m - 1) rounded, ties "
     "to even; norms and biases alike; the last layer by base",
     "Xu, Chen, Vishniac, Kang, Yin & Liu, Initializing models with larger ones, ICLR 2024, section 3",
     "When a trained network of the same family, but wider or deeper, is at hand.",
     "At equal total compute: the larger network had to be trained. Behind a flattening it takes positions for "
     "channels.",
     selection_options, Needs::graph, "WeightSelection.TakesTheIndicesOfThePaper"},
    {"from_weights", "",
     "Another network's weights: what fits is copied, the first layer's channels and kernel sizes are adapted.",
     "first layer, n channels there, m here: repeat: W'[j] = W[j mod n] / copies of it (m < n: sum of W[i], i mod m = "
     "j); mean: W'[j] = sum W / m; both keep the response to an image whose channels agree (3 to 1: the sum; 1 to 3: a "
     "third each); sum: W'[j] = sum W, for images whose channels add up to the old one; zero: the further channels "
     "start at 0. Kernels: area (taps cut by overlap) or bilinear, with the sum of every kernel kept, and so "
     "the response to a constant image",
     "channels: Carreira & Zisserman, Quo vadis, action recognition?, CVPR 2017, section 2.4, whose inflation is in "
     "time; for 3 channels to 1 and to multiples of 3 as timm",
     "Fine-tuning on images of other channels, other classes or with other kernels.",
     "Where inner layers have other widths: take weight_selection or net2wider.", adapted_options, Needs::graph,
     "FromWeights.KeepsTheResponseToEqualChannels"},
    {"filter_covariance", "", "Spatial filters drawn with the covariance measured on a trained network's filters.",
     "each filter w[o, c] ~ N(0, C), C the covariance of the trained filters (about their mean), resampled by area "
     "where kernels differ; layers of one tap and linear layers by base",
     "Trockman, Willmott & Kolter, Understanding the covariance structure of convolutional filters, ICLR 2023, section "
     "3 (measured covariances; its closed form is not used)",
     "For depthwise convolutions of 7x7 and more: the covariance of a small trained network serves a large one.",
     "With fewer trained filters than taps C has no full rank. In dense layers of other widths take scale=he.",
     covariance_options, Needs::shape, "FilterCovariance.DrawsWithTheMeasuredCovariance"},
    {"net2wider", "",
     "A wider network that computes what a trained one does: units are copied, their outgoing weights shared out.",
     "unit j of a layer copies unit g(j): g(j) = j for the old ones, drawn for the others; W'[o, i] = W[g(o), g(i)] / "
     "copies of g(i); norms and their statistics copied; noise on the copies' incoming weights",
     "Chen, Goodfellow & Shlens, Net2Net: accelerating learning via knowledge transfer, ICLR 2016, section 2.2",
     "To go on from a trained network with more capacity.",
     "Layers must have the same names, kernels and order in both. Without noise copies stay equal for ever.",
     wider_options, Needs::graph, "Net2Wider.KeepsTheFunction"},
    {"net2deeper", "",
     "A deeper network that computes what a trained one does: the further layers start as identities.",
     "layers that the file does not have: W = dirac, their norm gives back its input; new residual branches end in 0; "
     "all others are copied",
     "Chen, Goodfellow & Shlens, Net2Net: accelerating learning via knowledge transfer, ICLR 2016, section 2.3",
     "To go on from a trained network with more depth.",
     "Refused where an activation follows that is not idempotent (all but ReLU), or a new layer changes the shape.",
     deeper_options, Needs::graph, "Net2Deeper.KeepsTheFunction"},
});

std::string require_file(const std::string& file, std::string_view scheme) {
  if (file.empty()) throw Error(fmt::format("scheme '{0}' needs a file; expected {0}:file=PATH", scheme));
  return file;
}

}  // namespace

std::span<const SchemeInfo> imported() {
  return table;
}

bool reads_file(std::string_view scheme) {
  return std::ranges::find(table, scheme, &SchemeInfo::name) != table.end();
}

std::string file_option(const Options& options, std::string_view scheme) {
  return require_file(options.text("file"), scheme);
}

std::string file_option(const Spec& scheme) {
  const auto found = std::ranges::find(scheme.options, "file", &std::pair<std::string, std::string>::first);
  return require_file(found == scheme.options.end() ? "" : found->second, find_scheme(scheme.name).name);
}

}  // namespace fanin::init::rows
