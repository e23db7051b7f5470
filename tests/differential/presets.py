"""Draws layers as an installed framework initializes them: presets.py FRAMEWORK LAYERS OUT.npz.

LAYERS holds a layer a line: "conv2d O I kH kW groups bias", "linear out in bias", "batch_norm C", "prelu C". For each
preset of the framework, each layer and each of its parameters, OUT holds "PRESET:LAYER:PARAMETER" (a sample of values,
the spaces of LAYER as '_'; under the preset "alias" the LAYER is a
name that Fanin takes for an initializer of the framework, drawn into a convolution of 64 x 32 x 3 x 3) and the same with "#": count, mean, standard deviation, least and largest of all values drawn.
"""
import math
import sys

import numpy

SAMPLE = 4096


class Results:
    def __init__(self):
        self.drawn = {}

    def add(self, preset, layer, parameter, values):
        self.drawn.setdefault(f"{preset}:{layer}:{parameter}", []).append(numpy.asarray(values, numpy.float64).ravel())

    def save(self, path):
        arrays = {}
        for name, parts in self.drawn.items():
            all_values = numpy.concatenate(parts)
            step = max(1, len(all_values) // SAMPLE)
            arrays[name] = all_values[::step][:SAMPLE].copy()
            arrays[name + "#"] = numpy.array(
                [len(all_values), all_values.mean(), all_values.std(), all_values.min(), all_values.max()]
            )
        numpy.savez(path, **arrays)


def fields(layer):
    kind, *numbers = layer.split("_") if not layer.startswith("batch_norm") else ["batch_norm", layer.split("_")[-1]]
    return kind, [int(number) for number in numbers]


def copies(layer):
    """So many that the biases too are a thousand values or more, however small the layer."""
    kind, n = fields(layer)
    weights = n[0]
    if kind == "conv2d":
        weights *= n[1] // n[4] * n[2] * n[3]
    elif kind == "linear":
        weights *= n[1]
    return max(1, min(math.ceil(1000 / n[0]), math.ceil(1_000_000 / weights)))


def torch_module(layer):
    from torch import nn

    kind, n = fields(layer)
    if kind == "conv2d":
        return nn.Conv2d(n[1], n[0], (n[2], n[3]), groups=n[4], bias=bool(n[5]))
    if kind == "linear":
        return nn.Linear(n[1], n[0], bias=bool(n[2]))
    if kind == "batch_norm":
        return nn.BatchNorm2d(n[0])
    return nn.PReLU(n[0])


def add_torch_modules(results, preset, initialize, layers):
    """`initialize` takes a module that holds all the layers and treats it as the collection does."""
    import torch
    from torch import nn

    torch.manual_seed(2026)
    for start in range(0, len(layers), 16):  # a part at a time, so that few are in memory
        made = [(layer, torch_module(layer)) for layer in layers[start : start + 16] for _ in range(copies(layer))]
        with torch.no_grad():
            initialize(nn.Sequential(*[module for _, module in made]))
        for layer, module in made:
            for name, value in module.state_dict().items():
                if name != "num_batches_tracked":
                    results.add(preset, layer, name, value.numpy())


def draw_torch(results, layers):
    import torch

    add_torch_modules(results, "pytorch-default", lambda module: None, layers)
    for name in (
        "zeros_", "ones_", "uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_",
        "kaiming_uniform_", "kaiming_normal_",
    ):  # fmt: skip
        results.add("alias", name, "weight", getattr(torch.nn.init, name)(torch.empty(64, 32, 3, 3)).numpy())


# torchvision initializes in its constructors: each takes our layers in place of a block of its own.
def resnet(ours):
    from torchvision.models import resnet as module

    class Injected(module.ResNet):
        stages = iter([ours])

        def _make_layer(self, *args, **options):
            from torch import nn

            return next(self.stages, nn.Sequential())

    Injected(module.BasicBlock, [1, 1, 1, 1], num_classes=2)


def vgg(ours):
    from torchvision.models import vgg as module

    module.VGG(ours, num_classes=2, init_weights=True)


def densenet(ours):
    from torchvision.models import densenet as module

    original = module._DenseBlock
    module._DenseBlock = lambda *args, **options: ours
    try:
        module.DenseNet(growth_rate=4, block_config=(1,), num_init_features=8, num_classes=2)
    finally:
        module._DenseBlock = original


def mobilenet(ours):
    from torchvision.models import mobilenetv2 as module

    module.MobileNetV2(num_classes=2, inverted_residual_setting=[[1, 8, 1, 1]], block=lambda *args, **options: ours)


def efficientnet(ours):
    from torchvision.models import efficientnet as module

    block = module.MBConvConfig(1, 3, 1, 8, 8, 1, 1.0, 1.0, block=lambda *args, **options: ours)
    module.EfficientNet([block], dropout=0.0, num_classes=2)


def convnext(ours):
    import torch
    from torchvision.models import convnext as module

    blocks = iter([ours, torch.nn.Identity()])
    setting = [module.CNBlockConfig(8, None, 2)]
    module.ConvNeXt(setting, num_classes=2, block=lambda *args, **options: next(blocks))


def draw_torchvision(results, layers):
    for initialize in (resnet, vgg, densenet, mobilenet, efficientnet, convnext):
        add_torch_modules(results, f"torchvision-{initialize.__name__}", initialize, layers)


def draw_timm(results, layers):
    from timm.models._efficientnet_builder import efficientnet_init_weights
    from timm.models.resnet import BasicBlock, ResNet

    # Which norms end a branch is a method of timm's blocks: the scales of a network of three blocks a stage.
    for name, value in ResNet(BasicBlock, [3, 3, 3, 1], num_classes=10).state_dict().items():
        if ".bn" in name and name.endswith(".weight"):
            results.add("norms", "resnet20", name, value.numpy())
    add_torch_modules(results, "timm-resnet", lambda ours: ResNet.init_weights(ours, zero_init_last=True), layers)
    add_torch_modules(results, "timm-efficientnet", efficientnet_init_weights, layers)


KERAS = ("he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "lecun_normal", "lecun_uniform")


def draw_jax(results, layers):
    import jax

    for name in (*KERAS, "kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "normal", "uniform"):
        values = getattr(jax.nn.initializers, name)()(jax.random.key(2026), (3, 3, 32, 64))
        results.add("alias", "jax_" + name, "weight", values)


def draw_keras(results, layers):
    import keras
    from keras import layers as made_of

    keras.utils.set_random_seed(2026)

    def module(layer):
        kind, n = fields(layer)
        if kind == "conv2d":
            image, size, bias = (None, n[2] + 4, n[3] + 4, n[1]), (n[2], n[3]), bool(n[5])
            if n[4] == n[1] > 1:
                return made_of.DepthwiseConv2D(size, depth_multiplier=n[0] // n[1], use_bias=bias), image
            return made_of.Conv2D(n[0], size, groups=n[4], use_bias=bias), image
        if kind == "linear":
            return made_of.Dense(n[0], use_bias=bool(n[2])), (None, n[1])
        if kind == "batch_norm":
            return made_of.BatchNormalization(), (None, 4, 4, n[0])
        return made_of.PReLU(shared_axes=[1, 2]), (None, 4, 4, n[0])

    def draw_alias(alias, initializer):
        results.add("alias", alias, "weight", keras.ops.convert_to_numpy(initializer((3, 3, 32, 64))))

    for name in KERAS:
        draw_alias("keras_" + name, keras.initializers.get(name))
    for name in ("random_normal", "random_uniform"):
        draw_alias(name, keras.initializers.get(name))
    for name in (
        "HeNormal", "HeUniform", "GlorotNormal", "GlorotUniform", "LecunNormal", "LecunUniform", "RandomNormal",
        "RandomUniform", "TruncatedNormal", "VarianceScaling",
    ):  # fmt: skip
        draw_alias(name, getattr(keras.initializers, name)())

    names = {
        "kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
        "moving_variance": "running_var", "alpha": "weight",
    }  # fmt: skip
    for layer in layers:
        for _ in range(copies(layer)):
            made, shape = module(layer)
            made.build(shape)
            for weight in made.weights:
                results.add("keras-default", layer, names[weight.name.split("/")[-1]], keras.ops.convert_to_numpy(weight))


def draw_flax(results, layers):
    from flax import nnx

    def module(layer, rngs):
        kind, n = fields(layer)
        if kind == "conv2d":
            return nnx.Conv(n[1], n[0], (n[2], n[3]), feature_group_count=n[4], use_bias=bool(n[5]), rngs=rngs)
        if kind == "linear":
            return nnx.Linear(n[1], n[0], use_bias=bool(n[2]), rngs=rngs)
        if kind == "batch_norm":
            return nnx.BatchNorm(n[0], rngs=rngs)
        return nnx.PReLU()

    rngs = nnx.Rngs(2026)
    names = {
        "kernel": "weight", "bias": "bias", "scale": "weight", "mean": "running_mean", "var": "running_var",
        "negative_slope": "weight",
    }  # fmt: skip
    for layer in layers:
        for _ in range(copies(layer)):
            made = module(layer, rngs)
            for attribute, name in names.items():
                value = getattr(made, attribute, None)
                if isinstance(value, nnx.Variable):
                    results.add("flax-default", layer, name, numpy.asarray(value[...]))


if __name__ == "__main__":
    results = Results()
    with open(sys.argv[2]) as file:
        wanted = [line.strip().replace(" ", "_") for line in file]
    draws = {
        "torch": draw_torch, "torchvision": draw_torchvision, "timm": draw_timm, "keras": draw_keras, "jax": draw_jax,
        "flax": draw_flax,
    }  # fmt: skip
    draws[sys.argv[1]](results, wanted)
    results.save(sys.argv[3])
