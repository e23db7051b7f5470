// THE table of schemes: names, options, documentation. src/init/fill.cpp maps each row's name to its function.
//
// To add a scheme: a row here, a function in src/init/schemes/, a line in fill.cpp; the tests run over the table.
#include <array>
#include <sstream>
#include <string>
#include <vector>

#include "fanin/base/error.h"
#include "fanin/base/nearest.h"
#include "fanin/init/aliases.h"
#include "fanin/init/schemes.h"
#include "init/fill.h"
#include "init/rows/rows.h"

namespace fanin::init {
namespace {

using rows::gain_summary;
using rows::limit;

constexpr auto constant_options = std::to_array<OptionInfo>({
    {"value", OptionKind::number, "0", -limit, limit, "", "every weight's value"},
});

constexpr auto normal_options = std::to_array<OptionInfo>({
    {"mean", OptionKind::number, "0", -limit, limit, "", "mean"},
    {"std", OptionKind::number, "0.01", 0, limit, "", "standard deviation"},
});

constexpr auto uniform_options = std::to_array<OptionInfo>({
    {"low", OptionKind::number, "-0.05", -limit, limit, "", "lower bound, included"},
    {"high", OptionKind::number, "0.05", -limit, limit, "", "upper bound, excluded"},
});

constexpr auto truncated_normal_options = std::to_array<OptionInfo>({
    {"mean", OptionKind::number, "0", -limit, limit, "", "mean before truncation"},
    {"std", OptionKind::number, "0.01", 0, limit, "", "standard deviation before truncation"},
    {"low", OptionKind::number, "-2", -limit, limit, "", "lower bound"},
    {"high", OptionKind::number, "2", -limit, limit, "", "upper bound"},
    {"bounds", OptionKind::choice, "sigma", 0, 0, "sigma|absolute",
     "sigma: bounds in standard deviations from the mean, at most 10 (Keras, JAX); absolute: weights (PyTorch's "
     "trunc_normal_)"},
});

constexpr auto unit_gain_options = std::to_array<OptionInfo>({
    {"gain", OptionKind::text, "1", 0, 0, "", gain_summary},
    rows::padding_option,
    rows::pooling_option,
});

constexpr auto he_options = std::to_array<OptionInfo>({
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out|fan_avg", rows::mode_summary},
    {"gain", OptionKind::text, "auto", 0, 0, "", gain_summary},
    rows::padding_option,
    rows::pooling_option,
});

constexpr auto orthogonal_options = std::to_array<OptionInfo>({
    {"gain", OptionKind::text, "auto", 0, 0, "",
     "every singular value: a number above 0, or auto for the gain of the "
     "activation that follows"},
    {"keep", OptionKind::choice, "norm", 0, 0, "norm|scale",
     "norm: the singular values are the gain; scale: times sqrt(O / fan_in) where outputs outnumber fan_in, so that "
     "each output keeps its scale"},
    rows::padding_option,
    rows::pooling_option,
});

constexpr std::string_view textbook_source = "introductory articles; no paper";

constexpr auto table = std::to_array<SchemeInfo>({
    {"zeros",
     "",
     "Every weight 0.",
     "W = 0",
     "none; the control that must fail",
     "As the control of a comparison, and for the last layer of a residual branch.",
     "For a whole network: all units of a layer stay equal, and with two or more weight layers no gradient passes.",
     {},
     Needs::shape,
     "Constants.AreConstant"},
    {"constant", "", "Every weight the same value.", "W = value", "none; the control that shows symmetry",
     "To see symmetry at work: all units of a layer compute and learn the same.",
     "For training: a layer keeps the capacity of one unit.", constant_options, Needs::shape, "Constants.AreConstant"},
    {"normal", "gaussian", "Normal with a scale of your own, the same for every layer.", "W ~ N(mean, std^2)",
     "Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS 2012, "
     "section 5 (std 0.01)",
     "For shallow networks, networks with normalization, and to reproduce older work.",
     "For deep plain networks: a ReLU layer scales its signal by std sqrt(fan_in / 2), which is right for one fan "
     "only.",
     normal_options, Needs::shape, "Distributions.AreThoseOfTheFormula"},
    {"uniform", "random_uniform", "Uniform with bounds of your own, the same for every layer.",
     "W ~ U[low, high), variance (high - low)^2 / 12", "none; these bounds are the default of Keras' RandomUniform",
     "To reproduce older work.", "For deep plain networks: the scale ignores the layer's fans.", uniform_options,
     Needs::shape, "Distributions.AreThoseOfTheFormula"},
    {"truncated_normal", "trunc_normal",
     "Normal cut off at bounds in standard deviations, exactly: nothing piles up at the bounds.",
     "W ~ N(mean, std^2) given mean + low std <= W <= mean + high std; at +-2 the final standard deviation is 0.8796 "
     "std",
     "none; vision transformers are drawn so (timm, std 0.02), and the truncated laws of Keras and JAX",
     "To reproduce networks that were published with it; rare large weights do not occur.",
     "Where the standard deviation matters: it comes out smaller than std (the report shows the target).",
     truncated_normal_options, Needs::shape, "TruncatedNormal.IsCutInStandardDeviations"},
    {"xavier_normal", "glorot_normal", "Normal, scaled by the mean of fan_in and fan_out.",
     "W ~ N(0, gain^2 2 / (fan_in + fan_out))",
     "Glorot & Bengio, Understanding the difficulty of training deep "
     "feedforward neural networks, AISTATS 2010, equation 12",
     "For tanh and linear layers: a compromise between the forward and the backward variance.",
     "For deep ReLU networks without normalization: the second moment halves in each layer; take he_normal.",
     unit_gain_options, Needs::shape, "FiftyLayers.KeepTheSignalUnderTheMatchingScheme"},
    {"xavier_uniform", "glorot_uniform mxnet_xavier", "Uniform, scaled by the mean of fan_in and fan_out.",
     "W ~ U[-a, a), a = gain sqrt(6 / (fan_in + fan_out))",
     "Glorot & Bengio, Understanding the difficulty of training "
     "deep feedforward neural networks, AISTATS 2010, equation 16",
     "For tanh and linear layers; the default of Keras.",
     "For deep ReLU networks without normalization: the second moment halves in each layer; take he_uniform.",
     unit_gain_options, Needs::shape, "Distributions.AreThoseOfTheFormula"},
    {"he_normal", "kaiming_normal", "Normal, scaled by one fan and the gain of the activation that follows.",
     "W ~ N(0, gain^2 / n), n = fan_in | fan_out | (fan_in + fan_out) / 2; gain sqrt 2 for ReLU, "
     "sqrt(2 / (1 + a^2)) for leaky ReLU of slope a, 1 / sqrt(E f(z)^2) for any other f (1 / sqrt(E f'(z)^2) with "
     "fan_out)",
     "He, Zhang, Ren & Sun, Delving deep into rectifiers, ICCV 2015, equations 10 (fan_in), 14 (fan_out), 15 (slope)",
     "For ReLU and its relatives, above all without normalization: the second moment stays the same through any depth.",
     "For residual networks without normalization (each branch adds its variance: the sum doubles in each block).",
     he_options, Needs::shape, "FiftyLayers.KeepTheSignalUnderTheMatchingScheme"},
    {"he_uniform", "kaiming_uniform", "Uniform, scaled by one fan and the gain of the activation that follows.",
     "W ~ U[-a, a), a = gain sqrt(3 / n), n = fan_in | fan_out | (fan_in + fan_out) / 2; gain as he_normal",
     "He, Zhang, Ren & Sun, Delving deep into rectifiers, ICCV 2015, equations 10 (fan_in), 14 (fan_out), 15 (slope)",
     "As he_normal, with bounded weights.",
     "As he_normal. PyTorch's layer default is not this: it has variance 1 / (3 fan_in), a sixth of He's.", he_options,
     Needs::shape, "FiftyLayers.KeepTheSignalUnderTheMatchingScheme"},
    {"lecun_normal", "", "Normal with variance 1 / fan_in.", "W ~ N(0, gain^2 / fan_in)",
     "LeCun, Bottou, Orr & Mueller, Efficient BackProp, 1998, equation 16",
     "For linear, tanh and self-normalizing (SELU) networks.",
     "For deep ReLU networks without normalization: the second moment halves in each layer.", unit_gain_options,
     Needs::shape, "Distributions.AreThoseOfTheFormula"},
    {"lecun_uniform", "", "Uniform with variance 1 / fan_in.", "W ~ U[-a, a), a = gain sqrt(3 / fan_in)",
     "LeCun, Bottou, Orr & Mueller, Efficient BackProp, 1998, equation 16",
     "As lecun_normal, with bounded weights; it is what Caffe calls xavier.",
     "For deep ReLU networks without normalization: the second moment halves in each layer.", unit_gain_options,
     Needs::shape, "FiftyLayers.KeepTheSignalUnderTheMatchingScheme"},
    {"orthogonal", "", "A random orthogonal matrix times the gain of the activation that follows.",
     "W as a matrix (O, I/groups kH kW), each group's block by itself: W W^T = gain^2 1 where it is wide, "
     "W^T W = gain^2 1 where it is tall; Haar distributed (QR of a normal matrix, R's diagonal made positive)",
     "Saxe, McClelland & Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural "
     "networks, "
     "ICLR 2014, section 3",
     "For deep networks, plain ones too: no spread of the scale from one random matrix to the next; in "
     "linear networks the learning time is then independent of depth.",
     "Where an exact isometry of the convolution is wanted: an orthogonal kernel matrix is not one, since patches "
     "overlap. Where outputs outnumber fan_in, each output's variance falls to fan_in / O of the wanted, unless "
     "keep=scale.",
     orthogonal_options, Needs::shape, "Orthogonal.IsOrthogonalToAMillionth"},
    {"dirac",
     "identity eye",
     "A convolution that passes its input on unchanged; a linear layer's identity matrix.",
     "W[g O/groups + d, d, kH/2, kW/2] = 1 for each group g and d < min(O, I)/groups, all else 0",
     "Zagoruyko & Komodakis, DiracNets: training very deep neural networks without skip-connections, 2017, section 3",
     "For very deep plain networks of constant width, and as the start of a near-identity layer.",
     "Where layers widen: the channels beyond the input's start at 0, as dead as zeros under ReLU.",
     {},
     Needs::shape,
     "Dirac.PassesTheInputOn"},
    {"textbook_random",
     "",
     "What introductory articles call random initialization: 0.01 times a standard normal.",
     "W = 0.01 N(0, 1)",
     textbook_source,
     "To reproduce such an article, and to see how depth loses the signal.",
     "For deep plain networks: a ReLU layer scales its signal by 0.01 sqrt(fan_in / 2), far below 1 at usual widths.",
     {},
     Needs::shape,
     "Distributions.AreThoseOfTheFormula"},
    {"textbook_xavier",
     "",
     "Xavier as introductory articles write it: from the first two extents of the shape alone.",
     "W ~ N(0, 2 / (shape[0] + shape[1]))",
     textbook_source,
     "For linear layers it is xavier_normal; to compare the article's formula with the paper's.",
     "For convolutions: the kernel's area is left out, so the variance is kH kW times too large.",
     {},
     Needs::shape,
     "Distributions.AreThoseOfTheFormula"},
});

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

}  // namespace

std::span<const SchemeInfo> scheme_table() {
  static const std::vector<SchemeInfo> whole = [] {
    std::vector<SchemeInfo> all(table.begin(), table.end());
    for (const std::span<const SchemeInfo> family :
         {rows::structured(), rows::network(), rows::measured(), rows::presets(), rows::imported()})
      all.insert(all.end(), family.begin(), family.end());
    return all;
  }();
  return whole;
}

std::string_view needs_name(Needs needs) {
  switch (needs) {
    case Needs::graph:
      return "the network";
    case Needs::batch:
      return "the network and a batch of images";
    case Needs::gradient:
      return "the network and its gradients";
    default:
      return "one tensor";
  }
}

const SchemeInfo& find_scheme(std::string_view name) {
  std::vector<std::string> known;
  for (const SchemeInfo& row : scheme_table()) {
    known.emplace_back(row.name);
    for (const std::string& alias : words(row.aliases)) known.push_back(alias);
    if (row.name == name) return row;
    for (const std::string& alias : words(row.aliases))
      if (alias == name) return row;
  }
  if (const SchemeInfo* own = find_registered(name)) return *own;
  // Another framework's name: its row here. Throws where it can mean several.
  if (find_alias(name) != nullptr) return find_scheme(resolve_alias(Spec{std::string(name), {}}).name);
  for (const AliasInfo& alias : alias_table()) known.emplace_back(alias.name);
  for (const SchemeInfo* own : registered_schemes()) known.emplace_back(own->name);
  throw Error(unknown_name_message("scheme", name, known));
}

}  // namespace fanin::init
