# All targets need only Go, unless their description names something else.
GO ?= go
# The modules of the repository, in this order: the library, the spec tools, the
# benchmarks, the browser tests and the ledger's tests on databases.
MODULES := . internal/spec internal/bench internal/browser internal/ledgertest

# The race detector needs cgo, which needs a C compiler.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-postgres shop ledger-mutants generate lint tidy chaos fleet fuzz bench bench-ledger bench-node \
        sandbox node-compat browser-setup browser-test spec-report update-spec ci

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Quote, buy, wait, list, cancel and survive a kill -9 on the built-in sandbox, which needs no key
	@$(GO) run ./internal/demo
	@echo
	@$(GO) -C internal/ledgertest run ./cmd/demo

# The tests run without vet, because the target lint runs it. Those of internal/spec run
# with -count=1, because the test cache does not notice changes of files in other modules.
test: ## Run all tests, under the race detector if there is a C compiler
	$(if $(RACE),,@echo "The tests run without the race detector, because there is no C compiler.")
	$(GO) test $(RACE) -vet=off -timeout 25m ./...
	$(GO) -C internal/spec test -vet=off -count=1 -timeout 25m ./...
	$(GO) -C internal/bench test -vet=off ./...
	$(GO) -C internal/ledgertest test -vet=off ./...

POSTGRES ?= 1
test-postgres: ## Run the ledger's tests on a PostgreSQL that they start (apt-get install postgresql), or on POSTGRES=url
	CNAUGHT_LEDGER_POSTGRES=$(POSTGRES) $(GO) -C internal/ledgertest test -vet=off -count=1 -skip '^TestShop$$' .
	CNAUGHT_LEDGER_POSTGRES=$(POSTGRES) $(GO) -C internal/ledgertest test -vet=off -count=1 -v -run '^TestShop$$' . -shop.time=12s -shop.carts=400

shop: ## Run a shop whose processes are killed for a minute, on SQLite, or on PostgreSQL with POSTGRES=1
	CNAUGHT_LEDGER_POSTGRES=$(if $(filter command line,$(origin POSTGRES)),$(POSTGRES)) $(GO) -C internal/ledgertest test -vet=off -count=1 -v -run '^TestShop$$' . -shop.time=60s -shop.carts=2000

ledger-mutants: ## Remove the ledger's rules one at a time, and check that a test fails each time
	$(GO) -C internal/ledgertest run ./cmd/mutants

test-all: test ## Run all tests, and a whole update for every changed description in the table
	$(GO) -C internal/spec test -vet=off -count=1 -timeout 45m . -args -all

generate: ## Regenerate the code from openapi.yaml and api/overlay.yaml
	$(GO) generate ./...

lint: ## Run gofmt, go vet and staticcheck
	@out=$$(gofmt -l .) || exit 1; test -z "$$out" || { gofmt -d .; exit 1; }
	@for m in $(MODULES); do echo "vet $$m"; $(GO) -C $$m vet ./... || exit 1; done
	$(GO) build -modfile=internal/tools/go.mod -o "$${TMPDIR:-/tmp}/cnaught-staticcheck" honnef.co/go/tools/cmd/staticcheck
	@for m in $(MODULES); do echo "staticcheck $$m"; (cd $$m && "$${TMPDIR:-/tmp}/cnaught-staticcheck" ./...) || exit 1; done

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

browser-test: ## Test the sandbox's pages in headless Chromium; see browser-setup
	CNAUGHT_BROWSER_TEST=1 $(GO) -C internal/browser test -count=1 ./...

# A file or folder in FROM is made absolute, because the command runs in internal/spec. A
# URL and - are passed on unchanged.
source = $(if $(FROM),-from "$(if $(or $(findstring ://,$(FROM)),$(filter -,$(FROM))),$(FROM),$(if $(filter /%,$(FROM)),$(FROM),$(CURDIR)/$(FROM)))")

spec-report: ## Report what a new description means for Go callers; FROM is a file, folder, URL or - (default: the vendor's URLs)
	@$(GO) -C internal/spec run ./cmd/update-spec -report $(source)

update-spec: ## Adopt a new description if the result builds and passes the tests; FROM as for spec-report
	@$(GO) -C internal/spec run ./cmd/update-spec $(source)

ci: ## Run what CI runs: generate, lint, tidy, test and demo
	bash .ci/run
