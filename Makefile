# What a newcomer types. Everything else is CMake (CMakePresets.json).
#   make demo    set up, build, compare initializations on Fashion-MNIST, show where the report is
#   make test    set up, build, run all tests
#   make build   build/release/bin/fanin
#   make package Debian packages in build/package
.PHONY: build demo test package setup setup-test format check-format clean

JOBS ?= $(shell nproc)
CMAKE_OPTIONS ?=

setup:
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh --test

build: setup
	@cmake --preset release $(if $(wildcard build/release/build.ninja),,-DFANIN_TESTS=OFF) $(CMAKE_OPTIONS) >/dev/null
	@cmake --build build/release --parallel $(JOBS) --target fanin
	@echo "The program is build/release/bin/fanin"

demo: build
	@scripts/demo.sh

test: setup-test
	@cmake --preset release -DFANIN_TESTS=ON $(CMAKE_OPTIONS) >/dev/null
	@cmake --build build/release --parallel $(JOBS)
	@ctest --preset release --parallel $(JOBS)

package: setup
	@cmake --preset package $(CMAKE_OPTIONS) >/dev/null
	@cmake --build build/package --parallel $(JOBS)
	@rm -f build/package/*.deb
	@cd build/package && cpack >/dev/null
	@ls build/package/*.deb

format: setup-test
	@git ls-files '*.cpp' '*.h' | xargs clang-format -i

check-format: setup-test
	@git ls-files '*.cpp' '*.h' | xargs clang-format --dry-run --Werror

clean:
	@rm -rf build
