#!/usr/bin/env bash
# The main job on real data: which initialization trains LeNet-5 and a plain 20-layer CNN best, and why?
# usage: scripts/demo.sh [FOLDER]    results go to FOLDER (fanin-demo); a folder with results is continued.
set -euo pipefail
cd "$(dirname "$0")/.."
fanin=build/release/bin/fanin
out=${1:-fanin-demo}
schemes=zeros,normal:std=0.01,xavier_normal,lecun_normal,he_normal,orthogonal

echo "1 of 2: LeNet-5 with ReLU"
"$fanin" compare --model lenet5 --data fashion-mnist --init "$schemes" --lr 0.003..0.3:5 --steps 300 --batch 64 \
  --seeds 5 --validation-size 1000 --evaluate-every 30 --target 0.75 --out "$out/lenet5" --resume
echo
echo "2 of 2: a plain CNN of 20 convolutions with ReLU, without normalization"
"$fanin" compare --model vanilla:depth=20,width=16 --data fashion-mnist --init "$schemes" --lr 0.0003..0.03:5 \
  --steps 400 --batch 64 --seeds 5 --validation-size 1000 --evaluate-every 40 --target 0.5 --out "$out/vanilla20" --resume
echo
"$fanin" report "$out/lenet5" "$out/vanilla20" -o "$out/report.html"
