#!/usr/bin/env python3
"""What do trials lose when other processes want the cores? No more than their share, it is hoped.

usage: bench/loaded/run.py [--model lenet5] [--seconds 6] [--rounds 3] [--build build/release]

Runs one training loop a core (one thread each, as `fanin compare` does), alone and then beside one process a core that
computes without end. Fair scheduling leaves half of each core: the loops should keep about half of their rate. Wall-clock
time; the machine should be idle otherwise.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
BATCH = {"lenet5": 64, "resnet20": 128}


class Loop:
    def __init__(self, options, core):
        command = ["taskset", "-c", str(core), options.build / "bench/bench_steps_fanin", options.model,
                   str(BATCH[options.model]), str(options.seconds)]
        self.process = subprocess.Popen(command, env=dict(os.environ, OMP_NUM_THREADS="1", FANIN_BENCH_CLOCK="wall"),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def start(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def rate(self):
        facts = dict(word.split("=") for word in self.process.stdout.readline().split())
        return float(facts["rate"])


def round_of(loops):
    for loop in loops:
        loop.start()
    return sum(loop.rate() for loop in loops)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lenet5", choices=BATCH)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build/release")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    loops = [Loop(options, core) for core in cores]
    alone, beside = [], []
    for _ in range(options.rounds):
        alone.append(round_of(loops) * BATCH[options.model])
        others = [subprocess.Popen(["taskset", "-c", str(core), sys.executable, "-c", "while True: pass"])
                  for core in cores]
        time.sleep(0.2)
        beside.append(round_of(loops) * BATCH[options.model])
        for other in others:
            other.terminate()
            other.wait()
    for loop in loops:
        loop.process.communicate()
    kept = statistics.median(b / a for a, b in zip(alone, beside))
    print(f"{options.model}, {len(cores)} loops: {statistics.median(alone):,.0f} images/s alone, "
          f"{statistics.median(beside):,.0f} beside {len(cores)} others: {100 * kept:.0f} % kept; a fair share is 50 %")


main()
