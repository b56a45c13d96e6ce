# make run     build, prepare what is missing, start
# make test    everything that must hold: format, vet, staticcheck, all tests
# See docs/development.md for the rest.

export CGO_ENABLED = 0
GO ?= go
CACHE := .cache
UV = $(CACHE)/data/python/uv-*/uv

# What the tests may not skip: a comma-separated list, see docs/development.md.
REQUIRE ?=
export REQUIRE

# Modules beside the main one: test doubles and judges whose dependencies stay
# out of go.mod.
NESTED := $(patsubst ./%/go.mod,%,$(shell find . -mindepth 2 \( -name '.?*' -o -name dist \) -prune -o -name go.mod -print | sort))

# What one clone has compiled, another need not.
export GOFLAGS := $(GOFLAGS) -trimpath

# Git may be missing here, or refuse a clone that belongs to somebody else.
ifeq ($(shell git rev-parse HEAD 2>/dev/null),)
export GOFLAGS := $(GOFLAGS) -buildvcs=false
endif

.PHONY: build run setup-test test check unit beside nested runner mutations fuzz pictures lock release cleanroot clean

build: bin/runsc
	@$(GO) build -ldflags '-s -w' -o bin/attache ./cmd/attache
	@$(GO) build -ldflags '-s -w' -o bin/gvisor-bin/checkpointgofer ./cmd/checkpointgofer

# gVisor, at the version of the tool line in go.mod.
bin/runsc: go.mod
	@echo 'Building gVisor and Attaché; the first time takes some minutes'
	@$(GO) build -ldflags '-s -w' -o $@ gvisor.dev/gvisor/runsc
	@touch $@

run: build
	@bin/attache serve

# The tests of Python take what the others leave of the processors.
test: check
	@$(MAKE) --no-print-directory -j 2 unit beside

beside: nested
	@$(MAKE) --no-print-directory runner > $(CACHE)/runner.log 2>&1; status=$$?; cat $(CACHE)/runner.log; exit $$status

check:
	@files=$$(find . \( -path ./.cache -o -path ./dist -o -path ./.git \) -prune -o -name '*.go' -print0 | xargs -0 gofmt -l); if [ -n "$$files" ]; then echo "not formatted by gofmt:"; echo "$$files"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# The tests share one Python environment and its snapshot.
setup-test: build
	@DATA_DIR="$(CURDIR)/$(CACHE)/data" SANDBOX_POOL=0 bin/attache setup

# The longest packages first, so that the others run beside them; several at once,
# and as many tests of one, since tests wait much. Vet has run.
AT_ONCE ?= 4
unit: setup-test
	$(GO) test -p $(AT_ONCE) -parallel $(AT_ONCE) -vet=off -ldflags '-s -w' -timeout 40m ./internal/sandbox/gvisor ./cmd/attache ./internal/sandbox/remote ./internal/web ./internal/discord ./...

nested: setup-test
	@test -n "$(NESTED)" || { echo "no nested module was found"; exit 1; }
	@for m in $(NESTED); do echo "cd $$m && go vet ./... && go test ./..."; (cd $$m && $(GO) vet ./... && nice -n 5 $(GO) test ./...) || exit 1; done

# What runs inside the sandbox, outside of it.
runner: $(CACHE)/runner-venv/complete
	cd runner && PYTHONPYCACHEPREFIX="$(CURDIR)/$(CACHE)/pycache" nice -n 5 ../$(CACHE)/runner-venv/bin/python -m pytest -q -p no:cacheprovider -n auto --dist worksteal tests

$(CACHE)/runner-venv/complete: runner/requirements.txt runner/tests/requirements.txt | setup-test
	@$(UV) venv --quiet --clear --python "$$(ls -t $(CACHE)/data/python/env-*/complete | head -1 | xargs dirname)/bin/python" $(CACHE)/runner-venv
	@$(UV) pip install --quiet --only-binary :all: --python $(CACHE)/runner-venv/bin/python -r runner/requirements.txt -r runner/tests/requirements.txt
	@touch $@

# Protections taken away one by one: some test must notice each. ONLY=REGEXP
# tries those whose name or file matches.
mutations: setup-test
	$(GO) run ./internal/mutationtest -run '$(ONLY)'

# Every decoder and parser gets made-up input for ten minutes of the processors.
# ONLY=TEXT tries those whose path or name has it; FUZZTIME=30s is shorter.
FUZZTIME ?= 5m
fuzz:
	@find . \( -path ./.cache -o -path ./dist -o -path ./.git \) -prune -o -name '*_test.go' -exec grep -Ho '^func Fuzz[A-Za-z0-9]*' {} + | sort | \
	while IFS=: read -r file name; do \
		case "$$file $${name#func }" in *'$(ONLY)'*) ;; *) continue;; esac; \
		echo "$$file $${name#func }"; \
		(cd "$$(dirname "$$file")" && nice -n 19 $(GO) test -run '^$$' -fuzz "^$${name#func }\$$" -fuzztime $(FUZZTIME) -parallel 2 .) || exit 1; \
	done

# Pictures of README.md and docs, taken of the program itself.
pictures: setup-test
	$(GO) test -count=1 ./cmd/attache -run TestPicture -update
	$(GO) test -count=1 ./internal/discord -run Pictures -update
	$(GO) test -count=1 ./internal/web -run BrowserAccessible -update

# Lock the sandbox's Python environment anew.
lock: setup-test
	cd runner && ../$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command 'make lock' requirements.in -o requirements.txt

# What is given to strangers, in dist: archives, bills of materials, checksums.
release:
	$(GO) run ./deploy/release

# The README's commands in a bare Debian, as root and as two ordinary users.
cleanroot:
	deploy/cleanroot/run

clean:
	rm -rf bin dist .cache
