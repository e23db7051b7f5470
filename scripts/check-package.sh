#!/usr/bin/env bash
# Makes the Debian packages, looks at what is in them, and tries them in a fresh Debian 12 made by debootstrap: installs
# them with apt, compares two schemes on Fashion-MNIST, builds a program against the library by find_package and by
# pkg-config, and removes them again.
# usage (as root, on Debian 12): scripts/check-package.sh [FOLDER]
#   FOLDER   of the Debian systems (/var/tmp/fanin-debian12): base is kept and used again, root is made from it anew
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
folder=${1:-/var/tmp/fanin-debian12}
root=$folder/root

step() { echo "== package: $*"; }

step "build"
make package
packages=(build/package/*.deb)
ls -l "${packages[@]}"

step "content"
for package in "${packages[@]}"; do
  dpkg-deb --field "$package" Package Version Architecture Depends Installed-Size
  list=$(dpkg-deb --contents "$package")
  # Root's files, nobody else may write, nothing outside /usr.
  grep -v ' root/root ' <<<"$list" && exit 1
  grep -E '^-.{4}w|^-.{7}w' <<<"$list" && exit 1
  awk '{ print $6 }' <<<"$list" | grep -v '^\./$\|^\./usr/' && exit 1
  name=$(dpkg-deb --field "$package" Package)
  grep -q "./usr/share/doc/$name/copyright" <<<"$list" || { echo "$package: no copyright file"; exit 1; }
  if command -v lintian >/dev/null; then lintian --fail-on error "$package"; fi
done

step "a fresh Debian 12"
debian_system bookworm "$folder/base" ca-certificates
rm -rf --one-file-system "$root"
cp -a --reflink=auto "$folder/base" "$root"
debian_enter "$root"
mkdir "$root/packages"
cp "${packages[@]}" "$root/packages/"
cp -r examples "$root/examples"
in_debian "$root" "apt-get update -qq"

step "the program"
in_debian "$root" "apt-get install -y -qq ./packages/fanin_*.deb >/dev/null
  useradd -m user
  su user -c 'cd && fanin compare --model lenet5 --data fashion-mnist --init he_normal,zeros --steps 60 --train-size 5000 \
    --seeds 2 --lr 0.01..0.1:2 --lr-grow 0 --out run && test -s run/report.html && fanin report run'
  test -s /usr/share/man/man1/fanin.1.gz && zcat /usr/share/man/man1/fanin.1.gz | grep -q '^.TH'
  . /usr/share/bash-completion/completions/fanin && complete -p fanin
  test -s /usr/share/zsh/vendor-completions/_fanin && test -s /usr/share/fish/vendor_completions.d/fanin.fish"

step "the library"
in_debian "$root" "apt-get install -y -qq --no-install-recommends ./packages/libfanin*.deb cmake ninja-build g++ pkg-config >/dev/null
  cmake -S examples -B out -G Ninja >/dev/null && cmake --build out && ctest --test-dir out --output-on-failure
  ldd out/own_scheme | grep libfanin
  g++ -std=c++20 examples/own_scheme.cpp -o by_pkg_config \$(pkg-config --cflags --libs fanin)
  ./by_pkg_config
  sed -i 's/find_package(fanin REQUIRED)/find_package(fanin REQUIRED COMPONENTS static)/' examples/CMakeLists.txt
  rm -r out && cmake -S examples -B out -G Ninja >/dev/null && cmake --build out --target example_own_scheme
  ! ldd out/own_scheme | grep libfanin
  out/own_scheme"

step "removal"
in_debian "$root" "apt-get purge -y -qq fanin 'libfanin*' >/dev/null && apt-get autoremove --purge -y -qq >/dev/null
  ! find / -xdev -ipath '*fanin*' -not -path '/packages*' -not -path '/home/*' -not -path '/examples*' -not -path '/out*' | grep ."
step "passed in $SECONDS s"
