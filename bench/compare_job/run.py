#!/usr/bin/env python3
"""How long does a whole comparison take? `fanin compare` beside a PyTorch script that does the same trials.

usage: bench/compare_job/run.py FOLDER [--epochs 1] [--seeds 2] [--rounds 3] [--threads 2] [--build build/release]

FOLDER holds Fashion-MNIST's four IDX files. LeNet-5, three schemes, SGD with momentum 0.9 at rate 0.05, batch 128,
55,000 training images. Fanin runs the trials side by side on --threads cores and also evaluates 5,000 validation images
at 20 points a trial and keeps its store; PyTorch runs them one after the other with --threads threads and evaluates the
test images once. Both take turns; wall-clock time, the fastest round of each counts. Python: FANIN_PYTHON or this one.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def fanin_seconds(options):
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([options.build / "bin/fanin", "compare", "--model", "lenet5", "--data", options.folder, "--init",
                        "he_normal,xavier_normal,normal:std=0.01", "--epochs", str(options.epochs), "--seeds",
                        str(options.seeds), "--lr", "0.05", "--batch", "128", "--jobs", str(options.threads), "--out",
                        f"{folder}/run"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - start


def torch_seconds(options):
    python = os.environ.get("FANIN_PYTHON", sys.executable).split(":")[0]
    done = subprocess.run([python, HERE / "torch_compare.py", options.folder, str(options.epochs), str(options.seeds),
                           str(options.threads)], check=True, capture_output=True, text=True)
    facts = dict(word.split("=") for word in done.stdout.split())
    return float(facts["seconds"]), int(facts["images"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build/release")
    options = parser.parse_args()
    fanin, torch, images = [], [], 0
    for number in range(options.rounds):
        fanin.append(fanin_seconds(options))
        seconds, images = torch_seconds(options)
        torch.append(seconds)
        print(f"round {number + 1}: fanin {fanin[-1]:.1f} s, pytorch {torch[-1]:.1f} s", flush=True)
    print(f"fanin {images / min(fanin):,.0f} images/s (from the start of the program to the report), pytorch "
          f"{images / min(torch):,.0f} images/s (its trials alone): {min(torch) / min(fanin):.2f} times as fast")


main()
