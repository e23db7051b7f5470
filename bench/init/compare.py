"""Initialization by Fanin beside torch.nn.init, NumPy, JAX and std::normal_distribution, in one run.

compare.py BENCH_INIT [--work fills,orthogonal,resnet152,resnet152_new,resnet152_report,state]
           [--kinds normal,uniform,truncated] [--sizes 1e3,1e5,1e7] [--threads 1,2] [--repeats 5] [--shard 0/8] [--cpu]

BENCH_INIT is the built bench_init (-DFANIN_BENCH=ON). The contenders take turns, repeat by repeat; each turn fills for 50
ms and keeps its fastest fill; printed is the median over the repeats, in GB/s of values, and Fanin's ratio to each. Before
any timing counts, mean and standard deviation of what each contender drew are compared with the distribution's, and of
an orthogonal matrix W W^T with the identity. Frameworks that are not installed are left out. All fill memory that was
touched before, but for resnet152_new and resnet152_report. With --cpu the seconds are those that all threads of a
contender computed: for one thread on a busy machine, and to see what a second thread costs.

fills       one tensor of `size` float32 values; Fanin also limited to AVX2, and its generator alone ("Philox")
orthogonal  2048x2048 and 512x4608, float32
resnet152   the initial state of a ResNet-152, He normal on every convolution and linear weight; PyTorch: kaiming_normal_ on
            each of torchvision's modules. GB/s of weights
resnet152_new     the same into new memory: init::initialize; PyTorch: torch.empty and kaiming_normal_
resnet152_report  the same, and mean, deviation, minimum and maximum of each weight
state       shard I of N of every tensor of a transformer of 6.7e9 parameters in bfloat16, all shards into one buffer;
            PyTorch, which has no shards, normal_ on as many values. --shard 0/1 is the whole state
"""
import argparse
import math
import os
import statistics
import subprocess
import time

SIZES_OF_STATE = [32000 * 4096] * 2 + ([4096 * 4096] * 4 + [11008 * 4096] * 3) * 32
RESNETS = ("resnet152", "resnet152_new", "resnet152_report")
LARGEST_OF_RESNET = (512, 512, 3, 3)  # its first weight of this shape is the one whose moments are compared
# What each kind draws: mean and standard deviation.
MOMENTS = {
    "normal": (0, 0.02),
    "std": (0, 0.02),
    "uniform": (0, 0.1 / math.sqrt(3)),
    "truncated": (0, 0.02 * 0.8796257),
    "state": (0, 0.02),
    **{kind: (0, math.sqrt(2 / (512 * 9))) for kind in RESNETS},
}
# The same of NumPy's and JAX's calls, which draw on [0, 1) and with deviation 1.
STANDARD = {"normal": (0, 1), "uniform": (0.5, 1 / math.sqrt(12)), "truncated": (0, 0.8796257)}


clock = time.perf_counter


def fastest(fill, bytes_filled):
    fill()
    best, start = float("inf"), clock()
    now = start
    while now - start < 0.05:
        fill()
        after = clock()
        best = min(best, after - now)
        now = after
    return bytes_filled / best * 1e-9


def check(name, kind, mean, std, count, moments=MOMENTS):
    if kind not in moments:
        return
    expected_mean, expected_std = moments[kind]
    error = 5 / math.sqrt(count)
    if not abs(mean - expected_mean) <= error * expected_std or not abs(std / expected_std - 1) <= error:
        raise SystemExit(f"{name}, {kind}: mean {mean:g} and std {std:g} where {moments[kind]} is expected")


def check_orthogonal(name, size, error):
    if not error < 1e-5:
        raise SystemExit(f"{name}, orthogonal {size}: W W^T is off the identity by {error:g}")


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
        rate, mean, std, error = map(float, self.process.stdout.readline().split())
        if kind == "orthogonal":
            check_orthogonal("Fanin", size, error)
        check("Fanin", kind, mean, std, min(size, 1000000) if isinstance(size, int) else 1000000)
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
            init.orthogonal_(weight)
            gram = weight.double() @ weight.double().T
            check_orthogonal("torch", size, (gram - torch.eye(len(gram))).abs().max().item())
            return fastest(lambda: init.orthogonal_(weight), 4 * weight.numel())
        if kind in RESNETS:
            return self.rate_of_resnet(kind)
        if kind == "state":
            return self.rate_of_state(int(size.split("/")[1]))
        tensor = torch.empty(size)
        fills = {
            "uniform": lambda: init.uniform_(tensor, -0.1, 0.1),
            "normal": lambda: init.normal_(tensor, 0, 0.02),
            "truncated": lambda: init.trunc_normal_(tensor, 0, 0.02, -0.04, 0.04),
        }
        fills[kind]()
        check("torch", kind, tensor.double().mean().item(), tensor.double().std().item(), size)
        return fastest(fills[kind], 4 * size)

    def check(self, kind, values):
        drawn = values.flatten()[:1000000].double()
        check("torch", kind, drawn.mean().item(), drawn.std().item(), len(drawn))

    def rate_of_resnet(self, kind):
        torch, nn = self.torch, self.torch.nn
        if self.resnet is None:
            import torchvision

            self.resnet = torchvision.models.resnet152()
        weights = [m.weight.detach() for m in self.resnet.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]

        def fill():
            for weight in weights:
                nn.init.kaiming_normal_(weight)

        def fill_new():
            new = [nn.init.kaiming_normal_(torch.empty(weight.shape)) for weight in weights]
            if kind == "resnet152_report":
                for weight in new:
                    weight.mean(), weight.std(), weight.min(), weight.max()
            return new

        if kind == "resnet152":
            fill()
            filled = weights
        else:
            filled = fill_new()
        self.check(kind, next(weight for weight in filled if weight.shape == LARGEST_OF_RESNET))
        return fastest(fill if kind == "resnet152" else fill_new, 4 * sum(weight.numel() for weight in weights))

    def rate_of_state(self, shards):
        sizes = [size // shards for size in SIZES_OF_STATE]
        buffer = self.torch.zeros(max(sizes), dtype=self.torch.bfloat16)
        self.check("state", buffer.normal_(0, 0.02))
        start = clock()
        for size in sizes:
            buffer[:size].normal_(0, 0.02)
        return 2 * sum(sizes) / (clock() - start) * 1e-9


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
        draw(dtype=self.numpy.float32, out=out)
        check("NumPy", kind, out.mean(dtype=float), out.std(dtype=float), size, STANDARD)
        return fastest(lambda: draw(dtype=self.numpy.float32, out=out), 4 * size)


class Jax:
    def __init__(self):
        import jax

        self.jax, self.name = jax, f"JAX {jax.__version__}"

    def rate(self, kind, threads, size):
        if threads > 1 or kind not in STANDARD:  # its thread pool is not set from here
            return None
        random, key = self.jax.random, self.jax.random.key(1)
        draws = {
            "uniform": lambda: random.uniform(key, (size,)),
            "normal": lambda: random.normal(key, (size,)),
            "truncated": lambda: random.truncated_normal(key, -2, 2, (size,)),
        }
        draw = self.jax.jit(draws[kind])
        drawn = draw()
        check("JAX", kind, float(drawn.mean()), float(drawn.std()), size, STANDARD)
        return fastest(lambda: draw().block_until_ready(), 4 * size)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench_init")
    parser.add_argument("--work", default="fills,orthogonal,resnet152,state")
    parser.add_argument("--kinds", default="normal,uniform,truncated")
    parser.add_argument("--sizes", default="1e3,1e5,1e7")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--shard", default="0/8", help="of the state: I/N")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall time")
    arguments = parser.parse_args()
    if arguments.cpu:
        global clock
        clock = time.process_time
        os.environ["FANIN_BENCH_CLOCK"] = "cpu"
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
    cases += [(kind, "all weights", arguments.repeats) for kind in RESNETS if kind in work]
    cases += [("state", arguments.shard, arguments.repeats)] if "state" in work else []
    for kind, size, repeats in cases:
        for threads in (int(text) for text in arguments.threads.split(",")):
            rates = {name: [] for name in contenders}
            for _ in range(repeats):
                for name, contender in contenders.items():
                    asked = "0" if kind in RESNETS else size
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
