#!/usr/bin/env bash
# Tries Fanin on Debian 13 (oneDNN 3.7, GCC 14, Vega 5.28): makes the system in a folder with debootstrap, copies the
# committed tree into it and runs `make demo` and `make test` there.
# usage (as root): scripts/check-debian13.sh [FOLDER]     FOLDER (/var/tmp/fanin-debian13) is kept and used again
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-/var/tmp/fanin-debian13}
suite=trixie

[ "$(id -u)" -eq 0 ] || { echo "check-debian13.sh: debootstrap and chroot need root" >&2; exit 2; }
command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap
# The mirror that this machine's apt uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | head -n 1)
[ -n "$mirror" ] || { echo "check-debian13.sh: apt knows no Debian mirror" >&2; exit 1; }

if [ ! -e "$root/etc/debian_version" ] || [ -d "$root/debootstrap" ]; then
  rm -rf "$root"
  debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$root" "$mirror"
fi
# The machine's own way to its mirror (proxy, authentication).
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
rm -f "$root"/etc/apt/apt.conf.d/*docker* "$root"/etc/apt/apt.conf.d/*appstream* "$root"/etc/apt/apt.conf.d/*packagekit*
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
cp -L /etc/hosts "$root/etc/hosts" 2>/dev/null || true

for place in proc dev; do mountpoint -q "$root/$place" || mount --rbind "/$place" "$root/$place"; done
cleanup() { for place in dev proc; do umount -R -l "$root/$place" 2>/dev/null || true; done; }
trap cleanup EXIT

rm -rf "$root/fanin"
git clone -q . "$root/fanin"
chroot "$root" /bin/bash -c 'cd /fanin && export HOME=/root && make demo && make test'
