# A thin door to meson and the scripts in tools/. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

JOBS ?= 2
FUZZ_SECONDS ?= 60
SOAK_CALLS ?= 100000
PREFIX ?= /usr/local
DESTDIR ?=

# Optimised across files when it is linked: 6 % of what a call costs.
RELEASE := --buildtype=release -Db_ndebug=false -Db_lto=true
# What a shipped binary is built like, with debug symbols for what the tests find.
TESTED := --buildtype=debugoptimized
# Warnings are the business of the other tree: the sanitizers bring false ones.
ASAN := --buildtype=debug -Dwerror=false -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false
TSAN := --buildtype=debug -Dwerror=false -Doptimization=1 -Db_sanitize=thread -Db_lundef=false

# $(call configure,DIRECTORY,OPTIONS): meson setup, once.
configure = [[ -f $(1)/build.ninja ]] || meson setup $(1) $(2) >$(1).log 2>&1 || { cat $(1).log; exit 1; }; rm -f $(1).log

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install what is needed to build and run
	@tools/install-deps

.PHONY: build
build: deps ## build the server and its command line into build/
	@$(call configure,build,$(RELEASE) --prefix=$(PREFIX))
	@ninja -C build

.PHONY: run
run: build ## start the server with a demonstration customer and two numbers (Ctrl-C ends it)
	@tools/run

.PHONY: demo
demo: build ## two softphones call each other through the server; prints the ladder and the quality
	@tools/install-deps demo
	@tools/demo

.PHONY: test
test: build ## build and run everything, under the sanitizers as well
	@tools/install-deps test
	@$(call configure,build-test,$(TESTED))
	@$(call configure,build-asan,$(ASAN))
	@$(call configure,build-tsan,$(TSAN))
	@ninja -C build-test
	@ninja -C build-asan
	@ninja -C build-tsan
	@tools/run-tests --jobs $(JOBS) build-test build-asan=unit,sim,fuzz,oom,conformance,live build-tsan=threads

.PHONY: tsan
tsan: ## unit tests and all live tests under the thread sanitizer
	@tools/install-deps test
	@$(call configure,build-tsan,$(TSAN))
	@ninja -C build-tsan
	@tools/run-tests --jobs $(JOBS) build-tsan=unit,live

.PHONY: oom
oom: ## every unit test and scenario again with each single allocation failing (make test: samples of them)
	@tools/install-deps test
	@$(call configure,build-asan,$(ASAN))
	@ninja -C build-asan
	@OPENGATE_OOM_ALL=1 tools/run-tests --jobs $(JOBS) build-asan=oom

.PHONY: valgrind
valgrind: ## calls of every kind, restarts and a small load with the server in valgrind
	@tools/install-deps test
	@$(call configure,build-test,$(TESTED))
	@ninja -C build-test
	@for test in sipp restart load; do OPENGATE_VALGRIND=1 OPENGATE_LOAD_CALLS=300 OPENGATE_LOAD_RATE=10 \
		tools/run-tests --only live/test_$$test build-test; done

.PHONY: soak
soak: build ## SOAK_CALLS (100000) SIPp calls with sound through the release build; memory must stay flat
	@tools/install-deps test
	@OPENGATE_BUILD=$(CURDIR)/build OPENGATE_LOAD_CALLS=$(SOAK_CALLS) OPENGATE_LOAD_RATE=250 python3 tests/live/test_load.py

.PHONY: bench
bench: build ## CPU time and memory beside Kamailio and rtpengine; PART="calls media" for single parts
	@tools/install-deps bench
	@OPENGATE_BUILD=$(CURDIR)/build python3 tests/bench/bench.py $(PART)

.PHONY: kill
kill: build ## kill -9 the server ten times under 200 calls with media; nothing may be lost
	@tools/install-deps test
	@OPENGATE_BUILD=$(CURDIR)/build OPENGATE_KILL_CALLS=200 OPENGATE_KILL_ROUNDS=10 python3 tests/live/test_kill.py

.PHONY: storm
storm: build ## 1,000,000 broken datagrams at the release build, while phones register and call
	@tools/install-deps test
	@OPENGATE_BUILD=$(CURDIR)/build OPENGATE_STORM_DATAGRAMS=1000000 OPENGATE_STORM_RATE=5000 python3 tests/live/test_mutated.py

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZ_SECONDS (60)
	@tools/install-deps test
	@tools/fuzz $(FUZZ_SECONDS)

.PHONY: lint
lint: ## clang-format, shellcheck, layers and clang-tidy
	@tools/install-deps test
	@$(call configure,build-test,$(TESTED))
	@ninja -C build-test
	@python3 tests/tools/check_layers.py .
	@python3 tests/tools/check_format.py .
	@run-clang-tidy -quiet -p build-test -j $(JOBS) '/(src|cli)/.*\.c$$' 2>/dev/null | grep -v '^clang-tidy-' || true

.PHONY: format
format: ## format all C files
	@find src cli tests -name '*.[ch]' -print0 2>/dev/null | xargs -0 clang-format -i

.PHONY: install
install: build ## install into PREFIX (/usr/local)
	@DESTDIR=$(DESTDIR) meson install -C build

.PHONY: clean
clean: ## remove what was built (not data/)
	@rm -rf build build-test build-asan build-tsan build-fuzz
