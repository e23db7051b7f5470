#!/usr/bin/env bash
# Makes the golden files of tests/ and docs/schemes.md again from what the program gives now. Look at the difference
# before you commit it.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --test
cmake --preset release -DFANIN_TESTS=ON >/dev/null
cmake --build build/release --parallel "$(nproc)"
# The tests that read a golden file write it instead where this variable is set.
FANIN_APPROVE=1 ctest --preset release -R 'Golden' --no-tests=error
scripts/schemes-page.sh build/release/bin/fanin > docs/schemes.md
git --no-pager diff --stat -- tests docs
