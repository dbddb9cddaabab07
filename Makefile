# Trapline's workbench. `make demo` and `make test` do all the set-up themselves; every step of
# it leaves a stamp in the environment and is done again only when what it came from has changed.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV    ?= .venv
PYTHON  ?= $(firstword $(shell command -v python3.11 python3))
WORKERS ?= $(shell nproc 2>/dev/null || echo 1)

PY       := $(VENV)/bin/python
TRAPLINE := $(VENV)/bin/trapline
PIP      := $(PY) -m pip --disable-pip-version-check --quiet

.PHONY: help
help:
	@echo 'make demo    boot a guest kernel on the bare board and under the monitor, show both accounts'
	@echo 'make test    run the whole suite           (PYTEST_ARGS="-k shadow", WORKERS=1)'
	@echo 'make check   lint, format, types, imports, policy'
	@echo 'make format  let ruff rewrite what make check would complain of'
	@echo 'make bench   measure every published figure  (BENCH=name for one)'
	@echo 'make linux   fetch the kernel of Debian by apt, boot it in every way, compare with QEMU'
	@echo 'make soak    hours of random work            (SOAK_SECONDS=60 for each part)'
	@echo 'make lock    pin the newest dependencies that pyproject.toml admits'
	@echo 'make clean   remove what was built; make distclean the environment too'

# ---------------------------------------------------------------------------- environment
.PHONY: setup setup-dev
setup: $(VENV)/.stamp-run $(VENV)/.stamp-self
setup-dev: $(VENV)/.stamp-dev $(VENV)/.stamp-self

$(PY):
	@test -n "$(PYTHON)" || { echo 'make: no python3 found: Trapline needs Python 3.11 or newer' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'make: $(PYTHON) is too old: Trapline needs Python 3.11 or newer' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo 'make: $(PYTHON) has no venv: on Debian, apt install python3-venv' >&2; exit 1; }
	@echo 'Making the environment $(VENV)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp-run: requirements.lock | $(PY)
	@echo 'Installing what Trapline runs on'
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.stamp-dev: requirements-dev.lock | $(VENV)/.stamp-run
	@echo 'Installing what its tests need: linters, pytest, outside simulators'
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.stamp-self: pyproject.toml | $(VENV)/.stamp-run
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# ---------------------------------------------------------------------------------- work
.PHONY: demo test check format bench linux soak
demo: setup
	@$(TRAPLINE) compare tick

test: setup-dev
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

check: setup-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m pytest -q tests/policy

format: setup-dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: setup-dev
	$(PY) -m bench $(BENCH)

linux: setup
	$(PY) -m bench.debian $(if $(APPEND),--append '$(APPEND)')

soak: setup-dev
	TRAPLINE_SOAK_SECONDS=$(or $(SOAK_SECONDS),600) $(PY) -m pytest -m soak $(PYTEST_ARGS)

# --------------------------------------------------------------------------------- upkeep
.PHONY: lock clean distclean
COMPILE = build/lock-env/bin/pip-compile --quiet --no-header --upgrade --generate-hashes \
  --allow-unsafe --strip-extras --no-emit-options --build-deps-for editable

build/lock-env/bin/pip-compile: | $(PY)
	@$(PY) -m venv build/lock-env
	@build/lock-env/bin/python -m pip --quiet install pip-tools

lock: build/lock-env/bin/pip-compile
	$(COMPILE) -o requirements.lock pyproject.toml
	$(COMPILE) --extra picture --extra test --extra oracles --extra dev -c requirements.lock \
	  -o requirements-dev.lock pyproject.toml

clean:
	rm -rf build dist out ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 -r rm -rf

distclean: clean
	rm -rf $(VENV)
