# Two commands do everything: `make run` and `make test`. Each installs what it needs first (tests/setup.sh).
#
#   make run ARGS="--policy strict"     build, then serve on 127.0.0.1:7800
#   make test                           every check and every test
#   make bench                          all figures side by side, into BENCHMARKS.md; with ARGS=… only those asked for, to the screen
#   make load ARGS=…                    agents and viewers against a service; `make load ARGS=--help` says what can be asked
#   make soak                           the long one: 10,000 mixed sessions; figures to the screen, pictures to target/soak.html
#   make compare                        our snapshots beside Playwright's own, over real pages
#   make storm                          malformed messages to every front end; nothing may crash, hang or stay
#   make kills                          ends the service at random points around approvals; nothing may be lost or run twice
#   make viewer | fmt | lint            one part of it

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
ARGS ?=

VIEWER_BUILT := target/stamps/viewer-built
VIEWER_SOURCES := $(shell find viewer -type d \( -name node_modules -o -name dist \) -prune -o -type f ! -name '*.rs' ! -name Cargo.toml -print)
# A Rust build before the first viewer build puts a page there that only says so; a removed folder must be built again too.
ifneq ($(shell grep -L helmwatch-viewer-not-built viewer/dist/index.html 2>/dev/null),viewer/dist/index.html)
$(VIEWER_BUILT): rebuild
endif

.PHONY: help run test bench load soak compare kills storm viewer fmt lint rebuild

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed -n '1,11p'

run:
	@tests/setup.sh run
	@$(MAKE) --silent --no-print-directory $(VIEWER_BUILT)
	cargo build --locked --release -p helmwatch
	@exec target/release/helmwatch serve $(ARGS)

test:
	@tests/setup.sh test
	@$(MAKE) --silent --no-print-directory $(VIEWER_BUILT)
	@tests/run.sh

# The standard set, when nothing else is asked for.
bench: ARGS := $(if $(ARGS),$(ARGS),--write BENCHMARKS.md --json target/bench.json)

bench load compare kills storm:
	@tests/setup.sh test
	@$(MAKE) --silent --no-print-directory $(VIEWER_BUILT)
	cargo build --locked --release -p helmwatch -p helmwatch-tests
	@exec target/release/helmwatch-$@ $(ARGS)

# As many sessions a second as two cores take with room to spare; `make soak SOAK_SESSIONS=1000` for a shorter one.
SOAK_SESSIONS ?= 10000
SOAK_RATE ?= 4
soak:
	@$(MAKE) --silent --no-print-directory load ARGS="--scenario soak --sessions $(SOAK_SESSIONS) --rate $(SOAK_RATE) --limit 32 \
		--json target/soak.json --report target/soak.html $(ARGS)"

viewer:
	@tests/setup.sh viewer
	@$(MAKE) --silent --no-print-directory $(VIEWER_BUILT)

$(VIEWER_BUILT): $(VIEWER_SOURCES)
	npm --prefix viewer run --silent build
	@mkdir -p $(@D)
	@touch $@

fmt:
	cargo fmt --all

lint:
	@tests/setup.sh viewer
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	npm --prefix viewer run --silent check
