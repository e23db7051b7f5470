#!/usr/bin/env bash
# usage: bench/agreement/run.sh DATA [EPOCHS] [SEEDS] [RATE] [NUDGE]    prints a line a contender and seed
set -euo pipefail
data=${1:?usage: run.sh DATA [EPOCHS] [SEEDS] [RATE] [NUDGE]}
epochs=${2:-3}
seeds=${3:-3}
rate=${4:-0.02}
nudge=${5:-}
here=$(cd "$(dirname "$0")" && pwd)
program=$here/../../build/release/bench/bench_agreement
python=${FANIN_PYTHON:-/usr/bin/python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for ((seed = 0; seed < seeds; seed++)); do
  OMP_NUM_THREADS=1 "$program" "$data" "$seed" "$epochs" "$rate" "$folder/export.npz"
  OMP_NUM_THREADS=1 "$python" "$here/torch_train.py" "$seed" "$rate" "$folder/export.npz"
  [ -z "$nudge" ] || OMP_NUM_THREADS=1 "$python" "$here/torch_train.py" "$seed" "$rate" "$folder/export.npz" "$nudge"
done
