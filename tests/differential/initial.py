"""Initial weights as the installed frameworks draw them, into a .npz: initial.py torch|torchvision|numpy|jax OUT."""
import math
import sys

import numpy


def torch_draws():
    import torch
    from torch import nn

    from torch_models import LeNet5, ResNet20

    class Vgg11(nn.Module):
        def __init__(self, norm):
            super().__init__()
            before = 3
            for stage, widths in enumerate([[64], [128], [256, 256], [512, 512], [512, 512]]):
                for i, width in enumerate(widths):
                    place = f"{stage + 1}_{i + 1}"
                    setattr(self, "conv" + place, nn.Conv2d(before, width, 3, padding=1))
                    if norm:
                        setattr(self, "bn" + place, nn.BatchNorm2d(width))
                    before = width
            self.fc = nn.Linear(512, 10)

    def fan_out(conv):
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")

    def small(linear):
        nn.init.normal_(linear.weight, 0, 0.01)

    def by_outputs(linear):
        bound = 1.0 / math.sqrt(linear.out_features)
        nn.init.uniform_(linear.weight, -bound, bound)

    def goog(conv):
        fan = conv.kernel_size[0] * conv.kernel_size[1] * conv.out_channels // conv.groups
        conv.weight.data.normal_(0, math.sqrt(2.0 / fan))

    def truncated(module):
        nn.init.trunc_normal_(module.weight, std=0.02)

    # What the models' own loops over modules() do to weights, and which biases become 0.
    loops = {
        "pytorch-default": (None, None, ()),
        "torchvision-resnet": (fan_out, None, ()),
        "torchvision-vgg": (fan_out, small, (nn.Conv2d, nn.Linear)),
        "torchvision-densenet": (lambda conv: nn.init.kaiming_normal_(conv.weight), None, (nn.Linear,)),
        "torchvision-mobilenet": (fan_out, small, (nn.Conv2d, nn.Linear)),
        "torchvision-efficientnet": (fan_out, by_outputs, (nn.Conv2d, nn.Linear)),
        "torchvision-convnext": (truncated, truncated, (nn.Conv2d, nn.Linear)),
        "timm-efficientnet": (goog, by_outputs, (nn.Conv2d, nn.Linear)),
    }
    models = {
        "lenet5": lambda: LeNet5(1, 10, 28),
        "resnet20": lambda: ResNet20(3, 10, 32),
        "vgg11": lambda: Vgg11(False),
        "vgg11_bn": lambda: Vgg11(True),
    }

    def build(model, preset, dtype=torch.float32):
        torch.set_default_dtype(dtype)
        torch.manual_seed(0)
        module = models[model]()
        on_conv, on_linear, zero_bias = loops[preset]
        for part in module.modules():
            for kind, action in ((nn.Conv2d, on_conv), (nn.Linear, on_linear)):
                if not isinstance(part, kind):
                    continue
                if action:
                    action(part)
                if isinstance(part, zero_bias) and part.bias is not None:
                    nn.init.zeros_(part.bias)
        torch.set_default_dtype(torch.float32)
        return module

    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    draws = {}
    for preset in loops:
        if preset == "torchvision-convnext" and version < (2, 12):
            continue  # another algorithm
        for model in models if preset == "pytorch-default" else ("lenet5", "vgg11"):
            for name, value in build(model, preset).state_dict().items():
                if not name.endswith("num_batches_tracked"):
                    draws[f"{model}/{preset}/{name}"] = value
    for name, value in build("lenet5", "pytorch-default", torch.float64).state_dict().items():
        draws[f"lenet5-double/pytorch-default/{name}"] = value

    shapes = {"2d": (30, 50), "tall": (50, 20), "4d": (24, 10, 3, 3), "tiny": (3, 4)}
    calls = {
        "he_normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
        "he_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
        "he_normal:mode=fan_out": lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
        "xavier_normal": nn.init.xavier_normal_,
        "xavier_uniform": nn.init.xavier_uniform_,
        "xavier_normal:gain=1.5": lambda w: nn.init.xavier_normal_(w, gain=1.5),
        "normal:mean=0.5,std=0.1": lambda w: nn.init.normal_(w, 0.5, 0.1),
        "uniform:low=-0.2,high=0.3": lambda w: nn.init.uniform_(w, -0.2, 0.3),
    }
    if version >= (2, 12):
        calls["truncated_normal:bounds=absolute,std=0.7,low=-1,high=0.5"] = lambda w: nn.init.trunc_normal_(
            w, 0.0, 0.7, -1.0, 0.5)
        calls["truncated_normal:std=0.02"] = lambda w: nn.init.trunc_normal_(w, 0.0, 0.02, -0.04, 0.04)
    for dtype, suffix in ((torch.float32, ""), (torch.float64, "-double")):
        for scheme, call in calls.items():
            for key, shape in shapes.items():
                if key == "tiny" and suffix and version < (2, 13):
                    continue  # its last bits are those of another rounding
                torch.manual_seed(3)
                draws[f"call{suffix}/{scheme}/{key}"] = call(torch.empty(shape, dtype=dtype))
    for key, shape in shapes.items():
        torch.manual_seed(3)
        draws[f"near/orthogonal:gain=1.25/{key}"] = nn.init.orthogonal_(torch.empty(shape), gain=1.25)
    return {name: value.detach().numpy() for name, value in draws.items()}


def torchvision_draws():
    import torch
    from torchvision import models

    draws = {}
    for model in ("resnet18", "resnet50"):
        torch.manual_seed(0)
        for name, value in getattr(models, model)(num_classes=10).state_dict().items():
            if not name.endswith("num_batches_tracked"):
                draws[f"{model}/torchvision-resnet/{name}"] = value.numpy()
    return draws


def numpy_draws():
    draws = {}
    for key, shape in {"1d": (5,), "2d": (3, 4), "4d": (64, 3, 7, 7), "3d": (20, 5, 9), "5d": (2, 3, 2, 2, 2)}.items():
        numpy.random.seed(7)
        draws[f"line/textbook_random/{key}"] = numpy.random.randn(*shape) * 0.01
        if len(shape) > 1:
            numpy.random.seed(7)
            draws[f"line/textbook_xavier/{key}"] = numpy.random.randn(*shape) * numpy.sqrt(
                2 / (shape[0] + shape[1]))
    return draws


def jax_draws():
    import jax
    from flax import nnx

    draws = {}

    def ours(kernel):
        kernel = numpy.asarray(kernel)
        return numpy.transpose(kernel, (kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2)))

    # Fanin's (O, I, kH, kW) is JAX's (kH, kW, I, O); one key a tensor, fold_in(key(3), 0).
    key = jax.random.fold_in(jax.random.key(3), 0)
    for name, shape in {"2d": (50, 30), "4d": (3, 3, 10, 24)}.items():
        for scale, scheme in ((1, "xavier"), (2, "he"), (1, "lecun")):
            mode = "fan_avg" if scheme == "xavier" else "fan_in"
            for distribution, ending in (("normal", "normal"), ("uniform", "uniform")):
                make = jax.nn.initializers.variance_scaling(scale, mode, distribution)
                draws[f"call/{scheme}_{ending}/{name}"] = ours(make(key, shape))
            make = jax.nn.initializers.variance_scaling(scale, mode, "truncated_normal")
            draws[f"call/variance_scaling:scale={scale},mode={mode}/{name}"] = ours(make(key, shape))

    rngs = nnx.Rngs(0)
    modules = [("conv1", nnx.Conv(1, 6, (5, 5), rngs=rngs)), ("conv2", nnx.Conv(6, 16, (5, 5), rngs=rngs)),
               ("fc1", nnx.Linear(400, 120, rngs=rngs)), ("fc2", nnx.Linear(120, 84, rngs=rngs)),
               ("fc3", nnx.Linear(84, 10, rngs=rngs))]
    for name, module in modules:
        draws[f"lenet5/flax-default/{name}.weight"] = ours(module.kernel[...])
        draws[f"lenet5/flax-default/{name}.bias"] = numpy.asarray(module.bias[...])
    rngs = nnx.Rngs(0)
    draws["normed/flax-default/conv1_1.weight"] = ours(
        nnx.Conv(3, 64, (3, 3), rngs=rngs).kernel[...])
    nnx.BatchNorm(64, rngs=rngs)
    draws["normed/flax-default/conv2_1.weight"] = ours(nnx.Conv(64, 128, (3, 3), rngs=rngs).kernel[...])
    return draws


FRAMEWORKS = {"torch": torch_draws, "torchvision": torchvision_draws, "numpy": numpy_draws, "jax": jax_draws}
numpy.savez(sys.argv[2], **FRAMEWORKS[sys.argv[1]]())
