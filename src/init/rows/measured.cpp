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

constexpr std::string_view batch_summary = "images that are measured";
constexpr std::string_view shift_summary = "the mean of each channel's output, where the layer has biases";
constexpr std::string_view equalize_summary =
    "then scale the layers so that rms(dL/dW) / rms(W) is the same in each (chains without normalization only)";
constexpr std::string_view patches_summary = "patches of a layer's input that are looked at";

constexpr auto data_normal_options = std::to_array<OptionInfo>({
    {"base", OptionKind::text, "normal:std=0.05", 0, 0, "", base_summary},
    {"bias", OptionKind::number, "0", -1e3, 1e3, "", shift_summary},
    {"equalize", OptionKind::flag, "false", 0, 0, "", equalize_summary},
    {"batch", OptionKind::integer, "128", 2, 65536, "", batch_summary},
});

constexpr auto pca_options = std::to_array<OptionInfo>({
    {"base", OptionKind::text, "normal:std=0.05", 0, 0, "", "the filters that find no component, any scheme"},
    {"bias", OptionKind::number, "0.1", -1e3, 1e3, "", shift_summary},
    {"equalize", OptionKind::flag, "false", 0, 0, "", equalize_summary},
    {"batch", OptionKind::integer, "128", 2, 65536, "", batch_summary},
    {"patches", OptionKind::integer, "4000", 2, 1e6, "", patches_summary},
});

constexpr auto kmeans_options = std::to_array<OptionInfo>({
    {"base", OptionKind::text, "normal:std=0.05", 0, 0, "", "the filters that find no centre, any scheme"},
    {"bias", OptionKind::number, "0.1", -1e3, 1e3, "", shift_summary},
    {"equalize", OptionKind::flag, "false", 0, 0, "", equalize_summary},
    {"batch", OptionKind::integer, "128", 2, 65536, "", batch_summary},
    {"patches", OptionKind::integer, "4000", 2, 1e6, "", patches_summary},
    {"iterations", OptionKind::integer, "10", 1, 1000, "", "rounds of k-means"},
});

constexpr auto whitening_options = std::to_array<OptionInfo>({
    {"base", OptionKind::text, "he_normal", 0, 0, "", "the scheme of all other layers and filters, any of the table"},
    {"epsilon", OptionKind::number, "0.0005", 1e-12, 1e6, "", "added to each eigenvalue: bounds the weakest filters"},
    {"images", OptionKind::integer, "5000", 1, 1e9, "", "images whose patches are looked at"},
});

constexpr auto prior_options = std::to_array<OptionInfo>({
    {"base", OptionKind::text, "he_normal", 0, 0, "", "the scheme of everything else, any of the table"},
    {"smoothing", OptionKind::number, "0", 0, 1e9, "", "images that are added to each class"},
});

constexpr auto metainit_options = std::to_array<OptionInfo>({
    {"base", OptionKind::text, "he_normal", 0, 0, "", base_summary},
    {"steps", OptionKind::integer, "50", 1, 100000, "", "steps; the paper takes 500"},
    {"batch", OptionKind::integer, "32", 1, 65536, "", "random images a step"},
    {"lr", OptionKind::number, "0.01", 1e-6, 1, "", "what a step adds to the speed of a tensor's log norm"},
    {"momentum", OptionKind::number, "0.9", 0, 0.999, "", "what a step keeps of the speed"},
    {"epsilon", OptionKind::number, "1e-5", 1e-12, 1, "", "added to a gradient that is divided by"},
});

constexpr auto gradinit_options = std::to_array<OptionInfo>({
    {"base", OptionKind::text, "he_normal:mode=fan_out", 0, 0, "", base_summary},
    {"classifier", OptionKind::number, "0.01", 0, limit, "",
     "standard deviation of the last layer's weights before the factors; 0: as the base has them"},
    {"steps", OptionKind::integer, "390", 1, 100000, "", "steps of Adam on the factors"},
    {"batch", OptionKind::integer, "128", 2, 65536, "", "images a gradient"},
    {"lr", OptionKind::number, "0.01", 1e-6, 10, "", "learning rate of the factors"},
    {"eta", OptionKind::number, "0.1", 1e-6, 100, "", "length of the training step that is looked ahead"},
    {"gamma", OptionKind::number, "1", 1e-6, 1e6, "", "the gradient's norm above which the norm is lowered instead"},
});

constexpr auto table = std::to_array<SchemeInfo>({
    {"lsuv", "layer_sequential_unit_variance",
     "Orthogonal weights, then each layer in turn scaled until its output has variance 1 on a batch of images.",
     "for each weight layer in topological order: W, b <- W, b sqrt(target / Var(z)), z the layer's output before the "
     "activation, over the batch, all channels and positions",
     "Mishkin & Matas, All you need is a good init, ICLR 2016, algorithm 1 (there tol is 0.1)",
     "For plain networks of any activation, pooling and padding, where the formulas' assumptions fail. Costs one "
     "forward pass of the batch for each layer.",
     "Behind normalization: a layer that feeds one is left as it is, since the scale is undone. Nothing is said about "
     "the gradient. Inputs should have variance near 1. A layer that gives a constant is refused.",
     lsuv_options, Needs::batch, "Lsuv.GivesEveryLayerUnitVariance"},
    {"data_normal", "weight_norm_init",
     "Normal filters, then each channel in turn scaled and shifted so that its output is standardized on a batch.",
     "for each weight layer in topological order and channel k: W_k <- W_k / sigma_k, b_k <- (b_k - mu_k) / sigma_k + "
     "bias, with mu_k, sigma_k of the channel's output over the batch and all positions",
     "Salimans & Kingma, Weight normalization, NIPS 2016, section 3 (bias 0); Kraehenbuehl, Doersch, Donahue & "
     "Darrell, "
     "Data-dependent initializations of convolutional neural networks, ICLR 2016, algorithm 1; equalize: its algorithm "
     "2",
     "For plain networks without normalization, above all with narrow layers, where channels differ in scale. Costs "
     "one forward pass of the batch for each layer.",
     "With small batches: the statistics are those of the batch. A layer that gives a constant is refused; layers "
     "without biases are scaled only.",
     data_normal_options, Needs::batch, "DataNormal.StandardizesEveryChannel"},
    {"pca", "", "Principal components of the patches that a layer sees, standardized channel by channel on a batch.",
     "W_k the k-th eigenvector of the covariance of the layer's input patches; filters beyond the components stay the "
     "base's; then scale and shift as data_normal",
     "Kraehenbuehl, Doersch, Donahue & Darrell, Data-dependent initializations of convolutional neural networks, ICLR "
     "2016, sections 3.1 and 3.2",
     "For chains of layers trained briefly or on few images. Costs, for a layer, a forward pass, the covariance of its "
     "patches and an eigendecomposition of its filters' length.",
     "In networks with branches each layer is still set by what it sees, but the paper tried chains alone. Layers of "
     "more "
     "than 1024 inputs a filter keep the base's filters.",
     pca_options, Needs::batch, "Pca.FiltersAreUncorrelated"},
    {"kmeans", "k_means",
     "Centres of the whitened patches that a layer sees, standardized channel by channel on a batch.",
     "patches centred, whitened by 1 / sqrt(lambda + 1e-3) and set to length 1; W_k the k-th centre of k-means, back "
     "through the whitening; then scale and shift as data_normal",
     "Kraehenbuehl, Doersch, Donahue & Darrell, Data-dependent initializations of convolutional neural networks, ICLR "
     "2016, sections 3.1 and 3.2",
     "For chains of layers trained briefly or on few images: early filters look like trained ones. Costs as pca, and "
     "iterations x patches x filters products a layer.",
     "As pca.", kmeans_options, Needs::batch, "Kmeans.FindsTheKindsOfPatches"},
    {"patch_whitening", "whiten_stem",
     "First layer: filters that whiten the images' patches, each with its negative; all other layers He.",
     "E x x^T = V diag(lambda) V^T over all windows x of the kernel's size; u_j = v_j / sqrt(lambda_j + epsilon) for "
     "the "
     "largest lambda; filters u_1 ... u_d, -u_1 ... -u_d, the rest the base's",
     "after Page, How to train your ResNet (2018-2019), and Jordan, 94% on CIFAR-10 in 3.29 seconds on a single GPU, "
     "2024, section 3.1 (2x2 windows, 24 filters, there frozen)",
     "For image networks that must learn in few epochs. Costs the products of all windows of `images` images: a second "
     "for 5000 of 28x28 with a 5x5 kernel.",
     "In long training the lead is lost. With a small epsilon the weakest directions are noise. The layer is not "
     "frozen "
     "here.",
     whitening_options, Needs::batch, "PatchWhitening.MakesTheFirstLayersOutputsWhite"},
    {"class_prior", "prior_bias", "The last layer's biases give the classes' frequencies; all else as the base.",
     "b_c = ln((n_c + smoothing) / (N + classes x smoothing)), n_c of the N training images in class c",
     "Lin, Goyal, Girshick, He & Dollar, Focal loss for dense object detection, ICCV 2017, section 4.1 (for one "
     "foreground class)",
     "For unbalanced classes: the first steps need not learn the frequencies. Costs one pass over the labels.",
     "For balanced classes it changes nothing: all biases are equal. Refused where a class has no image (unless "
     "smoothed) and where no bias reaches the logits.",
     prior_options, Needs::batch, "ClassPrior.StartsAtTheEntropyOfTheLabels"},
    {"metainit", "",
     "The norms of the weight tensors are moved until a step along the gradient would change the gradient least; looks "
     "at no data.",
     "GQ = mean |(g - H g) / (g + epsilon sign g) - 1| for a batch of standard normal images and random labels; for "
     "each tensor of two or more dimensions m <- momentum m - lr sign(dGQ / d|W|), ln |W| <- ln |W| + m (in the paper "
     "|W| <- |W| + m with lr 0.1); H g and the sign by differences",
     "Dauphin & Schoenholz, MetaInit: initializing learning by learning to initialize, NeurIPS 2019, section 3",
     "For plain and unusual networks whose scale nobody has worked out, and to mend one that is far off. Costs 3 "
     "gradients of a batch for each tensor and three more, in each step.",
     "For deep networks when time is short, and with normalization, which fixes the scales already. At the kinks of "
     "ReLU "
     "the quotient is noisy.",
     metainit_options, Needs::gradient, "MetaInit.MendsATenfoldScale"},
    {"gradinit", "", "A factor on each tensor is learned so that the first step of training lowers the loss most.",
     "factors a, W = a W_base, the last layer's from N(0, 0.01^2); |g| > gamma: lower |g|; else lower L(W - eta g / "
     "|g|) on a batch that shares half its "
     "images with g's; Adam on a, derivatives cut to [-1, 1]; a >= 0.01 on weights, "
     "a >= 0 on biases",
     "Zhu, Ni, Xu, Kong, Huang & Goldstein, GradInit: learning to initialize neural networks for stable and efficient "
     "training, NeurIPS 2021, algorithm 1 (first order, for SGD)",
     "For networks without normalization that start unstable. Costs 2 or 3 gradients of a batch in each step: by "
     "default "
     "about as much as 900 steps of training. The paper takes lr 0.01 for VGG-19, 0.05 for ResNet-110, both without "
     "normalization.",
     "For short trainings: it may cost more than they do. Biases that are 0 stay 0.", gradinit_options, Needs::gradient,
     "GradInit.LowersTheLossAfterOneStep"},
});

}  // namespace

std::span<const SchemeInfo> measured() {
  return table;
}

}  // namespace fanin::init::rows
