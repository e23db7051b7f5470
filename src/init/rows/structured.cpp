// Rows of schemes with structure: orthogonal kernels, fixed patterns, drawn filters.
#include <array>

#include "init/rows/rows.h"

namespace fanin::init::rows {
namespace {

constexpr auto variance_scaling_options = std::to_array<OptionInfo>({
    {"scale", OptionKind::number, "1", 1e-30, limit, "", "the variance times the fan"},
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out|fan_avg|fan_geo_avg",
     "the fan n: the number of inputs, of outputs, their mean or their geometric mean"},
    {"distribution", OptionKind::choice, "truncated_normal", 0, 0, "normal|truncated_normal|uniform|sign",
     "truncated_normal is cut at two standard deviations; sign is plus or minus one value"},
});

constexpr auto auto_gain_options = std::to_array<OptionInfo>({
    {"gain", OptionKind::text, "auto", 0, 0, "", gain_summary},
});

constexpr auto delta_options = std::to_array<OptionInfo>({
    {"gain", OptionKind::text, "auto", 0, 0, "", gain_summary},
    {"keep", OptionKind::choice, "norm", 0, 0, "norm|scale",
     "norm: the singular values of the centre tap are the gain; scale: times sqrt(O / I) where a layer widens, so that "
     "each channel keeps its scale"},
});

constexpr auto sparse_options = std::to_array<OptionInfo>({
    {"sparsity", OptionKind::number, "0.9", 0, 1, "", "share of zeros in each line"},
    {"nonzero", OptionKind::integer, "0", 0, 1e15, "", "weights that are kept in each line; 0: by the sparsity"},
    {"std", OptionKind::number, "0.01", 0, limit, "", "standard deviation of the weights that are not 0"},
    {"per", OptionKind::choice, "input", 0, 0, "input|output",
     "the line: all weights from one input of the matrix, or all to one output"},
});

constexpr auto gabor_options = std::to_array<OptionInfo>({
    {"aspect", OptionKind::number, "0.5", 0.01, 100, "",
     "the envelope's extent along the wave divided by that across it"},
    {"width", OptionKind::number, "0.25", 0.01, 10, "", "standard deviation of the envelope, as a share of the kernel"},
});

constexpr auto conv_aware_options = std::to_array<OptionInfo>({
    {"noise", OptionKind::number, "0.05", 0, limit, "",
     "standard deviation of the noise that is added before the rescaling"},
});

constexpr auto fixed_point_options = std::to_array<OptionInfo>({
    {"alpha", OptionKind::number, "0.085", 0, limit, "", "the noise's standard deviation times sqrt(fan_in)"},
});

constexpr auto sparse_orthogonal_options = std::to_array<OptionInfo>({
    {"density", OptionKind::number, "0.1", 1e-9, 1, "", "share of the kernel's weights that are not 0"},
    {"gain", OptionKind::text, "auto", 0, 0, "", gain_summary},
});

constexpr auto signed_constant_options = std::to_array<OptionInfo>({
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out|fan_avg", mode_summary},
    {"gain", OptionKind::text, "auto", 0, 0, "", gain_summary},
    padding_option,
    pooling_option,
});

constexpr auto table = std::to_array<SchemeInfo>({
    {"variance_scaling", "",
     "A distribution of mean 0 with variance scale / fan: the general form behind Xavier, He and LeCun.",
     "Var W = scale / n, n = fan_in | fan_out | (fan_in + fan_out) / 2 | sqrt(fan_in fan_out); uniform: U[-sqrt(3 "
     "Var), sqrt(3 Var)); truncated_normal: N(0, Var / 0.8796^2) cut at two standard deviations, so that the variance "
     "afterwards is Var",
     "Glorot & Bengio, AISTATS 2010; He et al., ICCV 2015; LeCun et al. 1998: their common form",
     "For a rule that has no name of its own, and for those of Keras and JAX: glorot_normal there is "
     "variance_scaling:mode=fan_avg, he_normal is variance_scaling:scale=2 (both truncated).",
     "Where a named scheme says the same: the name tells the reader why.", variance_scaling_options, Needs::shape,
     "Distributions.AreThoseOfTheFormula"},
    {"delta_orthogonal", "", "An orthogonal matrix at the kernel's centre, zeros around it: an isometry at any depth.",
     "W[:, :, (kH - 1)/2, (kW - 1)/2] = gain H for each group, H Haar distributed with orthonormal columns (rows where "
     "I > O), all other taps 0",
     "Xiao, Bahri, Sohl-Dickstein, Schoenholz & Pennington, Dynamical isometry and a mean field theory of CNNs, ICML "
     "2018, section 3",
     "For very deep plain networks, above all with tanh at the edge of chaos (edge_of_chaos:weights=delta_orthogonal).",
     "For shallow networks: neighbouring pixels do not mix at the start. Under ReLU no scheme gives an isometry.",
     delta_options, Needs::shape, "DeltaOrthogonal.KeepsTheNormThroughTwoHundredLayers"},
    {"conv_orthogonal", "", "A full kernel that is an isometry as a convolution, not only as a matrix.",
     "gain (1x1 Haar matrix) * B_1 * ... * B_(k-1), * the block convolution, B = [[P Q, P (1 - Q)], [(1 - P) Q, (1 - "
     "P)(1 - Q)]] with random projections P, Q of half rank, drawn anew for each B",
     "Xiao, Bahri, Sohl-Dickstein, Schoenholz & Pennington, Dynamical isometry and a mean field theory of CNNs, ICML "
     "2018, algorithm 1",
     "For deep plain networks where pixels should mix from the start; exact with circular padding and stride 1.",
     "With zero padding or strides the norm is not kept exactly. Square kernels only.", auto_gain_options, Needs::shape,
     "ConvOrthogonal.HasEqualSingularValuesAtEveryFrequency"},
    {"bilinear",
     "",
     "Linear interpolation in both directions, each channel by itself.",
     "W[o, i, y, x] = (1 - |y - (kH - 1)/2| / ceil(kH/2)) (1 - |x - (kW - 1)/2| / ceil(kW/2)) where o = i (mod "
     "I/groups), else 0",
     "Long, Shelhamer & Darrell, Fully convolutional networks for semantic segmentation, CVPR 2015, section 3.3",
     "For upsampling layers, and as a smoothing start of a depthwise convolution.",
     "For layers that must learn different filters: all are the same at the start. A network's linear layers get "
     "he_normal; a linear "
     "layer by itself is refused.",
     {},
     Needs::shape,
     "Bilinear.IsTheCentredTent"},
    {"sparse", "", "Normal weights, most of them set to 0, the same number in each line of the matrix.",
     "W ~ N(0, std^2), then ceil(sparsity n) entries of each line of length n, chosen at random, are 0",
     "Martens, Deep learning via Hessian-free optimization, ICML 2010, section 5 (sparse:per=output,nonzero=15,std=1)",
     "For fully connected networks with saturating units; per=input is PyTorch's sparse_.",
     "For narrow layers: whole units may start without input.", sparse_options, Needs::shape,
     "Sparse.KeepsTheSameNumberInEachLine"},
    {"gabor", "", "Gabor filters in the first convolution, he_normal in all other layers.",
     "w(x, y) = exp(-(x'^2 + aspect^2 y'^2) / (2 s^2)) cos(2 pi x' / l + p), angle ~ U[0, pi), l ~ U[k/2, k), p 0 or "
     "pi/2; mean removed, times a random colour, all scaled to the variance gain^2 / fan_in",
     "Rivas & Rai, Enhancing CNNs with Gabor filter initialization, 2023 (the parameters' ranges are our choice)",
     "For image networks whose first kernel is 5x5 or larger.",
     "For small kernels (refused): a 3x3 window cannot hold a wave.", gabor_options, Needs::shape,
     "Gabor.HasZeroMeanFiltersOfHesScale"},
    {"conv_aware", "", "Orthogonal filters in the Fourier domain; orthogonal matrices in linear layers.",
     "For each output the spectra of its filters are rows of a Haar matrix over the kH (kW/2 + 1) real coefficients; "
     "back by the inverse real transform, plus N(0, noise^2), all scaled to the variance gain^2 / fan_in",
     "Aghajanyan, Convolution aware weight initialization, 2017, section 3",
     "To start from filters that differ as much as possible.",
     "Where odd filters (edges) matter: a real spectrum gives filters that are symmetric around the origin.",
     conv_aware_options, Needs::shape, "ConvAware.FiltersOfOneOutputAreOrthogonal"},
    {"sinusoidal", "", "Sine waves over each row of the weight matrix; no randomness.",
     "W[i, j] = A sin(i (2 pi j / n + 2 pi / m)), i = 1..m, j = 0..n-1, for m outputs and n = fan_in, A = gain / "
     "sqrt(n Var sin)",
     "Fernandez-Hernandez et al., Sinusoidal initialization, NeurIPS 2025 (the scale is that of the published code)",
     "To compare with a deterministic start that has no seed.",
     "Where outputs outnumber the inputs: rows i and n - i span one plane, so rank is lost.", auto_gain_options,
     Needs::shape, "Sinusoidal.HasTheWantedScaleWithoutASeed"},
    {"tanh_fixed_point", "", "A repeated identity plus small noise: tanh then keeps a non-zero signal at any depth.",
     "W = D + N(0, alpha^2 / fan_in), D[o, i] = 1 where o = i modulo the smaller extent; in a convolution D is the "
     "centre tap",
     "Lee et al., Robust weight initialization for tanh neural networks with fixed point analysis, ICLR 2025 (the "
     "centre tap is our extension to convolutions)",
     "For very deep tanh networks, fully connected ones above all.", "For ReLU networks.", fixed_point_options,
     Needs::shape, "TanhFixedPoint.KeepsASignalThroughAThousandLayers"},
    {"random_walk",
     "",
     "Normal weights whose gain takes the drift out of the logarithm of the signal.",
     "W ~ N(0, g^2 / n), n = fan_in; g = exp(1 / (2 n)) for linear, sqrt 2 exp(1.2 / (max(n, 6) - 2.4)) for ReLU "
     "layers",
     "Sussillo & Abbott, Random walk initialization for training very deep feedforward networks, 2014, section 3",
     "For very deep, narrow ReLU networks: he_normal keeps the mean square, this the typical size.",
     "With other activations (refused): the paper has no gain for them. The formula is that of dense layers; of a "
     "convolution's drift it takes out a part only.",
     {},
     Needs::shape,
     "RandomWalk.TakesOutTheDrift"},
    {"sparse_orthogonal", "exact_orthogonal eoi", "An exact isometry with few weights that are not 0.",
     "The identity turned by random Givens rotations of its rows, angles ~ U[0, 2 pi), until density kH kW of the "
     "matrix "
     "is not 0; times the gain, at the kernel's centre, all other taps 0; each group by itself",
     "Nowak et al., Sparser, better, deeper, stronger: improving static sparse training with exact "
     "orthogonal initialization, ICML 2024",
     "For sparse networks that are deep and plain, above all with tanh.",
     "Under ReLU no scheme gives an isometry. The zeros are a start only: training fills them unless it is told not "
     "to. "
     "Refused below the density of an identity.",
     sparse_orthogonal_options, Needs::shape, "SparseOrthogonal.IsAnIsometryOfTheWantedDensity"},
    {"signed_constant", "", "Every weight of a layer has the same size; the signs are random.",
     "W = +-gain / sqrt(n), each sign with probability 1/2, n = fan_in | fan_out | (fan_in + fan_out) / 2",
     "Zhou, Lan, Liu & Yosinski, Deconstructing lottery tickets: zeros, signs, and the supermask, NeurIPS 2019; "
     "Ramanujan et al., What's hidden in a randomly weighted neural network?, CVPR 2020",
     "As he_normal, with the least spread of the weights' sizes; variance_scaling:scale=2,distribution=sign is its "
     "form "
     "for ReLU.",
     "As he_normal.", signed_constant_options, Needs::shape, "SignedConstant.HasHesScaleInEveryWeight"},
});

}  // namespace

std::span<const SchemeInfo> structured() {
  return table;
}

}  // namespace fanin::init::rows
