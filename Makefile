# All targets need only Go, unless their description names something else.
GO ?= go
# The modules of the repository, in this order: the library, the examples, the spec
# tools, the benchmarks, the browser tests, the ledger's tests on databases and the tests
# of releases.
MODULES := . examples internal/spec internal/bench internal/browser internal/ledgertest internal/release

# The race detector needs cgo, which needs a C compiler. A program that was
# built with it sleeps for a second before it exits, unless it is told otherwise.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
export GORACE ?= atexit_sleep_ms=50

# SQLite was translated from C, and takes ten times as long under the race detector. Two
# modules use it, and compile it only once if both have the same flags.
RACE_SQLITE = $(if $(RACE),$(RACE) -gcflags=modernc.org/sqlite/lib=-race=false)

.DEFAULT_GOAL := help
.PHONY: help demo shop test test-root test-spec test-examples test-ledger test-release test-more test-all test-postgres ledger-kills ledger-mutants generate lint lint-spec tidy chaos fleet fuzz bench bench-ledger \
        bench-node sandbox node-compat browser-setup browser-test check-live spec-report update-spec \
        release-binaries release-notes ci

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Quote, buy, wait, list, cancel and survive a kill -9 on the built-in sandbox, which needs no key
	@$(GO) run ./internal/demo
	@echo
	@$(GO) -C internal/ledgertest run ./cmd/demo

shop: ## Run the example shop, whose carts survive kill -9, on its own sandbox; ARGS="-addr 127.0.0.1:9090"
	@$(GO) -C examples run ./checkout-shop -sandbox 127.0.0.1:8765 -db "$${TMPDIR:-/tmp}/cnaught-shop.db" $(ARGS)

# The tests of some modules read files outside of them, such as openapi.yaml, which go
# test's cache does not see. So the hash of all files but the texts that they do not read
# becomes a part of its key, as a pattern that skips no test.
texts = README.md */README.md CONTRIBUTING.md SECURITY.md LICENSE
inputs = $(if $(shell git rev-parse --git-dir 2>/dev/null),-skip '^$(shell git ls-files -coz --exclude-standard -- . $(texts:%=':!%') | xargs -0 sha256sum 2>/dev/null | sha256sum | cut -c -32)$$',-count=1)

# Collecting garbage less often saves time and needs up to 5 GB of memory. GOGC=100 collects
# it as often as usual.
TESTS = test-root test-spec test-examples test-ledger test-release
$(TESTS): export GOGC ?= 400

# Many tests wait most of the time, so the modules are tested two at a time. The tests run
# without vet, because the target lint runs it.
test: ## Run all tests, under the race detector if there is a C compiler
	$(if $(RACE),,@echo "The tests run without the race detector, because there is no C compiler.")
	@$(MAKE) --no-print-directory -j2 $(TESTS)

test-root: ## Run the tests of the library, the sandbox and the demo
	$(GO) test $(RACE) -vet=off -timeout 25m ./...

test-examples: ## Run the tests of the examples
	$(GO) -C examples test $(RACE_SQLITE) -vet=off ./...

test-spec: ## Run the tests of the tools that adopt a new API description
	$(GO) -C internal/spec test -vet=off $(inputs) -timeout 25m ./...

test-ledger: ## Run the tests of the ledger, on SQLite
	$(GO) -C internal/ledgertest test $(RACE_SQLITE) -vet=off ./...

test-release: ## Run the tests of the release workflow and the image
	$(GO) -C internal/release test -vet=off $(inputs) ./...

POSTGRES ?= 1
test-postgres: ## Run the ledger's tests on a PostgreSQL that they start (apt-get install postgresql), or on POSTGRES=url
	CNAUGHT_LEDGER_POSTGRES=$(POSTGRES) $(GO) -C internal/ledgertest test -vet=off -count=1 -skip '^TestShop$$' . -histories=150
	CNAUGHT_LEDGER_POSTGRES=$(POSTGRES) $(GO) -C internal/ledgertest test -vet=off -count=1 -v -run '^TestShop$$' . -shop.time=12s -shop.carts=400

ledger-kills: ## Run a shop whose processes are killed for a minute, on SQLite, or on PostgreSQL with POSTGRES=1
	CNAUGHT_LEDGER_POSTGRES=$(if $(filter command line,$(origin POSTGRES)),$(POSTGRES)) $(GO) -C internal/ledgertest test -vet=off -count=1 -v -run '^TestShop$$' . -shop.time=60s -shop.carts=2000

ledger-mutants: ## Remove the ledger's rules one at a time, and check that a test fails each time
	$(GO) -C internal/ledgertest run ./cmd/mutants

test-more: ## Run the tests that take longer: the whole table of changed descriptions, the benchmarks', real builds of a release
	$(GO) -C internal/spec test -vet=off -count=1 -run '^(TestChangedDescriptions|TestAdditiveChangesAtOnce|TestBreakingChangesAtOnce|TestArrivals)$$' . -args -more
	$(GO) -C internal/bench test -vet=off ./...
	$(GO) -C internal/release test -vet=off -count=1 . -args -all

test-all: test test-more ## Run all tests, more kills, and the tests in copies that were updated to other descriptions
	$(GO) -C internal/spec test -vet=off -count=1 -timeout 45m . -args -all
	$(GO) test $(RACE) -vet=off -count=1 -run '^TestKillsLoseNothing$$' ./wrapper/sandbox -args -sandbox.kills=100
	$(GO) -C internal/ledgertest test $(RACE_SQLITE) -vet=off -count=1 -run '^TestRandomHistoriesKeepThePromise$$' . -histories=150

generate: ## Regenerate the code from openapi.yaml and api/overlay.yaml
	$(GO) generate ./...

lint: ## Run gofmt, go vet, staticcheck and actionlint
	@out=$$(gofmt -l .) || exit 1; test -z "$$out" || { gofmt -d .; exit 1; }
	@for m in $(MODULES); do echo "vet $$m"; $(GO) -C $$m vet ./... || exit 1; done
	$(GO) build -modfile=internal/tools/go.mod -o "$${TMPDIR:-/tmp}/cnaught-staticcheck" honnef.co/go/tools/cmd/staticcheck
	@for m in $(MODULES); do echo "staticcheck $$m"; (cd $$m && "$${TMPDIR:-/tmp}/cnaught-staticcheck" ./...) || exit 1; done
	$(GO) tool -modfile=internal/tools/go.mod actionlint -shellcheck= -pyflakes= .github/workflows/*.yml

lint-spec: ## Check openapi.yaml with Spectral's rules for OpenAPI; needs Node and npm
	cd internal/speclint && npm ci --ignore-scripts --no-audit --no-fund && npx --no-install spectral lint --fail-severity=hint ../../openapi.yaml

tidy: ## Fail if go mod tidy would change anything
	@for m in $(MODULES) internal/tools; do echo "tidy $$m"; $(GO) -C $$m mod tidy -diff || exit 1; done

chaos: ## Place 10,000 orders from 64 goroutines through a faulty network, and audit the books
	$(GO) test ./internal/chaos -count=1 -v -timeout 15m -run TestChaos -chaos.orders=10000

fleet: ## Compare four retry policies with 1,000 clients in an outage, in simulated time
	$(GO) test ./internal/fleet -count=1 -v -run TestFleet -fleet.clients=1000

bench: bench-ledger ## Compare calls, pages, throughput and the ledger with hand-written code and other clients
	$(GO) -C internal/bench run ./cmd/table -out results/bench.txt -readme README.md -command "make bench"

bench-ledger: ## Compare a purchase with the ledger and by hand, and measure queries among a million lines
	$(GO) -C internal/ledgertest run ./cmd/bench > internal/ledgertest/results.txt
	@cat internal/ledgertest/results.txt

bench-node: ## Compare throughput with the vendor's Node SDK; needs Node and npm
	cd internal/bench/node && npm ci --ignore-scripts --no-audit --no-fund
	$(GO) -C internal/bench run ./cmd/table -node node -rounds 40 -out results/node.txt -readme README.md -command "make bench-node"

FUZZTIME ?= 60s
fuzz: ## Run each fuzz target for FUZZTIME (default: 60s)
	@for f in $$(grep -ho 'func Fuzz[A-Za-z0-9]*' wrapper/*_test.go | cut -c6-); do \
		$(GO) test ./wrapper -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) || exit 1; done

sandbox: ## Run the sandbox as a program, with flags such as ARGS="-fulfill-after 5s"
	@$(GO) run ./wrapper/sandbox/cnaught-sandbox $(ARGS)

node-compat: ## Test the sandbox with the vendor's Node SDK; needs Node and npm
	cd internal/nodecompat && npm ci --ignore-scripts --no-audit --no-fund && node check.mjs

browser-setup: ## Install Debian's Chromium for browser-test; needs root
	apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core

browser-test: ## Test the pages of the sandbox and of the example shop in headless Chromium; see browser-setup
	CNAUGHT_BROWSER_TEST=1 $(GO) -C internal/browser test -count=1 ./...

check-live: ## Compare the real API's answers with the description; needs CNAUGHT_API_KEY; costs and changes nothing
	@$(GO) -C internal/spec run ./cmd/check-live

# A file or folder in FROM is made absolute, because the command runs in internal/spec. A
# URL and - are passed on unchanged.
source = $(if $(FROM),-from "$(if $(or $(findstring ://,$(FROM)),$(filter -,$(FROM))),$(FROM),$(if $(filter /%,$(FROM)),$(FROM),$(CURDIR)/$(FROM)))")

spec-report: ## Report what a new description means for Go callers; FROM is a file, folder, URL or - (default: the vendor's URLs)
	@$(GO) -C internal/spec run ./cmd/update-spec -report $(source)

update-spec: ## Adopt a new description if the result builds and passes the tests; FROM as for spec-report
	@$(GO) -C internal/spec run ./cmd/update-spec $(source)

# The shell reads VERSION from the environment, so that it never runs a part of a tag as a
# command.
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64

release-binaries: ## Build cnaught-sandbox for PLATFORMS, with checksums, into the folder DIST; VERSION=v1.2.3
	@test -n "$(DIST)" || { echo "DIST is not set. Set it to the folder for the binaries: DIST=..."; exit 1; }
	@mkdir -p "$(DIST)"
	@for p in $(PLATFORMS); do \
		os=$${p%/*}; arch=$${p#*/}; out="$(DIST)/cnaught-sandbox_$${os}_$$arch"; \
		if [ "$$os" = windows ]; then out="$$out.exe"; fi; echo "$$out"; \
		CGO_ENABLED=0 GOOS="$$os" GOARCH="$$arch" $(GO) build -trimpath -ldflags "-s -w -X main.release=$$VERSION" \
			-o "$$out" ./wrapper/sandbox/cnaught-sandbox || exit 1; done
	@cd "$(DIST)" && sha256sum cnaught-sandbox_* > SHA256SUMS

release-notes: ## Print the section of CHANGELOG.md for VERSION=v1.2.3
	@awk '/^## /{on = index($$2, "[" substr(ENVIRON["VERSION"], 2) "]") == 1; n += on; next} on; END{exit !n}' CHANGELOG.md || \
		{ echo "CHANGELOG.md has no section for $$VERSION" >&2; exit 1; }

ci: ## Run what CI runs: generate, lint, tidy, test and demo
	bash .ci/run
