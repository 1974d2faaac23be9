# Everything a person types here. `make help` lists it.

SHELL := /bin/bash
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
WEB_SOURCES := $(shell find web/src web/build web/public web/index.html web/vite.config.ts web/tsconfig.json web/package.json -type f 2>/dev/null)
WEB_READY := web/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help run build web server test lint e2e bench bench-janus bench-steps simulate instructions profile load scenarios screenshots test-janus clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 22

run: ## build what is missing, start the server, print the links (ARGS="--http-addr …" is passed on)
	@.ci/install.sh build
	@$(MAKE) --no-print-directory build
	@TARGET="$(TARGET)" .ci/start.sh $(ARGS)

build: web server ## build the web pages and the server

web: web/dist/index.html

# The pages are embedded in the binary, so they come first.
server: web
	@echo "== server (release)"
	cargo build --release -p sfu-server

$(WEB_READY): web/package-lock.json web/package.json web/.npmrc
	@echo "== web: packages"
	cd web && npm ci --loglevel=error
	@touch $@

web/dist/index.html: $(WEB_SOURCES) $(WEB_READY)
	@echo "== web: pages"
	cd web && npm run --silent build
	@touch $@

test: ## every check and every test, counted at the end
	@.ci/install.sh test
	@TARGET="$(TARGET)" .ci/test.sh

lint: $(WEB_READY) ## formatting, clippy, dependency rules, the web's lints
	@.ci/install.sh lint
	@TARGET="$(TARGET)" .ci/test.sh lint

e2e: ## the browser tests alone (FILTER=firefox picks files)
	@.ci/install.sh test
	@TARGET="$(TARGET)" .ci/test.sh e2e

# Each client takes a descriptor, and a shell's soft limit is often 1,024.
# Built together with the server: apart, their dependencies' features differ, and both would be compiled twice.
load: web ## build the server and sfu-load, the headless clients
	@echo "== server and headless clients (release)"
	cargo build --release -p sfu-server -p load-tests --bins

bench: ## CPU per forwarded packet, memory, latency by crowd (ARGS="--quick", ARGS="--only 'webinar-*'")
	@.ci/install.sh build
	@$(MAKE) --no-print-directory load
	ulimit -n "$$(ulimit -H -n)"; "$(TARGET)/release/sfu-load" bench --out "$(TARGET)/bench" $(ARGS)

bench-janus: ## the same loads on this server and on Debian's Janus, and the ratio of their costs
	@.ci/install.sh build
	@.ci/install.sh janus
	@$(MAKE) --no-print-directory load
	ulimit -n "$$(ulimit -H -n)"; "$(TARGET)/release/sfu-load" bench-janus --out "$(TARGET)/bench" $(ARGS)

# Its licence (CDDL) is for a tool beside the server, not for a part of it.
INFERNO := $(TARGET)/tools/bin/inferno-flamegraph
$(INFERNO):
	CARGO_TARGET_DIR="$(TARGET)/tools/build" cargo install inferno --version 0.12.8 --locked --root "$(TARGET)/tools"
	rm -rf "$(TARGET)/tools/build"

profile: $(INFERNO) ## where a forwarded packet's CPU time goes, and a flame graph (ARGS="--row meeting-20")
	@.ci/install.sh profile
	@$(MAKE) --no-print-directory load
	ulimit -n "$$(ulimit -H -n)"; "$(TARGET)/release/sfu-load" profile --out "$(TARGET)/profile" $(ARGS)
	"$(INFERNO)" --title "sfu-server" "$(TARGET)/profile/stacks.folded" >"$(TARGET)/profile/flame.svg"
	@echo "and the flame graph: $(TARGET)/profile/flame.svg"

bench-steps: ## what each step of a packet's walk takes, ns (ARGS="seal" picks)
	@.ci/install.sh build
	cargo bench -p sfu-core --bench forwarding -- $(ARGS)

simulate: ## what people see over bad links, simulated: a table over 50 seeds (SEEDS=50..250, STORY=blackout), and a picture
	@.ci/install.sh build
	cargo test --release -p sfu-core --test simulation -- --ignored --nocapture --test-threads 1

instructions: ## instructions of each step, against the committed figures (UPDATE=1 writes new ones)
	@.ci/install.sh instructions
	@TARGET="$(TARGET)" .ci/instructions.sh $(if $(UPDATE),--update)

test-janus: ## what is measured on Janus is judged there as everywhere
	@.ci/install.sh build
	@.ci/install.sh janus
	cargo test --workspace --test janus -- --ignored

scenarios: load ## what a person in Chromium sees over bad links, as a table, in five minutes
	@.ci/install.sh test
	cd web && E2E_TARGET="$(TARGET)" ../.ci/in-namespace.sh npm run --silent scenarios

screenshots: build ## the page in each of its states, into target/screenshots
	@.ci/install.sh test
	cd web && E2E_TARGET="$(TARGET)" npm run --silent screenshots

clean: ## remove what was built
	rm -rf web/dist web/node_modules
	cargo clean
