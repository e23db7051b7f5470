"""Initialization by Fanin beside torch.nn.init, NumPy, JAX and std::normal_distribution, in one run.

compare.py BENCH_INIT [--work fills,orthogonal,resnet152,state] [--kinds normal,uniform,truncated] [--sizes 1e3,1e5,1e7]
           [--threads 1,2] [--repeats 5]

BENCH_INIT is the built bench_init (-DFANIN_BENCH=ON). The contenders take turns, repeat by repeat; each turn fills for 50
ms and keeps its fastest fill; printed is the median over the repeats, in GB/s of values, and Fanin's ratio to each. Before
any timing counts, mean and standard deviation of what each contender drew are compared with the distribution's.
Frameworks that are not installed are left out. All fill memory that was touched before.

fills       one tensor of `size` float32 values; Fanin also limited to AVX2, and its generator alone ("Philox")
orthogonal  2048x2048 and 512x4608, float32
resnet152   He normal on every convolution and linear weight, tensor by tensor; PyTorch: kaiming_normal_ on each module
state       a transformer of 6.7e9 parameters in bfloat16, tensor by tensor in one buffer; PyTorch: normal_
"""
import argparse
import math
import os
import statistics
import subprocess
import time

SIZES_OF_STATE = [32000 * 4096] * 2 + ([4096 * 4096] * 4 + [11008 * 4096] * 3) * 32
# What each kind draws: mean and standard deviation.
MOMENTS = {"normal": (0, 0.02), "std": (0, 0.02), "uniform": (0, 0.1 / math.sqrt(3)), "truncated": (0, 0.02 * 0.8796257)}


def fastest(fill, bytes_filled):
    fill()
    best, start = float("inf"), time.perf_counter()
    now = start
    while now - start < 0.05:
        fill()
        after = time.perf_counter()
        best = min(best, after - now)
        now = after
    return bytes_filled / best * 1e-9


def check(name, kind, mean, std, count):
    if kind not in MOMENTS:
        return
    expected_mean, expected_std = MOMENTS[kind]
    error = 5 / math.sqrt(count)
    if abs(mean - expected_mean) > error * expected_std or abs(std / expected_std - 1) > error:
        raise SystemExit(f"{name}, {kind}: mean {mean:g} and std {std:g} where {MOMENTS[kind]} is expected")


class Fanin:
    """One bench_init process; target "" lets the processor choose."""

    def __init__(self, program, target, kind=None):
        environment = dict(os.environ, FANIN_BENCH_TARGET=target)
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.kind = kind

    def rate(self, kind, threads, size):
        if self.kind == "bits" and kind != "uniform" or self.kind == "std" and (kind != "normal" or threads > 1):
            return None
        kind = self.kind or kind
        kind_of_values = "bfloat16" if kind == "state" else "float32"
        self.process.stdin.write(f"{kind} {kind_of_values} {threads} {size}\n")
        self.process.stdin.flush()
        rate, mean, std = map(float, self.process.stdout.readline().split())
        if isinstance(size, int):
            check("Fanin", kind, mean, std, min(size, 1000000))
        return rate


class Torch:
    def __init__(self):
        import torch

        self.torch, self.name = torch, f"torch {torch.__version__.split('+')[0]}"
        self.resnet = None

    def rate(self, kind, threads, size):
        torch, init = self.torch, self.torch.nn.init
        torch.set_num_threads(threads)
        if kind == "orthogonal":
            weight = torch.empty([int(text) for text in size.split("x")])
            return fastest(lambda: init.orthogonal_(weight), 4 * weight.numel())
        if kind == "resnet152":
            return self.rate_of_resnet()
        if kind == "state":
            return self.rate_of_state()
        tensor = torch.empty(size)
        fills = {
            "uniform": lambda: init.uniform_(tensor, -0.1, 0.1),
            "normal": lambda: init.normal_(tensor, 0, 0.02),
            "truncated": lambda: init.trunc_normal_(tensor, 0, 0.02, -0.04, 0.04),
        }
        fills[kind]()
        check("torch", kind, tensor.double().mean().item(), tensor.double().std().item(), size)
        return fastest(fills[kind], 4 * size)

    def rate_of_resnet(self):
        if self.resnet is None:
            import torchvision

            self.resnet = torchvision.models.resnet152()
        nn = self.torch.nn
        weights = [m.weight for m in self.resnet.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]

        def fill():
            for weight in weights:
                nn.init.kaiming_normal_(weight)

        return fastest(fill, 4 * sum(weight.numel() for weight in weights))

    def rate_of_state(self):
        buffer = self.torch.zeros(max(SIZES_OF_STATE), dtype=self.torch.bfloat16)
        start = time.perf_counter()
        for size in SIZES_OF_STATE:
            buffer[:size].normal_(0, 0.02)
        return 2 * sum(SIZES_OF_STATE) / (time.perf_counter() - start) * 1e-9


class Numpy:
    def __init__(self):
        import numpy

        self.numpy, self.name = numpy, f"NumPy {numpy.__version__} Generator"
        self.generator = numpy.random.default_rng(1)

    def rate(self, kind, threads, size):
        if threads > 1 or kind not in ("normal", "uniform"):
            return None
        out = self.numpy.empty(size, self.numpy.float32)
        draw = self.generator.random if kind == "uniform" else self.generator.standard_normal
        return fastest(lambda: draw(dtype=self.numpy.float32, out=out), 4 * size)


class Jax:
    def __init__(self):
        import jax

        self.jax, self.name = jax, f"JAX {jax.__version__}"

    def rate(self, kind, threads, size):
        if threads > 1 or kind not in MOMENTS:  # its thread pool is not set from here
            return None
        random, key = self.jax.random, self.jax.random.key(1)
        draws = {
            "uniform": lambda: random.uniform(key, (size,)),
            "normal": lambda: random.normal(key, (size,)),
            "truncated": lambda: random.truncated_normal(key, -2, 2, (size,)),
        }
        draw = self.jax.jit(draws[kind])
        return fastest(lambda: draw().block_until_ready(), 4 * size)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench_init")
    parser.add_argument("--work", default="fills,orthogonal,resnet152,state")
    parser.add_argument("--kinds", default="normal,uniform,truncated")
    parser.add_argument("--sizes", default="1e3,1e5,1e7")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    contenders = {
        "Fanin": Fanin(arguments.bench_init, ""),
        "Fanin, AVX2": Fanin(arguments.bench_init, "AVX2"),
        "Philox": Fanin(arguments.bench_init, "", kind="bits"),
        "Philox, AVX2": Fanin(arguments.bench_init, "AVX2", kind="bits"),
        "std::normal_distribution": Fanin(arguments.bench_init, "", kind="std"),
    }
    for make in (Torch, Numpy, Jax):
        try:
            contender = make()
            contenders[contender.name] = contender
        except ImportError:
            pass
    work = arguments.work.split(",")
    sizes = [int(float(text)) for text in arguments.sizes.split(",")]
    cases = [(kind, size, arguments.repeats) for kind in arguments.kinds.split(",") for size in sizes]
    cases = cases if "fills" in work else []
    if "orthogonal" in work:
        cases += [("orthogonal", size, arguments.repeats) for size in ("2048x2048", "512x4608")]
    cases += [("resnet152", "all weights", arguments.repeats)] if "resnet152" in work else []
    cases += [("state", "6.7e9 parameters in bfloat16", 1)] if "state" in work else []
    for kind, size, repeats in cases:
        for threads in (int(text) for text in arguments.threads.split(",")):
            rates = {name: [] for name in contenders}
            for _ in range(repeats):
                for name, contender in contenders.items():
                    asked = "0" if kind in ("resnet152", "state") else size
                    rate = contender.rate(kind, threads, asked)
                    if rate is not None:
                        rates[name].append(rate)
            medians = {name: statistics.median(values) for name, values in rates.items() if values}
            text = ", ".join(
                f"{name} {rate:.3g} GB/s" + ("" if name == "Fanin" else f" (Fanin x{medians['Fanin'] / rate:.3g})")
                for name, rate in medians.items()
            )
            print(f"{kind}, {threads} thread(s), {size}{' values' if isinstance(size, int) else ''}: {text}", flush=True)


main()
