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

constexpr auto unit_gain_options = std::to_array<OptionInfo>({
    {"gain", OptionKind::text, "1", 0, 0, "", "every singular value of the linear map: a number above 0"},
});

constexpr auto edge_options = std::to_array<OptionInfo>({
    {"q", OptionKind::text, "auto", 0, 0, "",
     "the second moment before the activation that the network keeps: a number above 0, or auto for 1 / depth"},
    {"weights", OptionKind::choice, "normal", 0, 0, "normal|orthogonal|delta_orthogonal",
     "how the weights are drawn; the first and the last layer are normal"},
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
    {"looks_linear", "", "Mirrored channels: with ReLU the whole network is linear, and an isometry, at the start.",
     "W = [[M, -M], [-M, M]] with M delta-orthogonal times the gain; first layer [M; -M], last layer [M, -M]",
     "Balduzzi, Frean, Leary, Lewis, Ma & McWilliams, The shattered gradients problem, ICML 2017, section 4",
     "For deep plain ReLU networks: inputs stay as different as they came.",
     "With max pooling, normalization or other activations the mirror breaks. Refused for odd numbers of channels and "
     "for groups.",
     unit_gain_options, Needs::graph, "LooksLinear.MakesAReluNetworkLinear"},
    {"autoinit", "",
     "Each layer scaled by the mean and variance that reach it, followed through the graph by formulas.",
     "Var W = 1 / (fan_in (nu + mu^2)), (mu, nu) from the input (0, 1) through every operator: quadrature for "
     "activations, the largest of n normals for pooling, sums for additions",
     "Bingham & Miikkulainen, AutoInit: analytic signal-preserving weight initialization for neural networks, AAAI "
     "2023, section 3",
     "For networks with pooling, dropout and unusual activations.",
     "Where branches that are added correlate: they are taken as independent.", autoinit_options, Needs::graph,
     "AutoInit.GivesEveryLayerUnitVariance"},
    {"zero_init", "zero_hadamard",
     "Only zeros and ones: partial identities, Hadamard matrices where a layer widens, zeros at branch ends.",
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
     "last layer: epsilon at c = o, -epsilon at c = o + 1; plus N(0, noise^2)",
     "Pan et al., IDInit: a universal and stable initialization method for neural network training, ICLR 2025 (the "
     "order of flattening could not be verified: option order)",
     "For residual networks trained with momentum.",
     "Where a kernel's taps should be alike: the ones fall on different taps.", idinit_options, Needs::graph,
     "IdInit.RepeatsTheIdentity"},
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
     "Zhang, Dauphin & Ma, Fixup initialization: residual learning without normalization, ICLR 2019, section 3",
     "For residual networks without normalization, of any depth. The paper's scalar biases and multipliers are part of "
     "the architecture: a model has them or not.",
     "Refused for networks without residual branches.", he_mode_options, Needs::graph,
     "Fixup.MakesTheResidualStackTheIdentity"},
    {"skipinit", "rezero", "He weights; the trainable scale at the end of each residual branch starts at alpha.",
     "y = x + alpha F(x), alpha = 0; weights as he_normal",
     "De & Smith, Batch normalization biases residual blocks towards the identity function in deep networks, NeurIPS "
     "2020, section 4; Bachlechner et al., ReZero is all you need, UAI 2021",
     "For residual networks without normalization that have such scales (resnet models: "
     "branch_scale=scalar,norm=none).",
     "Refused where the branches have no scales.", skipinit_options, Needs::graph,
     "SkipInit.MakesEveryBlockTheIdentity"},
});

}  // namespace

std::span<const SchemeInfo> network() {
  return table;
}

}  // namespace fanin::init::rows
