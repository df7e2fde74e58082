# make test is the whole of it and does its own set-up; see .ci/test.sh.
.PHONY: test lint fmt build demo scripts bench broadcast latency fuzz golden docs servers servers-stop
.DEFAULT_GOAL := build

SHELL := /bin/bash

test: ## everything that is checked, with private servers; CI=1 allows no skip
	@bash .ci/test.sh

lint: ## formatting, vet and staticcheck only
	@bash .ci/lint.sh

fmt: ## format all Go files
	@find . -name .cache -prune -o -name '*.go' -print0 | xargs -0 -r gofmt -w

build: ## bin/crmbot, one static program
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/crmbot ./cmd/crmbot

demo: ## a small company in the browser, nothing to install
	go run ./cmd/crmbot demo $(ARGS)

# BENCH names benchmarks (a pattern), BENCH_PKGS where to look, BENCH_FLAGS go test's flags.
BENCH ?= .
BENCH_PKGS ?= ./...
BENCH_FLAGS ?= -benchmem -timeout 30m
bench: ## benchmarks against a private MariaDB and Redis
	@bash .ci/with-servers.sh go test -run '^$$' -bench '$(BENCH)' $(BENCH_FLAGS) $(BENCH_PKGS)

broadcast: ## 1,000 report cards from two replicas to each played platform, at its real rate
	@$(MAKE) --no-print-directory bench BENCH='^BenchmarkBroadcast$$$$' BENCH_PKGS=./internal/app BENCH_FLAGS='-benchtime 1x -timeout 30m'

latency: ## 200 events a second for a minute at each played platform
	@$(MAKE) --no-print-directory bench BENCH='^BenchmarkLatency$$$$' BENCH_PKGS=./internal/app BENCH_FLAGS='-benchtime 12000x -timeout 30m'

FUZZTIME ?= 20s
fuzz: ## every fuzz test for FUZZTIME
	@bash .ci/fuzz.sh $(FUZZTIME)

scripts: ## every conversation on every platform, day and level of cards
	go test -timeout 30m ./internal/scenario -args -all

golden: ## rewrite the golden files
	@bash .ci/golden.sh

docs: ## regenerate docs/commands.md
	go test ./handlers -run '^TestReference$$' -update

servers: ## keep a private MariaDB and Redis for single tests; then: . .cache/test-servers.env
	@bash .ci/servers.sh start

servers-stop: ## stop them
	@bash .ci/servers.sh stop
