#!/usr/bin/env bash
# Installs what Fanin needs from the distribution's packages: the one list of dependencies.
# usage: scripts/setup.sh [--test] [--print]
#   --test   also what only the tests need (Chromium, PyTorch, clang-format, ...)
#   --print  print the package names and install nothing
# Runs nothing when all of them are installed. Uses sudo where the user is not root.
set -euo pipefail

build_packages=(
  ca-certificates git make g++ cmake ninja-build pkg-config
  libdnnl-dev         # convolution, pooling, normalization kernels (oneDNN)
  libhwy-dev          # portable SIMD (Google Highway)
  libeigen3-dev       # QR for orthogonal initialization
  libsqlite3-dev      # results of a comparison
  libjpeg-dev libpng-dev libzip-dev zlib1g-dev  # images and archives
  nlohmann-json3-dev libfmt-dev libcli11-dev    # JSON, formatting, command line
  libjs-vega          # charts of the report, embedded at build time
  dataset-fashion-mnist  # default data
)
test_packages=(
  libgtest-dev libgmock-dev
  chromium            # opens the report, headless
  python3 python3-torch python3-numpy python3-pil  # differential tests
  clang-format ccache unzip
  zsh fish            # completions, tried in each shell
)

packages=("${build_packages[@]}")
print_only=no
for argument in "$@"; do
  case "$argument" in
    --test) packages+=("${test_packages[@]}") ;;
    --print) print_only=yes ;;
    *) echo "setup.sh: unknown option '$argument'; expected --test or --print" >&2; exit 2 ;;
  esac
done
if [ "$print_only" = yes ]; then printf '%s\n' "${packages[@]}"; exit 0; fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup.sh: this system has no apt; install the equivalents of: ${packages[*]}" >&2
  exit 1
fi
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "setup.sh: installing ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup.sh: not root and no sudo; run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
