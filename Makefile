# make run     build, prepare what is missing, start
# make test    everything that must hold: format, vet, staticcheck, all tests
# See docs/development.md for the rest.

export CGO_ENABLED = 0
GO ?= go
CACHE := $(CURDIR)/.cache
REQUIRE ?=
export REQUIRE

.PHONY: build run test check lock clean

build: bin/runsc
	$(GO) build -trimpath -ldflags '-s -w' -o bin/attache ./cmd/attache

# gVisor, at the version of the tool line in go.mod.
bin/runsc: go.mod
	$(GO) build -trimpath -ldflags '-s -w' -o $@ gvisor.dev/gvisor/runsc
	@touch $@

run: build
	@bin/attache serve

# The lock of the sandbox's Python environment.
lock: build
	DATA_DIR=$(CACHE)/data bin/attache setup
	cd internal/sandbox/runner && $(CACHE)/data/python/uv-*/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command 'make lock' requirements.in -o requirements.txt
