// The table of other frameworks' names. A scheme takes the fans of the layer, never of a bare shape, so a name stands
// for the framework's law; its fans for grouped, depthwise and transposed layers are what the presets reproduce.
#include "fanin/init/aliases.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "fanin/base/error.h"

namespace fanin::init {
namespace {

constexpr std::string_view gain_note =
    "the function takes the nonlinearity as an argument, leaky_relu of slope 0 (gain sqrt 2) by default; here the gain "
    "is "
    "that of the activation that follows, which is 1 after the last layer (gain=1.4142135623730951 for PyTorch's "
    "default)";
constexpr std::string_view truncated_note =
    "a truncated normal with the corrected standard deviation, where the scheme of nearly the same name is a normal";

constexpr std::string_view he_truncated = "variance_scaling:scale=2,mode=fan_in,distribution=truncated_normal";
constexpr std::string_view glorot_truncated = "variance_scaling:scale=1,mode=fan_avg,distribution=truncated_normal";
constexpr std::string_view lecun_truncated = "variance_scaling:scale=1,mode=fan_in,distribution=truncated_normal";
constexpr std::string_view he_uniform_fixed = "variance_scaling:scale=2,mode=fan_in,distribution=uniform";
constexpr std::string_view msra = "variance_scaling:scale=2,mode=fan_in,distribution=normal";
constexpr std::string_view msraprelu = "variance_scaling:scale=1.8823529411764706,mode=fan_avg,distribution=normal";

constexpr std::string_view he_choice =
    "He's rule as a normal or as a uniform, with fan_in or fan_out; expected he_normal or he_uniform";
constexpr std::string_view lecun_choice =
    "LeCun's rule as a normal or as a uniform; expected lecun_normal or lecun_uniform";
constexpr std::string_view xavier_choice =
    "Caffe's xavier has variance 1 / fan_in (lecun_uniform), MXNet's and Glorot's paper 2 / (fan_in + fan_out); "
    "expected "
    "xavier_uniform, xavier_normal or lecun_uniform";

constexpr auto table = std::to_array<AliasInfo>({
    // names that are spelled alike in several frameworks
    {"kaiming_normal", "he_normal", gain_note},
    {"kaiming_uniform", "he_uniform", gain_note},
    {"glorot_normal", "xavier_normal",
     "of Glorot's paper, PyTorch and MXNet; in Keras and JAX it is truncated (keras_glorot_normal)"},
    {"glorot_uniform", "xavier_uniform", "of Keras, JAX and MXNet"},
    {"gaussian", "normal", "of Caffe and MXNet; Caffe's default is std=1, MXNet's 0.01"},
    {"trunc_normal", "truncated_normal",
     "of timm and PyTorch; their bounds are absolute (bounds=absolute), and their std is 1 by default"},
    {"identity", "dirac", "of Keras and JAX, for matrices; for convolutions PyTorch's dirac_"},
    {"eye", "dirac", "of PyTorch, for matrices; for convolutions its dirac_"},
    {"ones", "constant:value=1", "of every framework"},
    // PyTorch's functions with their defaults
    {"zeros_", "zeros", "torch.nn.init.zeros_"},
    {"ones_", "constant:value=1", "torch.nn.init.ones_"},
    {"constant_", "constant", "torch.nn.init.constant_; the value is an option"},
    {"uniform_", "uniform:low=0,high=1", "torch.nn.init.uniform_, [0, 1) by default"},
    {"normal_", "normal:mean=0,std=1", "torch.nn.init.normal_, standard normal by default"},
    {"trunc_normal_", "truncated_normal:std=1,low=-2,high=2,bounds=absolute",
     "torch.nn.init.trunc_normal_ with its defaults: the bounds are absolute"},
    {"xavier_uniform_", "xavier_uniform", "torch.nn.init.xavier_uniform_"},
    {"xavier_normal_", "xavier_normal", "torch.nn.init.xavier_normal_"},
    {"kaiming_uniform_", "he_uniform", gain_note},
    {"kaiming_normal_", "he_normal", gain_note},
    {"orthogonal_", "orthogonal:gain=1", "torch.nn.init.orthogonal_, gain 1 by default; each group by itself here"},
    {"eye_", "dirac", "torch.nn.init.eye_, for matrices"},
    {"dirac_", "dirac", "torch.nn.init.dirac_; the layer's own groups are used"},
    {"sparse_", "sparse:per=input", "torch.nn.init.sparse_: per=input is one column of its matrix"},
    // Keras' classes; its names in lower case are the same laws
    {"henormal", he_truncated, "keras.initializers.HeNormal"},
    {"heuniform", he_uniform_fixed, "keras.initializers.HeUniform"},
    {"glorotnormal", glorot_truncated, "keras.initializers.GlorotNormal"},
    {"glorotuniform", "xavier_uniform", "keras.initializers.GlorotUniform, the default of its layers"},
    {"lecunnormal", lecun_truncated, "keras.initializers.LecunNormal"},
    {"lecununiform", "lecun_uniform", "keras.initializers.LecunUniform"},
    {"variancescaling", "variance_scaling",
     "keras.initializers.VarianceScaling; untruncated_normal there is normal here"},
    {"randomnormal", "normal:std=0.05", "keras.initializers.RandomNormal"},
    {"randomuniform", "uniform", "keras.initializers.RandomUniform, +-0.05"},
    {"random_normal", "normal:std=0.05", "Keras' string for RandomNormal"},
    {"random_uniform", "uniform", "Keras' string for RandomUniform, +-0.05"},
    {"truncatednormal", "truncated_normal:std=0.05",
     "keras.initializers.TruncatedNormal, cut at two standard deviations"},
    {"keras_he_normal", he_truncated, truncated_note},
    {"keras_he_uniform", he_uniform_fixed, "the gain is sqrt 2 whatever follows"},
    {"keras_glorot_normal", glorot_truncated, truncated_note},
    {"keras_glorot_uniform", "xavier_uniform", "the same law"},
    {"keras_lecun_normal", lecun_truncated, truncated_note},
    {"keras_lecun_uniform", "lecun_uniform", "the same law"},
    // jax.nn.initializers, and Flax
    {"jax_he_normal", he_truncated, truncated_note},
    {"jax_he_uniform", he_uniform_fixed, "the gain is sqrt 2 whatever follows"},
    {"jax_kaiming_normal", he_truncated, truncated_note},
    {"jax_kaiming_uniform", he_uniform_fixed, "the gain is sqrt 2 whatever follows"},
    {"jax_glorot_normal", glorot_truncated, truncated_note},
    {"jax_glorot_uniform", "xavier_uniform", "the same law"},
    {"jax_xavier_normal", glorot_truncated, truncated_note},
    {"jax_xavier_uniform", "xavier_uniform", "the same law"},
    {"jax_lecun_normal", lecun_truncated, truncated_note},
    {"jax_lecun_uniform", "lecun_uniform", "the same law"},
    {"jax_normal", "normal:std=0.01", "standard deviation 0.01 by default"},
    {"jax_uniform", "uniform:low=0,high=0.01", "[0, 0.01) by default: one-sided"},
    {"jax_orthogonal", "orthogonal:gain=1", "the axis of the outputs is chosen for you"},
    {"jax_delta_orthogonal", "delta_orthogonal:gain=1", "scale 1 by default"},
    // Caffe's fillers
    {"msra", msra, "Caffe's filler msra: gain sqrt 2 whatever follows; variance_norm is the option mode"},
    {"caffe_msra", msra, "Caffe's filler msra: gain sqrt 2 whatever follows; variance_norm is the option mode"},
    {"caffe_xavier", "lecun_uniform",
     "Caffe's filler xavier divides by fan_in alone unless variance_norm says AVERAGE"},
    {"caffe_gaussian", "normal:std=1", "Caffe's filler gaussian"},
    {"caffe_uniform", "uniform:low=0,high=1", "Caffe's filler uniform"},
    {"caffe_bilinear", "bilinear", "Caffe's filler bilinear; it also mixes channels where groups are missing"},
    // MXNet's initializers
    {"msraprelu", msraprelu, "mxnet.init.MSRAPrelu with its defaults: slope 0.25, factor_type avg"},
    {"mxnet_msraprelu", msraprelu, "mxnet.init.MSRAPrelu with its defaults: slope 0.25, factor_type avg"},
    {"mxnet_xavier", "xavier_uniform",
     "mxnet.init.Xavier with its defaults; rnd_type=gaussian there has three times the variance"},
    {"mxnet_normal", "normal", "mxnet.init.Normal, std 0.01 by default"},
    {"mxnet_uniform", "uniform:low=-0.07,high=0.07", "mxnet.init.Uniform, the default of its layers"},
    // refused: the frameworks mean different things
    {"xavier", "", xavier_choice},
    {"glorot", "", xavier_choice},
    {"he", "", he_choice},
    {"kaiming", "", he_choice},
    {"lecun", "", lecun_choice},
    {"random", "",
     "introductory articles mean 0.01 times a normal (textbook_random); expected normal or uniform with its scale"},
    {"pytorch", "",
     "a layer's default is the preset pytorch-default, a sixth of He's variance; expected that or a scheme's name"},
    {"keras", "", "a layer's default is the preset keras-default; expected that or a scheme's name"},
    {"flax", "", "a layer's default is the preset flax-default; expected that or a scheme's name"},
    {"caffe", "", "Caffe fills with 0 where no filler is given; expected caffe-msra or caffe-xavier"},
});

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

}  // namespace

std::span<const AliasInfo> alias_table() {
  return table;
}

const AliasInfo* find_alias(std::string_view name) {
  const auto found = std::ranges::find(table, lower(name), &AliasInfo::name);
  return found == table.end() ? nullptr : &*found;
}

Spec resolve_alias(const Spec& scheme) {
  const AliasInfo* alias = find_alias(scheme.name);
  if (alias == nullptr) return scheme;
  if (alias->meaning.empty())
    throw Error(fmt::format("scheme '{}' can mean several things: {}", scheme.name, alias->source));
  Spec result = parse_spec(alias->meaning);
  for (const auto& [key, value] : scheme.options) {
    const auto own = std::ranges::find(result.options, key, &std::pair<std::string, std::string>::first);
    if (own == result.options.end()) {
      result.options.emplace_back(key, value);
    } else {
      own->second = value;
    }
  }
  return result;
}

}  // namespace fanin::init
