# Build, run, test. Needs Python 3.11 or later, a C compiler and PyPI; `make` lists the targets.
#
# Everything goes into .venv. Two stamps in it say what is installed: `installed` the package and
# what it runs on, `installed-dev` what its tests need too. Sources of the C extension that are
# newer than the stamp mean building again; Python sources are used where they are.

PYTHON ?= python3
CONFIG ?=
ARGS ?=
JOBS ?= auto

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
C_FILES := find stratumproxy tests -name '*.[ch]' -exec
BUILT_FROM := setup.py pyproject.toml $(wildcard stratumproxy/*/*.[ch] stratumproxy/*/*/*.[ch])

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test lint format check bench microbench fuzz soak interop wheel deb install-test container-test lock docs docs-test site clean

help: ## This list
	@echo "Targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Settings: PYTHON=$(PYTHON), and ARGS for what run and test pass on,"
	@echo "  such as: make test ARGS='-k vardiff'; make run ARGS='--miners 8 --seconds 20'"

run: $(VENV)/installed ## The demo; with CONFIG=farm.toml the proxy on your pool
	@$(BIN)/stratumproxy $(if $(CONFIG),run --config '$(CONFIG)',demo) $(ARGS)

test: $(VENV)/installed-dev ## All tests, JOBS at a time
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

lint: $(VENV)/installed-dev ## ruff and mypy --strict; clang-format for C, biome for JavaScript, zizmor
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(C_FILES) $(BIN)/clang-format --dry-run --Werror {} +
	@if [ -x $(BIN)/biome ]; then $(BIN)/biome check --error-on-warnings; else \
	  echo "make: PyPI has no biome for this machine: JavaScript is not looked at" >&2; fi
	$(BIN)/mypy
	@if [ -x $(BIN)/zizmor ]; then $(BIN)/zizmor --offline --quiet .github; fi

format: $(VENV)/installed-dev ## Lay the sources out as lint wants them
	$(BIN)/ruff format .
	@$(C_FILES) $(BIN)/clang-format -i {} +
	@if [ -x $(BIN)/biome ]; then $(BIN)/biome format --write; fi

check: lint test ## lint and test

bench: $(VENV)/installed ## Speed and memory against the floor, 13 minutes: bench/README.md
	$(BIN)/stratumproxy bench run bench/own.toml --append bench/RESULTS.md $(ARGS)

microbench: $(VENV)/installed-bench ## One share check on every kernel, beside hashlib
	$(BIN)/python -m pytest -p pytest_benchmark.plugin bench/test_share_check.py $(ARGS)

fuzz: $(VENV)/installed-dev ## Fuzz what takes bytes from the network, for SECONDS=60
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(PIP) install --only-binary :all: atheris || \
	  echo "make: no atheris here: the Python targets are fuzzed without guidance" >&2
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(ARGS)

soak: $(VENV)/installed-dev ## The long forms of the fault, flood and weeks' tests; MINUTES=10 of memory
	STRATUMPROXY_SOAK=1 STRATUMPROXY_SOAK_MINUTES=$(or $(MINUTES),10) \
	  $(BIN)/python -m pytest -rP -m "" tests/chaos tests/hostile tests/kafka/test_broker.py \
	  tests/mining/test_content.py tests/fleet/test_usual.py \
	  tests/web/test_dashboard_access.py $(ARGS)

interop: $(VENV)/installed-dev ## The proxy between a miner, a pool and a node that others wrote
	@$(BIN)/python -m tests.interop.parts
	$(BIN)/python -m pytest -rPs -m interop tests/interop $(ARGS)

# The wheel is built from the sdist, which shows that this holds what it takes; then it is given the
# name of the oldest Linux that its symbols are in. macOS has no such names.
wheel: $(VENV)/installed-packaging ## A wheel and an sdist in dist/
	rm -rf build/dist dist/*.whl dist/*.tar.gz
	@mkdir -p dist
	$(BIN)/python -m build --quiet --outdir build/dist .
	@if [ -x $(BIN)/auditwheel ]; then \
	  PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --strip --wheel-dir dist build/dist/*.whl; \
	else mv build/dist/*.whl dist; fi
	@mv build/dist/*.tar.gz dist
	@ls dist/*.whl dist/*.tar.gz

deb: wheel ## A package for Debian bookworm and one for trixie in dist/: deb/README.md
	rm -f dist/*.deb
	$(BIN)/python deb/build.py $(ARGS)

install-test: deb ## Each way to install, on a bare Debian: as root, with debootstrap; half an hour
	tests/install/run.sh $(ARGS)

container-test: ## The container, up to a share mined: as root, with podman and runc; 5 minutes
	tests/install/container.sh $(ARGS)

lock: $(VENV)/installed-lock ## requirements.txt anew: what the Debian packages hold
	$(BIN)/uv pip compile pyproject.toml --extra kafka --python-version 3.11 --python-platform linux \
	  --generate-hashes --upgrade --no-annotate --no-header --quiet --output-file requirements.txt

docs: $(VENV)/installed ## What is generated: configuration.md, compatibility.md, schemas, architecture.md's files
	$(BIN)/stratumproxy schema > configs/stratumproxy.schema.json
	$(BIN)/stratumproxy schema --markdown > docs/configuration.md
	$(BIN)/python -m stratumproxy.conform.compatibility docs/compatibility > docs/compatibility.md
	$(BIN)/stratumproxy schema --messages > configs/messages.schema.json
	$(BIN)/python -m tests.rooms

docs-test: $(VENV)/installed-dev ## Every command of the pages, run as it is written, and a table of them (root)
	$(BIN)/python -m tests.docs.commands $(ARGS)

site: $(VENV)/installed-site ## The pages as a site in build/site/, links checked; those elsewhere are listed
	rm -rf build/site
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --doctree-dir build/doctrees \
	  --conf-dir docs/site . build/site
	@$(BIN)/python -m tests.docs.pages > build/links-elsewhere.txt
	@echo "build/site/index.html; links to elsewhere, not followed: build/links-elsewhere.txt"

clean: ## Remove everything that was built, .venv too
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find stratumproxy -name "*.so" -delete
	find stratumproxy tests bench -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is not Python 3.11 or later; try: make PYTHON=python3.11 …" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: $(PYTHON) can't make a venv; on Debian: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python $(BUILT_FROM)
	@echo "Installing stratumproxy and what it runs on into $(VENV) …"
	@$(warn_missing)
	@$(PIP) install --editable .
	@$(name_kernel)
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python $(BUILT_FROM)
	@echo "Installing stratumproxy and what its tests need into $(VENV) …"
	@$(warn_missing)
	@$(PIP) install --editable '.[dev]'
	@$(name_kernel)
	@touch $(VENV)/installed $@

$(VENV)/installed-bench $(VENV)/installed-lock $(VENV)/installed-packaging $(VENV)/installed-site: $(VENV)/installed-%: $(VENV)/installed
	@$(PIP) install --editable '.[$*]'
	@touch $@

define warn_missing
command -v $${CC:-cc} >/dev/null || \
  echo "make: WARNING: no C compiler; on Debian: apt install gcc" >&2; \
$(PYTHON) -c 'import pathlib, sysconfig; \
(pathlib.Path(sysconfig.get_path("include")) / "Python.h").stat()' 2>/dev/null || \
  echo "make: WARNING: no Python headers; on Debian: apt install python3-dev" >&2
endef

define name_kernel
$(BIN)/python -c 'from stratumproxy import shares; \
print(f"Shares are checked in C, kernel {shares.kernel()}." if shares.NATIVE else \
f"\n*** WARNING: shares will be checked in Python, slowly: {shares.why_not_native}. ***\n" \
"*** Why it was not built: $(BIN)/pip install -v --editable . ***\n")'
endef
