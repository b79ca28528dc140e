# Every target installs what it needs on the first call and is quick after. See README.md.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

ENV := source tools/env.sh
BUILD := cmake --preset release -Wno-dev >build/configure.log 2>&1 || { tail -n 20 build/configure.log; exit 1; }

.PHONY: build demo test test-long bench fmt lint asan tsan docs-check models clean

build:            ## build/bin/driftd and build/bin/driftctl
	@tools/setup.sh build
	@$(ENV); mkdir -p build; $(BUILD); cmake --build build/release --target driftd driftctl

demo:             ## a real table, embedded, changed, searched; leaves a daemon running
	@tools/setup.sh demo
	@$(ENV); mkdir -p build; $(BUILD); cmake --build build/release --target driftd driftctl
	@$(ENV); "$$DRIFT_VENV/bin/python" tools/demo/demo.py

test:             ## everything that CI runs
	@tools/setup.sh test
	@$(ENV); mkdir -p build; $(BUILD); cmake --build build/release
	@$(ENV); tools/run_tests.sh build/release -LE long

test-long:        ## the long random histories too
	@tools/setup.sh test
	@$(ENV); mkdir -p build; $(BUILD); cmake --build build/release
	@$(ENV); tools/run_tests.sh build/release -L long

bench:            ## tables of docs/performance.md
	@tools/setup.sh bench
	@$(ENV); mkdir -p build; $(BUILD); cmake --build build/release
	@$(ENV); "$$DRIFT_VENV/bin/python" tests/bench/bench.py --record

models:           ## files of all local models
	@tools/setup.sh models

fmt:
	@tools/setup.sh lint
	@git ls-files '*.cc' '*.h' '*.proto' | xargs clang-format -i

lint:             ## clang-format, clang-tidy, include arrows
	@tools/setup.sh lint
	@git ls-files '*.cc' '*.h' '*.proto' | xargs clang-format --dry-run -Werror
	@python3 tools/check_includes.py
	@$(ENV); cmake --preset dev -Wno-dev >/dev/null; cmake --build build/dev --target drift_generated >/dev/null; \
	  git ls-files 'server/*.cc' 'client/*.cc' | xargs -P 2 -n 8 clang-tidy --quiet -p build/dev --extra-arg=-Wno-unknown-warning-option

asan:
	@tools/setup.sh test
	@$(ENV); cmake --preset asan -Wno-dev >/dev/null; cmake --build build/asan
	@$(ENV); tools/run_tests.sh build/asan -LE 'long|e2e'

tsan:
	@tools/setup.sh test
	@$(ENV); cmake --preset tsan -Wno-dev >/dev/null; cmake --build build/tsan
	@$(ENV); tools/run_tests.sh build/tsan -LE 'long|e2e|grpc'

docs-check:       ## links, commands and names in docs/ and README.md
	@[ -x build/bin/driftctl ] || $(MAKE) build
	@python3 tools/check_docs.py

clean:
	rm -rf build/release build/dev build/asan build/tsan build/bin build/lib
