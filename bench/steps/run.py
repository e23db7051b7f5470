#!/usr/bin/env python3
"""How many images a second does a training step take? Fanin, its peers and its limits, on one core.

usage: bench/steps/run.py [--models lenet5,resnet20] [--rounds 7] [--seconds 1] [--core 0] [--only "NAME;..."]

All contenders are started and warmed up first, each pinned to the core; then they take turns, a round each, and the
medians over the rounds are printed. Python of the peers: every interpreter in FANIN_PYTHON (separated by colons), else
the one that runs this. All start from the weights and the batch that Fanin's contender wrote; one that does not start,
or whose first losses are not Fanin's, is named and not timed.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

LIMIT = "limit: bare convolutions"
HERE = pathlib.Path(__file__).resolve().parent
BATCH = {"lenet5": 64, "resnet20": 128, "vanilla20": 128}
PEERS = {
    "pytorch eager": ("torch_steps.py", "eager"),
    "pytorch channels_last": ("torch_steps.py", "channels_last"),
    "pytorch compile": ("torch_steps.py", "compile"),
    "pytorch channels_last, compile": ("torch_steps.py", "channels_last+compile"),
    "tensorflow": ("tensorflow_steps.py", "graph"),
    "tensorflow xla": ("tensorflow_steps.py", "xla"),
    "jax": ("jax_steps.py", "jit"),
    "libtorch": ("bench_steps_libtorch", "nchw"),
    "libtorch channels_last": ("bench_steps_libtorch", "channels_last"),
}
MODULE = {"torch_steps.py": "torch", "tensorflow_steps.py": "tensorflow", "jax_steps.py": "jax"}


class Contender:
    def __init__(self, name, command, core, start):
        environment = dict(os.environ, OMP_NUM_THREADS="1", XLA_FLAGS="--xla_cpu_multi_thread_eigen=false",
                           FANIN_BENCH_START=start)
        self.name, self.steps, self.data, self.facts = name, [], [], {}
        self.process = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        self.ready = line.startswith("ready ")
        if not self.ready:
            words = self.process.communicate()[1].strip().splitlines()
            print(f"{name}: not measured ({words[-1][:150] if words else 'it ended'})")
        else:
            self.note(line)

    def note(self, line):
        pairs = dict(word.split("=", 1) for word in line.split() if "=" in word)
        self.facts.update(pairs)
        return pairs

    def round(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        pairs = self.note(self.process.stdout.readline())
        self.steps.append(float(pairs["step"]))
        if "data" in pairs:
            self.data.append(float(pairs["data"]))

    def agrees(self, fanin):
        """Whether the first losses are Fanin's: the same network, weights, batch and optimizer."""
        losses = [[float(loss) for loss in c.facts["losses"].split(",")] for c in (self, fanin)]
        apart = max(abs(a - b) / b for a, b in zip(*losses, strict=True))
        if apart < 1e-3 and self.facts["parameters"] == fanin.facts["parameters"]:
            return True
        print(f"{self.name}: not measured, another network: {self.facts['parameters']} parameters, losses {losses[0]}; "
              f"fanin has {fanin.facts['parameters']} and {losses[1]}")
        self.stop()
        return False

    def stop(self):
        self.process.communicate()


def python_with(module):
    for python in os.environ.get("FANIN_PYTHON", sys.executable).split(":"):
        found = subprocess.run([python, "-c", f"import importlib.util as u; exit(not u.find_spec('{module}'))"],
                               stderr=subprocess.DEVNULL, check=False)
        if found.returncode == 0:
            return python
    return None


def wanted(name, words):
    return any(word == name if word in PEERS else word in name for word in words)


def command_of(file, options):
    """What runs a peer's file, as a list; a word about it where nothing does."""
    if file in MODULE:
        python = python_with(MODULE[file])
        return [python, HERE / file] if python else f"not installed in {os.environ.get('FANIN_PYTHON', sys.executable)}"
    program = options.build / "bench" / file
    return [program] if program.exists() else f"{program} is not built"


def measure(model, options):
    with tempfile.NamedTemporaryFile(prefix="fanin-start-") as start:
        measure_from(model, options, start.name)


def measure_from(model, options, start):
    batch, common = BATCH[model], [model, BATCH[model], options.seconds]
    contenders = [Contender(shown, [options.build / "bench" / file, *common], options.core, start)
                  for shown, file in (("fanin", "bench_steps_fanin"), (LIMIT, "bench_steps_onednn"))]
    contenders = [c for c in contenders if c.ready]
    for name, (file, mode) in PEERS.items():
        if model == "vanilla20" or (options.only and not wanted(name, options.only.split(";"))):
            continue
        command = command_of(file, options)
        if isinstance(command, str):
            print(f"{name}: {command}")
            continue
        peer = Contender(name, [*command, *common, mode], options.core, start)
        if peer.ready and contenders[0].name == "fanin" and peer.agrees(contenders[0]):
            contenders.append(peer)
    for _ in range(options.rounds):
        for contender in contenders:
            contender.round()
    for contender in contenders:
        contender.stop()
    report(model, batch, {c.name: c for c in contenders})


def report(model, batch, contenders):
    for needed in ("fanin", LIMIT):
        if needed not in contenders:
            sys.exit(f"'{needed}' was not measured; build its program first: bench/steps/README.md says how")
    rates = {name: batch / statistics.median(c.steps) for name, c in contenders.items()}
    fanin, limit = contenders["fanin"], contenders[LIMIT]
    peak, flops = float(limit.facts["peak"]), float(limit.facts["flops"])
    print(f"\n{model}, batch {batch}, float32, one core; peak {peak / 1e9:.0f} GFLOP/s")
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):
        share = f"{100 * flops * rate / batch / peak:5.1f} % of the peak"
        spread = (max(contenders[name].steps) - min(contenders[name].steps)) / statistics.median(contenders[name].steps)
        print(f"  {name:<32}{rate:10,.0f} images/s  {share}  rounds differ by {100 * spread:.0f} %")
    peers = {name: rate for name, rate in rates.items() if name not in ("fanin", limit.name)}
    if peers:
        best = max(peers, key=peers.get)
        print(f"  fanin is {rates['fanin'] / peers[best]:.2f} times the best peer ({best})")
    print(f"  fanin reaches {100 * rates['fanin'] / rates[limit.name]:.0f} % of the bare convolutions' rate")
    print(f"  making a batch takes {100 * statistics.median(fanin.data) / statistics.median(fanin.steps):.1f} % "
          f"of a step's time, beside it", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="lenet5,resnet20")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--only", help="peers of these names, or whose name holds one of these words; separated by semicolons")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build/release")
    options = parser.parse_args()
    for model in options.models.split(","):
        measure(model, options)


main()
