"""Draws from the installed frameworks into a .npz: streams.py torch|numpy OUT."""
import sys

import numpy


def torch_draws():
    import torch
    from torch import nn

    torch.manual_seed(0)
    modules = [
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 16, 5, groups=4, bias=False),
        nn.ConvTranspose2d(16, 6, 3),
        nn.Linear(7, 1),  # fewer than 16 elements
        nn.Linear(100, 10),
    ]
    draws = {}
    for i, module in enumerate(modules):
        if isinstance(module, nn.BatchNorm2d):
            continue
        draws[f"{i}.weight"] = module.weight
        if module.bias is not None:
            draws[f"{i}.bias"] = module.bias
    # Again by nn.init, over weights whose defaults were drawn and are thrown away.
    again = nn.Conv2d(5, 7, 3)
    nn.init.kaiming_normal_(again.weight, mode="fan_out", nonlinearity="relu")
    draws["again"] = again.weight
    small = torch.empty(3, 3)
    draws["small"] = nn.init.xavier_normal_(small)
    draws["small2"] = nn.init.normal_(torch.empty(2), 0.5, 2.0)
    draws["double"] = nn.init.normal_(torch.empty(1001, dtype=torch.float64), -1.0, 0.3)
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 12):
        draws["truncated"] = nn.init.trunc_normal_(torch.empty(1003), 0.1, 0.7, -0.5, 1.0)
        draws["rare"] = nn.init.trunc_normal_(torch.empty(1003), 0.1, 0.7, 1.0, 2.5)
        draws["double_truncated"] = nn.init.trunc_normal_(torch.empty(103, dtype=torch.float64), 0.1, 0.7, -0.5, 1.0)
    return {name: value.detach().numpy() for name, value in draws.items()}


def numpy_draws():
    shape = (20, 5, 3, 3)
    numpy.random.seed(7)
    draws = {"random": numpy.random.randn(*shape) * 0.01}
    draws["xavier"] = numpy.random.randn(*shape) * numpy.sqrt(2 / (shape[0] + shape[1]))
    draws["uniform"] = numpy.random.uniform(-0.3, 0.7, 101)
    rng = numpy.random.default_rng(7)
    draws["generator_normal"] = rng.normal(0.5, 0.02, 100001)
    draws["generator_uniform"] = rng.uniform(-0.3, 0.7, 101)
    halves = numpy.random.default_rng(9)
    draws["generator_float_normal"] = halves.standard_normal(1001, numpy.float32) * numpy.float32(0.02) + numpy.float32(0.5)
    draws["generator_float_uniform"] = halves.random(101, numpy.float32) * numpy.float32(1.25) + numpy.float32(-0.5)
    draws["generator_float"] = rng.standard_normal(100001, dtype=numpy.float32)
    return draws


numpy.savez(sys.argv[2], **{"torch": torch_draws, "numpy": numpy_draws}[sys.argv[1]]())
