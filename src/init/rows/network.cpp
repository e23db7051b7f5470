// Rows of schemes that look at the network: what stands before, behind and beside a layer.
#include <array>

#include "init/rows/rows.h"

namespace fanin::init::rows {
namespace {

constexpr auto he_mode_options = std::to_array<OptionInfo>({
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out|fan_avg", mode_summary},
});

constexpr auto skipinit_options = std::to_array<OptionInfo>({
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out|fan_avg", mode_summary},
    {"alpha", OptionKind::text, "0", 0, 0, "", "the scales' start: a number, or auto for 1 / sqrt(number of branches)"},
});

constexpr auto rezero_options = std::to_array<OptionInfo>({
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out|fan_avg", mode_summary},
    {"alpha", OptionKind::number, "0", -limit, limit, "", "the scales' start"},
});

constexpr auto layerscale_options = std::to_array<OptionInfo>({
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out|fan_avg", mode_summary},
    {"lambda", OptionKind::text, "auto", 0, 0, "",
     "the scales' start: a number, or auto for 0.1 up to 18 branches, 1e-5 up to 24, 1e-6 beyond"},
});

constexpr auto fixup_options = std::to_array<OptionInfo>({
    {"mode", OptionKind::choice, "fan_in", 0, 0, "fan_in|fan_out|fan_avg",
     "which pass keeps its variance: fan_in the forward, fan_out the backward, as in the published code"},
    {"scalar_rate", OptionKind::number, "0.1", 1e-6, 1e6, "",
     "factor on the learning rate of biases and residual scales"},
});

constexpr auto mup_options = std::to_array<OptionInfo>({
    {"base_width", OptionKind::integer, "16", 1, 1e9, "",
     "outputs of the first layer in the network whose learning rate is to be kept; here that layer has r times as "
     "many"},
    {"output", OptionKind::choice, "scaled", 0, 0, "scaled|zero", "the last layer's start: scaled down with r, or 0"},
});

constexpr auto tat_options = std::to_array<OptionInfo>({
    {"eta", OptionKind::number, "0.9", 0.001, 0.999, "", "the correlation to which orthogonal inputs come at the end"},
});

constexpr auto mimetic_options = std::to_array<OptionInfo>({
    {"start", OptionKind::number, "0.16", 1e-3, 1e3, "", "s0, the variance of the Gaussian in the first such layer"},
    {"growth", OptionKind::number, "0.32", 0, 1e3, "", "v, how it grows with depth"},
    {"acceleration", OptionKind::number, "2.88", 0, 1e3, "", "a, how its growth grows"},
});

constexpr auto unit_gain_options = std::to_array<OptionInfo>({
    {"gain", OptionKind::text, "1", 0, 0, "", "every singular value of the linear map: a number above 0"},
});

constexpr auto edge_options = std::to_array<OptionInfo>({
    {"q", OptionKind::text, "auto", 0, 0, "",
     "the second moment before the activation that the network keeps: a number above 0, or auto for 1 / depth"},
    {"weights", OptionKind::choice, "normal", 0, 0, "normal|orthogonal|delta_orthogonal",
     "how the weights are drawn, orthogonal ones with keep=scale; the first and the last layer are normal"},
});

constexpr auto autoinit_options = std::to_array<OptionInfo>({
    {"distribution", OptionKind::choice, "truncated_normal", 0, 0, "normal|truncated_normal|uniform|sign",
     "the weights' distribution"},
    {"padding", OptionKind::choice, "ignore", 0, 0, "ignore|aware",
     "aware: make up for what zero padding takes from the signal (our addition)"},
});

constexpr auto zero_options = std::to_array<OptionInfo>({
    {"constant", OptionKind::choice, "code", 0, 0, "code|paper",
     "the Hadamard matrix is divided by 2^(m/2) as in the published code, or by 2^((m-1)/2)"},
});

constexpr auto idinit_options = std::to_array<OptionInfo>({
    {"tau", OptionKind::number, "1", 0, limit, "", "the identity's value"},
    {"epsilon", OptionKind::number, "1e-6", 0, limit, "",
     "the value in the last layer of each branch and of the network"},
    {"noise", OptionKind::number, "1e-6", 0, limit, "", "standard deviation of the noise that breaks the symmetry"},
    {"order", OptionKind::choice, "taps_first", 0, 0, "taps_first|channels_first",
     "how a kernel is laid out as a matrix: (kH, kW, I) or (I, kH, kW)"},
});

constexpr auto table = std::to_array<SchemeInfo>({
    {"edge_of_chaos", "critical",
     "Weights and biases at the critical point of mean field theory: gradients neither grow nor vanish with depth.",
     "sigma_w^2 E f'(sqrt(q) z)^2 = 1, sigma_b^2 = q - sigma_w^2 E f(sqrt(q) z)^2, z ~ N(0, 1), by quadrature; Var W = "
     "sigma_w^2 / fan_in, b ~ N(0, sigma_b^2); last layer Var W = 1 / fan_in, b = 0",
     "Schoenholz, Gilmer, Ganguli & Sohl-Dickstein, Deep information propagation, ICLR 2017, section 3; the draw "
     "weights=delta_orthogonal: Xiao et al., ICML 2018",
     "For very deep plain networks of smooth activations; for tanh at q = 0.02592 it gives (1.05, 2.01e-5).",
     "For ReLU it is he_normal (the critical line is the one point (2, 0)); where an activation has no critical point "
     "at q it is refused.",
     edge_options, Needs::graph, "CriticalPoint.OfTanhIsTheTenThousandLayerPair"},
    {"looks_linear", "",
     "Mirrored channels: with ReLU the whole network is linear at the start, and without strides and pooling an "
     "isometry.",
     "W = [[M, -M], [-M, M]] with M delta-orthogonal times the gain; first layer [M; -M], last layer [M, -M]",
     "Balduzzi, Frean, Leary, Lewis, Ma & McWilliams, The shattered gradients problem, ICML 2017, section 4",
     "For deep plain ReLU networks: inputs stay as different as they came.",
     "With max pooling, normalization or other activations the mirror breaks. Refused for odd numbers of channels and "
     "for groups.",
     unit_gain_options, Needs::graph, "LooksLinear.MakesAReluNetworkLinear"},
    {"autoinit", "",
     "Each layer scaled by the mean and variance that reach it, followed through the graph by formulas.",
     "Var W = 1 / (fan_in (nu + mu^2)), (mu, nu) from the input (0, 1) through every operator: quadrature for "
     "activations, the largest of n normals for pooling, sums for additions; explicit zero padding and dropout by what "
     "they do to mean and second moment (the paper has mu^2 in neither)",
     "Bingham & Miikkulainen, AutoInit: analytic signal-preserving weight initialization for neural networks, AAAI "
     "2023, section 3",
     "For networks with pooling, dropout and unusual activations.",
     "Where branches that are added correlate: they are taken as independent.", autoinit_options, Needs::graph,
     "AutoInit.GivesEveryLayerUnitVariance"},
    {"zero_init", "zero_hadamard",
     "Zeros, ones and signs of one size: partial identities, Hadamard matrices where a layer widens, zeros at branch "
     "ends.",
     "O <= I: W = 1 on the diagonal; O > I: the first O rows and I columns of the Hadamard matrix of order 2^m / "
     "2^(m/2), m = ceil(log2 O); at the kernel's centre. The last layer of each residual branch and of the network is "
     "0",
     "Zhao, Schaefer & Anandkumar, ZerO initialization, TMLR 2022, algorithm 1 (the constant differs between paper and "
     "code and could not be verified: option constant)",
     "For residual networks, when no randomness is wanted: all seeds give the same weights.",
     "For plain networks: without skips the last layer's zeros stop all gradients but its own.", zero_options,
     Needs::graph, "ZeroInit.IsAnIsometryWhereItWidens"},
    {"idinit", "", "Identities repeated to fill every row; branches start at almost 0 but not dead.",
     "W[o, c] = tau where c = o modulo the columns, on the kernel as a matrix of kH kW I columns; branch ends and the "
     "last layer: epsilon at c = o, -epsilon at c = o + 1 and, in turn through the outputs, in the columns behind; "
     "plus "
     "N(0, noise^2)",
     "Pan et al., IDInit: a universal and stable initialization method for neural network training, ICLR 2025 (the "
     "order of flattening could not be verified: option order)",
     "For residual networks trained with momentum.",
     "Where a kernel should keep images in place: with order=taps_first and no more outputs than inputs all ones are "
     "on the first tap, a corner, and each such layer shifts the image.",
     idinit_options, Needs::graph, "IdInit.RepeatsTheIdentity"},
    {"zero_gamma", "zero_init_residual",
     "He weights; the last normalization of each residual branch starts at 0, so every block is the identity.",
     "gamma = 0 in the last normalization of each branch, 1 elsewhere; weights as he_normal",
     "Goyal et al., Accurate, large minibatch SGD, 2017, section 5.1",
     "For deep residual networks with normalization and large learning rates.",
     "Short training: the blocks start one step late. Refused where no branch ends in a normalization.",
     he_mode_options, Needs::graph, "ZeroGamma.MakesEveryBlockTheIdentity"},
    {"scaled_residual", "",
     "He weights, the last layer of each residual branch divided by the square root of the number of branches.",
     "last layer of a branch: std = gain / sqrt(fan_in B), B branches; all others as he_normal",
     "Hanin & Rolnick, How to start training: the effect of initialization and architecture, NeurIPS 2018 (sum of "
     "squared branch scales bounded)",
     "For residual networks without normalization: the signal grows by a constant factor at most, whatever the depth.",
     "Refused for networks without residual branches.", he_mode_options, Needs::graph,
     "ScaledResidual.BoundsTheGrowthWithDepth"},
    {"fixup", "",
     "Residual networks without normalization: branches end in 0, their other layers shrink with the number of "
     "branches.",
     "layers of a branch of m but the last: He times B^(-1/(2m-2)), B branches; last layer of each branch and of the "
     "network 0; residual scales 1; all others He",
     "Zhang, Dauphin & Ma, Fixup initialization: residual learning without normalization, ICLR 2019, section 3; the "
     "rate of the scalars: section 4 and the published code",
     "For residual networks without normalization, of any depth. The paper's scalar biases and multipliers are part of "
     "the architecture: a model has them or not (branch_scale=scalar gives resnet models the multipliers).",
     "Refused for networks without residual branches.", fixup_options, Needs::graph,
     "Fixup.MakesTheResidualStackTheIdentity",
     "Biases and residual scales learn at scalar_rate times the learning rate, a tenth unless told."},
    {"skipinit", "", "He weights; the trainable scale at the end of each residual branch starts at alpha.",
     "y = x + alpha F(x), alpha = 0 or 1 / sqrt(B), B branches; weights as he_normal",
     "De & Smith, Batch normalization biases residual blocks towards the identity function in deep networks, NeurIPS "
     "2020, section 4",
     "For residual networks without normalization that have such scales (resnet models: "
     "branch_scale=scalar,norm=none).",
     "Refused where the branches have no scales.", skipinit_options, Needs::graph,
     "SkipInit.MakesEveryBlockTheIdentity"},
    {"rezero", "", "Each residual branch starts at nothing: its trainable scale is 0.",
     "y = x + alpha F(x), one alpha a branch, alpha = 0; weights as he_normal",
     "Bachlechner, Majumder, Mao, Cottrell & McAuley, ReZero is all you need: fast convergence at large depth, UAI "
     "2021, "
     "section 3",
     "For residual networks of any depth, with normalization or without, that have such scales (resnet models: "
     "branch_scale=scalar). skipinit is the same start at alpha = 0; it came from a study of normalization.",
     "Refused where the branches have no scales. At the first step the branches' weights have no gradient: only the "
     "scales move.",
     rezero_options, Needs::graph, "ReZero.StartsAsTheIdentityAndMovesItsScalesFirst"},
    {"layerscale", "", "Each channel of a residual branch has a trainable scale of its own that starts small.",
     "y = x + diag(lambda) F(x), lambda = 0.1 for up to 18 branches, 1e-5 for up to 24, 1e-6 for more; weights as "
     "he_normal",
     "Touvron, Cord, Sablayrolles, Synnaeve & Jegou, Going deeper with image transformers, ICCV 2021",
     "For deep residual networks with one scale a channel (resnet models: branch_scale=channel): branches come in "
     "slowly, "
     "but no gradient is 0.",
     "Refused where the branches have no such scales. The rule for lambda was found on vision transformers, whose "
     "blocks "
     "have two branches.",
     layerscale_options, Needs::graph, "LayerScale.LetsEachBranchInByItsScale"},
    {"mup", "", "Starts and learning rates with which a network of any width learns like one of the base width.",
     "r = width / base_width; hidden layers Var W = gain^2 / fan_in, first layer too; last layer Var W = 1 / (fan_in "
     "r), "
     "or 0; biases 0",
     "Yang et al., Tensor programs V: tuning large neural networks via zero-shot hyperparameter transfer, NeurIPS "
     "2021, "
     "table 3",
     "To tune the learning rate on a narrow network and keep it for wide ones.",
     "It says nothing about depth. Refused for a tensor without its network. All widths must grow by the same factor "
     "r, "
     "measured at the first layer. Weight decay follows each parameter's rate.",
     mup_options, Needs::graph, "MuP.KeepsActivationsFlatInWidthWhereStandardScalingDoesNot",
     "Learning rates: under sgd biases, norms and the first and depthwise layers r times, the last layer 1 / r times; "
     "under adam, adamw and rmsprop hidden and last layers 1 / r times."},
    {"tat", "tailored_relu", "Leaky ReLUs of a slope solved for the depth, and delta-orthogonal weights.",
     "C(c) = [(1 - a)^2 (sqrt(1 - c^2) + (pi - acos c) c) / pi + 2 a c] / (1 + a^2); a such that C applied L times to "
     "0 is "
     "eta, L rectifiers in a row (a = 0 where that stays below eta); W = s H max(1, sqrt(O / I)) at the kernel's "
     "centre, H "
     "Haar, s = sqrt(2 / (1 + a^2)) where an activation follows, else 1; b = 0",
     "Zhang, Botev & Martens, Deep learning without shortcuts: shaping the kernel with tailored rectifiers, ICLR 2022, "
     "section 4",
     "For deep plain networks with ReLU-like activations: inputs stay apart through any depth, without normalization "
     "or "
     "shortcuts.",
     "Refused for networks with shortcuts, normalization or other activations, whose conditions are different ones. "
     "The "
     "paper's best results come with stronger optimizers than SGD.",
     tat_options, Needs::graph, "Tat.KeepsInputsApartAsFarAsEta",
     "It changes the network: every ReLU, leaky ReLU and PReLU gets the solved slope below 0. The paper's factor s on "
     "the "
     "activation's output stands in the weights before it, which is the same function."},
    {"random_impulse",
     "",
     "Depthwise filters with one tap, at a random place: fixed mixing of positions.",
     "w[y, x] = gain at one of the kH kW taps, drawn with equal chances, else 0; all other layers he_normal",
     "Zheng et al., Structured initialization for attention in vision transformers, 2024: random impulse filters "
     "(their "
     "value, the gain, is our choice: it keeps the second moment)",
     "For networks of depthwise and pointwise convolutions such as convmixer.",
     "Refused for networks without depthwise convolutions.",
     {},
     Needs::graph,
     "RandomImpulse.MovesEachChannelByOneShift"},
    {"mimetic", "covariance_filters", "Depthwise filters drawn with the covariance that trained ones are said to have.",
     "w ~ N(0, C), C(a, b) = Z(a) (Z shifted to peak at a, at b; minus Z(b) / 2), made symmetric and positive; Z(a) = "
     "exp(-|a - centre|^2 / (2 s)), s = start + growth d + acceleration d^2 / 2, d from 0 at the first depthwise layer "
     "to 1 "
     "at the last; all other layers he_normal",
     "after Trockman, Willmott & Kolter, Understanding the covariance structure of convolutional filters, ICLR 2023. "
     "Formula and constants are a reconstruction that could not be verified against the paper",
     "For networks of depthwise convolutions with kernels of 7x7 or larger, in short training.",
     "Where the paper's own numbers are to be reproduced: they are not verified. Small kernels. Refused for networks "
     "without depthwise convolutions. The mimetic initialization of attention layers is another method.",
     mimetic_options, Needs::graph, "Mimetic.HasTheCovarianceOfItsFormula"},
});

}  // namespace

std::span<const SchemeInfo> network() {
  return table;
}

}  // namespace fanin::init::rows
