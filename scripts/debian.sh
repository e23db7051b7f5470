# shellcheck shell=bash
# Sourced by the scripts that try Fanin on a fresh Debian: a minimal system in a folder, made by debootstrap and entered
# by chroot. Root only.
#   debian_system SUITE FOLDER PACKAGE,...   makes the system where the folder does not hold it
#   debian_enter FOLDER                      its way to the mirror, /proc and /dev; undone when the script ends
#   in_debian FOLDER COMMAND                 runs a shell command inside

debian_system() {
  local suite=$1 root=$2 packages=$3 mirror
  [ "$(id -u)" -eq 0 ] || { echo "${0##*/}: debootstrap and chroot need root" >&2; exit 2; }
  [ -e "$root/etc/debian_version" ] && [ ! -d "$root/debootstrap" ] && return
  command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap
  # The mirror that this machine's apt uses.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | head -n 1)
  [ -n "$mirror" ] || { echo "${0##*/}: apt knows no Debian mirror" >&2; exit 1; }
  rm -rf --one-file-system "$root"
  debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror"
}

debian_enter() {
  local root=$1 place
  # The machine's own way to its mirror (proxy, authentication).
  cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
  rm -f "$root"/etc/apt/apt.conf.d/*{docker,appstream,packagekit}*
  cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
  cp -L /etc/hosts "$root/etc/hosts" 2>/dev/null || true
  for place in proc dev; do mountpoint -q "$root/$place" || mount --rbind --make-rslave "/$place" "$root/$place"; done
  # Expanded now: the folder is this function's own name.
  # shellcheck disable=SC2064
  trap "umount -R -l '$root/dev' '$root/proc' 2>/dev/null || true" EXIT
}

in_debian() {
  chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM="${TERM:-dumb}" \
    DEBIAN_FRONTEND=noninteractive /bin/bash -euo pipefail -c "$2"
}
