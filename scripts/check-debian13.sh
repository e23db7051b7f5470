#!/usr/bin/env bash
# Tries Fanin on Debian 13 (oneDNN 3.7, GCC 14, Vega 5.28): makes the system in a folder with debootstrap, copies the
# committed tree into it and runs `make demo` and `make test` there.
# usage (as root): scripts/check-debian13.sh [FOLDER [STAGE...]]
#   FOLDER   kept and used again, with what was built in it (/var/tmp/fanin-debian13); remove it to begin afresh
#   STAGE    demo, test (both in this order), setup (packages only), or a shell command to run in the tree
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
root=${1:-/var/tmp/fanin-debian13}
shift || true
[ $# -gt 0 ] || set -- demo test

debian_system trixie "$root" git,make,ca-certificates
debian_enter "$root"

# Git writes only the files that differ, so a second run builds only what changed.
if [ -d "$root/fanin/.git" ]; then
  git -C "$root/fanin" fetch -q "$PWD" HEAD
  git -C "$root/fanin" reset -q --hard FETCH_HEAD
  git -C "$root/fanin" clean -q -fd
else
  rm -rf "$root/fanin"
  git clone -q . "$root/fanin"
fi

for stage in "$@"; do
  start=$SECONDS
  echo "== debian 13: $stage"
  case "$stage" in
    demo | test) in_debian "$root" "cd /fanin && make $stage" ;;
    setup) in_debian "$root" "cd /fanin && scripts/setup.sh --test" ;;
    *) in_debian "$root" "cd /fanin && $stage" ;;
  esac
  echo "== debian 13: $stage: $((SECONDS - start)) s"
done
