# Every target is one command on a clean clone. Go is required (the version is in go.mod), and a C
# compiler for librdkafka's binding; what else the tests need, "make test" looks after (.ci/prepare).

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 30s
BENCHFLAGS  ?=

export CGO_ENABLED := 1

.PHONY: build demo test test-fast test-full check vet staticcheck house race pictures screenshots golden bench fuzz clean

build: ## ./kustody
	@.ci/prepare build
	go build -trimpath -ldflags '$(LDFLAGS)' -o kustody .

demo: build ## the whole main job on an embedded broker, in ./demo
	@if [ -e demo ] && ! { [ -f demo/kustody.toml ] && [ -d demo/archive ]; }; then \
		echo "demo: ./demo exists and is no earlier demo; move it away first" >&2; exit 1; fi
	rm -rf demo
	./kustody demo --batch --dir demo

test: ## everything: the fast suite, then the full one on a real Kafka
	@.ci/prepare test
	@$(MAKE) --no-print-directory test-fast
	@$(MAKE) --no-print-directory test-full

test-fast: ## no real Kafka, no Java; under two minutes
	go test -timeout 10m ./...

test-full: ## the tests with the build tag full, on one three-node Kafka
	@.ci/full

check: vet staticcheck house pictures race ## all that is not about behaviour, and the race detector

vet: ## formatting, go vet with every build tag
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags full,bench ./...

staticcheck:
	go run $(STATICCHECK) -tags full,bench ./...

house: ## the house's arrows and measures
	go test -count=1 -v -run '^Test(Arrows|Folders|Measures|ExportedNames|Parsers|NothingForeign|Casebook)' .

race: ## the fast suite under the race detector; no test may rewrite a tracked file
	@before=$$(git diff | sha256sum); \
	echo "go test -race -short ./..."; go test -race -short -timeout 20m ./...; \
	if [ "$$before" != "$$(git diff | sha256sum)" ]; then echo "a test rewrote tracked files:"; git diff --stat; exit 1; fi

pictures: ## the stored pictures are what the console looks like now
	go run ./screenshots -check

screenshots: ## draw every screen of the console anew, to screenshots/*.svg
	go run ./screenshots

golden: ## write the golden frames of the console anew; look at the change before you commit it
	go test ./tui -update

bench: ## ratios to the limits of the machine, on a real Kafka: a table, and JSON lines in bench.out
	@.ci/prepare test
	@mkdir -p .cache/bin
	go build -o .cache/bin/kafkacluster ./kafka/kafkatest/kafkacluster
	.cache/bin/kafkacluster -- go test -count=1 -tags bench -run '^TestBench$$' -v -timeout 60m ./engine -lines $(CURDIR)/bench.out $(BENCHFLAGS)
	.cache/bin/kafkacluster -- go test -count=1 -tags bench -run '^TestBenchConsole$$' -v -timeout 20m .
	go test -run '^$$' -bench . -benchtime 2s ./tui

fuzz: ## every fuzz target for FUZZTIME
	@.ci/fuzz $(FUZZTIME)

clean:
	rm -f kustody bench.out
