"""Random fills of Fanin beside torch.nn.init, NumPy, JAX and std::normal_distribution, in one run.

compare.py BENCH_INIT [--sizes 1e3,1e5,1e7] [--threads 1,2] [--repeats 5]: BENCH_INIT is the built bench_init. The
contenders take turns, repeat by repeat; each turn fills for 50 ms and keeps its fastest fill; printed is the median over the
repeats, in GB/s of values, and Fanin's ratio to each. Frameworks that are not installed are left out.
"""
import argparse
import os
import statistics
import subprocess
import time


def fastest(fill, size_in_bytes):
    fill()
    best, start = float("inf"), time.perf_counter()
    now = start
    while now - start < 0.05:
        fill()
        after = time.perf_counter()
        best = min(best, after - now)
        now = after
    return size_in_bytes / best * 1e-9


class Fanin:
    """One bench_init process; target "" lets the processor choose."""

    def __init__(self, program, target, type_="float32", kind=None):
        environment = dict(os.environ, FANIN_BENCH_TARGET=target)
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.type, self.kind = type_, kind

    def rate(self, kind, threads, size):
        if self.kind and (kind != "normal" or threads > 1):
            return None
        self.process.stdin.write(f"{self.kind or kind} {self.type} {threads} {size}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class Torch:
    def __init__(self):
        import torch

        self.torch, self.name = torch, f"torch {torch.__version__.split('+')[0]}"

    def rate(self, kind, threads, size):
        self.torch.set_num_threads(threads)
        init, tensor = self.torch.nn.init, self.torch.empty(size)
        fills = {
            "uniform": lambda: init.uniform_(tensor, -0.1, 0.1),
            "normal": lambda: init.normal_(tensor, 0, 0.02),
            "truncated": lambda: init.trunc_normal_(tensor, 0, 0.02, -0.04, 0.04),
        }
        return fastest(fills[kind], 4 * size)


class Numpy:
    def __init__(self):
        import numpy

        self.numpy, self.name = numpy, f"NumPy {numpy.__version__} Generator"
        self.generator = numpy.random.default_rng(1)

    def rate(self, kind, threads, size):
        if threads > 1 or kind == "truncated":
            return None
        out = self.numpy.empty(size, self.numpy.float32)
        draw = self.generator.random if kind == "uniform" else self.generator.standard_normal
        return fastest(lambda: draw(dtype=self.numpy.float32, out=out), 4 * size)


class Jax:
    def __init__(self):
        import jax

        self.jax, self.name = jax, f"JAX {jax.__version__}"

    def rate(self, kind, threads, size):
        if threads > 1:  # its thread pool is not set from here
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
    parser = argparse.ArgumentParser()
    parser.add_argument("bench_init")
    parser.add_argument("--sizes", default="1e3,1e5,1e7")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    contenders = {
        "Fanin": Fanin(arguments.bench_init, ""),
        "Fanin, AVX2": Fanin(arguments.bench_init, "AVX2"),
        "std::normal_distribution": Fanin(arguments.bench_init, "", kind="std"),
    }
    for make in (Torch, Numpy, Jax):
        try:
            contender = make()
            contenders[contender.name] = contender
        except ImportError:
            pass
    for kind in ("normal", "uniform", "truncated"):
        for threads in (int(text) for text in arguments.threads.split(",")):
            for size in (int(float(text)) for text in arguments.sizes.split(",")):
                rates = {name: [] for name in contenders}
                for _ in range(arguments.repeats):
                    for name, contender in contenders.items():
                        rate = contender.rate(kind, threads, size)
                        if rate is not None:
                            rates[name].append(rate)
                medians = {name: statistics.median(values) for name, values in rates.items() if values}
                text = ", ".join(
                    f"{name} {rate:.3g} GB/s" + ("" if name == "Fanin" else f" (Fanin x{medians['Fanin'] / rate:.3g})")
                    for name, rate in medians.items()
                )
                print(f"{kind}, {threads} thread(s), {size} values: {text}", flush=True)


main()
