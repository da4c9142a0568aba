# Every target works after nothing but Go (and Node or Chromium where it says so).
GO ?= go
# Modules of the repository: the library, the examples, the spec tools, the
# benchmarks, a browser, databases, releases.
MODULES := . examples internal/spec internal/bench internal/browser internal/ledgertest internal/release

# The race detector needs cgo, and so a C compiler.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

.DEFAULT_GOAL := help
.PHONY: help demo shop test test-all test-postgres ledger-kills ledger-mutants generate lint lint-spec tidy chaos fleet fuzz bench bench-ledger \
        bench-node sandbox node-compat browser-setup browser-test check-live spec-report update-spec \
        release-binaries release-notes ci

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Quote, buy, wait, list, cancel, and survive a kill -9, on the built-in sandbox; no key, no network but for modules
	@$(GO) run ./internal/demo
	@echo
	@$(GO) -C internal/ledgertest run ./cmd/demo

shop: ## Run the example shop on a sandbox of its own; its carts survive kill -9; ARGS="-addr 127.0.0.1:9090"
	@$(GO) -C examples run ./checkout-shop -sandbox 127.0.0.1:8765 -db "$${TMPDIR:-/tmp}/cnaught-shop.db" $(ARGS)

test: ## Run all tests, with a C compiler under the race detector
	$(if $(RACE),,@echo "no C compiler: without the race detector")
	$(GO) test $(RACE) -vet=off -timeout 25m ./... # lint vets
	$(GO) -C examples test $(RACE) -vet=off ./...
	$(GO) -C internal/spec test -vet=off -count=1 -timeout 25m ./... # its inputs lie outside the module: no cache
	$(GO) -C internal/bench test -vet=off ./...
	$(GO) -C internal/ledgertest test -vet=off ./...
	$(GO) -C internal/release test -vet=off -count=1 ./... # its inputs lie outside the module: no cache

POSTGRES ?= 1
test-postgres: ## Run the ledger's tests on PostgreSQL, which they start and stop (apt-get install postgresql); or on POSTGRES=url
	CNAUGHT_LEDGER_POSTGRES=$(POSTGRES) $(GO) -C internal/ledgertest test -vet=off -count=1 -skip '^TestShop$$' .
	CNAUGHT_LEDGER_POSTGRES=$(POSTGRES) $(GO) -C internal/ledgertest test -vet=off -count=1 -v -run '^TestShop$$' . -shop.time=12s -shop.carts=400

ledger-kills: ## Kill the processes of a shop for a minute, on SQLite; POSTGRES=1 for PostgreSQL
	CNAUGHT_LEDGER_POSTGRES=$(if $(filter command line,$(origin POSTGRES)),$(POSTGRES)) $(GO) -C internal/ledgertest test -vet=off -count=1 -v -run '^TestShop$$' . -shop.time=60s -shop.carts=2000

ledger-mutants: ## Take each of the ledger's rules out, one at a time: a test must fail
	$(GO) -C internal/ledgertest run ./cmd/mutants

test-all: test ## Run all tests, and take every changed description of the table whole
	$(GO) -C internal/spec test -vet=off -count=1 -timeout 45m . -args -all

generate: ## Regenerate the code from openapi.yaml and api/overlay.yaml
	$(GO) generate ./...

lint: ## gofmt, go vet, staticcheck, actionlint
	@out=$$(gofmt -l .) || exit 1; test -z "$$out" || { gofmt -d .; exit 1; }
	@for m in $(MODULES); do echo "vet $$m"; $(GO) -C $$m vet ./... || exit 1; done
	$(GO) build -modfile=internal/tools/go.mod -o "$${TMPDIR:-/tmp}/cnaught-staticcheck" honnef.co/go/tools/cmd/staticcheck
	@for m in $(MODULES); do echo "staticcheck $$m"; (cd $$m && "$${TMPDIR:-/tmp}/cnaught-staticcheck" ./...) || exit 1; done
	$(GO) tool -modfile=internal/tools/go.mod actionlint -shellcheck= -pyflakes= .github/workflows/*.yml

lint-spec: ## Spectral's rules for OpenAPI on openapi.yaml; needs Node and npm
	cd internal/speclint && npm ci --ignore-scripts --no-audit --no-fund && npx --no-install spectral lint --fail-severity=hint ../../openapi.yaml

tidy: ## Fail if go mod tidy would change anything
	@for m in $(MODULES) internal/tools; do echo "tidy $$m"; $(GO) -C $$m mod tidy -diff || exit 1; done

chaos: ## 10,000 orders from 64 goroutines through a faulty network, then audit the books
	$(GO) test ./internal/chaos -count=1 -v -timeout 15m -run TestChaos -chaos.orders=10000

fleet: ## 1,000 clients through an outage, in simulated time: four policies compared
	$(GO) test ./internal/fleet -count=1 -v -run TestFleet -fleet.clients=1000

bench: bench-ledger ## Compare one call, a page, throughput and the ledger with hand-written code and peers
	$(GO) -C internal/bench run ./cmd/table -out results/bench.txt -readme README.md -command "make bench"

bench-ledger: ## Compare a ledger's purchase with the same by hand; find what is due among a million lines
	$(GO) -C internal/ledgertest run ./cmd/bench > internal/ledgertest/results.txt
	@cat internal/ledgertest/results.txt

bench-node: ## Compare throughput with the vendor's Node SDK; needs Node and npm
	cd internal/bench/node && npm ci --ignore-scripts --no-audit --no-fund
	$(GO) -C internal/bench run ./cmd/table -node node -rounds 40 -out results/node.txt -readme README.md -command "make bench-node"

FUZZTIME ?= 60s
fuzz: ## Run each fuzz target for FUZZTIME (60s)
	@for f in $$(grep -ho 'func Fuzz[A-Za-z0-9]*' wrapper/*_test.go | cut -c6-); do \
		$(GO) test ./wrapper -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) || exit 1; done

sandbox: ## Run the sandbox as a program; ARGS="-fulfill-after 5s"
	@$(GO) run ./wrapper/sandbox/cnaught-sandbox $(ARGS)

node-compat: ## Drive the sandbox with the vendor's Node SDK; needs Node and npm
	cd internal/nodecompat && npm ci --ignore-scripts --no-audit --no-fund && node check.mjs

browser-setup: ## Install Debian's Chromium for browser-test; needs root
	apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core

browser-test: ## Click through the pages of the sandbox and of the example shop in headless Chromium
	CNAUGHT_BROWSER_TEST=1 $(GO) -C internal/browser test -count=1 ./...

check-live: ## Hold the real API's answers against the description; needs CNAUGHT_API_KEY; costs nothing and changes nothing
	@$(GO) -C internal/spec run ./cmd/check-live

# What the shell would take apart, or has no path of its own, goes as it is.
source = $(if $(FROM),-from "$(if $(or $(findstring ://,$(FROM)),$(filter -,$(FROM))),$(FROM),$(if $(filter /%,$(FROM)),$(FROM),$(CURDIR)/$(FROM)))")

spec-report: ## Say what a new description means for Go callers; FROM=file, folder, URL or - (default: what the vendor publishes)
	@$(GO) -C internal/spec run ./cmd/update-spec -report $(source)

update-spec: ## Take a new description, if the result builds; FROM as for spec-report
	@$(GO) -C internal/spec run ./cmd/update-spec $(source)

# The shell reads VERSION from its environment, so that no tag is taken for a
# command.
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64

release-binaries: ## Build cnaught-sandbox for PLATFORMS into the folder DIST, with checksums; VERSION=v1.2.3
	@test -n "$(DIST)" || { echo "name the folder: DIST=..."; exit 1; }
	@mkdir -p "$(DIST)"
	@for p in $(PLATFORMS); do \
		os=$${p%/*}; arch=$${p#*/}; out="$(DIST)/cnaught-sandbox_$${os}_$$arch"; \
		if [ "$$os" = windows ]; then out="$$out.exe"; fi; echo "$$out"; \
		CGO_ENABLED=0 GOOS="$$os" GOARCH="$$arch" $(GO) build -trimpath -ldflags "-s -w -X main.release=$$VERSION" \
			-o "$$out" ./wrapper/sandbox/cnaught-sandbox || exit 1; done
	@cd "$(DIST)" && sha256sum cnaught-sandbox_* > SHA256SUMS

release-notes: ## Print what CHANGELOG.md says of VERSION=v1.2.3
	@awk '/^## /{on = index($$2, "[" substr(ENVIRON["VERSION"], 2) "]") == 1; n += on; next} on; END{exit !n}' CHANGELOG.md || \
		{ echo "CHANGELOG.md has no section for $$VERSION" >&2; exit 1; }

ci: ## Generate, lint, tidy, test, demo: what CI runs
	bash .ci/run
