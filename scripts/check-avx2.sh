#!/usr/bin/env bash
# Runs the tests as on a processor without AVX-512: oneDNN and Fanin's own loops limited to AVX2, and as many OpenMP
# threads as no machine of two cores would choose. Of what is built in build/release, or in BUILD.
# usage: scripts/check-avx2.sh [BUILD [CTEST_REGEX]]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
tests=${2:-^(random|init|engine|probe|train|compare)\\.}
export ONEDNN_MAX_CPU_ISA=AVX2 FANIN_MAX_SIMD=AVX2 OMP_NUM_THREADS=3
"$build/bin/fanin" train --model lenet5 --data fashion-mnist --init he_normal --lr 0.05 --steps 20 --train-size 2000 \
  --out "$(mktemp -d)/run" >/dev/null
ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)" --no-tests=error -LE '^slow$' -R "$tests"
