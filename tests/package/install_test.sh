#!/usr/bin/env bash
# Installs the library, then builds and runs the examples as a project outside the tree: by find_package and by
# pkg-config.
# usage: install_test.sh shared|static BUILD SOURCE FOLDER COMPILER
set -euo pipefail
kind=$1 build=$2 source=$3 folder=$4 compiler=$5

rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
cmake --install "$build" --prefix "$folder/first" --component "$kind" >install.log
cmake --install "$build" --prefix "$folder/first" --component "${kind}_development" >>install.log
cmake --install "$build" --prefix "$folder/first" --component development >>install.log
mv first prefix  # what is installed can be moved
cp -r "$source/examples" project

cmake -S project -B out -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$folder/prefix" >configure.log || { cat configure.log; exit 1; }
grep -q "fanin_DIR:PATH=$folder/prefix/" out/CMakeCache.txt || { echo "another Fanin was found"; exit 1; }
cmake --build out --parallel 2
ctest --test-dir out --output-on-failure

export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$folder/prefix" -name fanin.pc)")
flags=(--cflags --libs)
[ "$kind" = static ] && flags+=(--static)
libraries=$(dirname "$(find "$folder/prefix" -name 'libfanin.*' | head -n 1)")
# shellcheck disable=SC2046  # pkg-config prints words
"$compiler" -std=c++20 project/own_scheme.cpp -o by_pkg_config $(pkg-config "${flags[@]}" fanin) -Wl,-rpath,"$libraries"
./by_pkg_config | grep "laplace:gain=0.5"

linked=$(ldd out/own_scheme)
if [ "$kind" = shared ]; then grep -q 'libfanin\.so' <<<"$linked"; else ! grep -q 'libfanin\.so' <<<"$linked"; fi
# A component that is not installed is refused with the reason.
other=$([ "$kind" = shared ] && echo static || echo shared)
sed -i "s/find_package(fanin REQUIRED)/find_package(fanin REQUIRED COMPONENTS $other)/" project/CMakeLists.txt
if cmake -S project -B refused -DCMAKE_PREFIX_PATH="$folder/prefix" >refused.log 2>&1; then
  echo "the component $other was found, although only $kind is installed"
  exit 1
fi
grep -q "no '$other' library of Fanin is installed here" <(tr -s ' \n' ' ' <refused.log)
