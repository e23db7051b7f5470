#!/usr/bin/env python3
"""Every scheme of the table, trained: which of them fit a network, and which of those trains it best?

    bench/schemes/run.py --model MODEL --data DATA --out DIR [--input 3x32x32] [--skip NAME,NAME] -- COMPARE OPTIONS...

Asks the program for its schemes, tries each on the network (`fanin init`), prints why the others are refused, and
compares all that fit in one run of `fanin compare`; options after -- go to it. DIR gets the run and its report, and
refused.txt. A run that was stopped goes on (--resume).
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FANIN = ROOT / "build/release/bin/fanin"


def schemes():
    listed = subprocess.run([FANIN, "list", "schemes", "--json"], check=True, capture_output=True, text=True).stdout
    return json.loads(listed)


def refusal(row, arguments):
    """Why the network cannot start from the scheme; None where it can."""
    looks_at_images = row["facts"]["Looks at"] in ("the network and a batch of images", "the network and its gradients")
    source = ["--data", arguments.data] if looks_at_images else ["--input", arguments.input]
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            [FANIN, "init", "--model", arguments.model, "--init", row["name"], "-o", f"{folder}/weights.safetensors"]
            + source,
            capture_output=True,
            text=True,
        )
    return None if tried.returncode == 0 else tried.stderr.splitlines()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--input", default="3x32x32")
    parser.add_argument("--skip", default="", help="schemes to leave out, separated by commas")
    parser.add_argument("options", nargs="*", help="further options of fanin compare, after --")
    arguments = parser.parse_args()

    fitting, refused = [], []
    skipped = arguments.skip.split(",")
    for row in schemes():
        name = row["name"]
        if name in skipped:
            continue
        reason = refusal(row, arguments)
        if reason is None:
            fitting.append(name)
        else:
            refused.append(f"{name}: {reason}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "refused.txt").write_text("".join(line + "\n" for line in refused))
    print(f"{len(fitting)} schemes fit {arguments.model}; {len(refused)} do not:")
    for line in refused:
        print(f"  {line}")
    sys.stdout.flush()
    command = [FANIN, "compare", "--model", arguments.model, "--data", arguments.data, "--init", ",".join(fitting)]
    sys.exit(subprocess.run(command + ["--out", arguments.out, "--resume"] + arguments.options).returncode)


if __name__ == "__main__":
    main()
