# The commands of the house. `make help` lists them; each builds the environment it needs first.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The first interpreter that is new enough; name another with PYTHON=…
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# Test processes: NPROC=1 for one at a time.
NPROC ?= auto

BIN := .venv/bin
ENV := .venv/.installed
NODE := tests/contract/node
NODE_ENV := $(NODE)/node_modules/.installed
CONTRACT := build/contract
# The interpreter's environment first: its node and npm are the pinned ones.
export PATH := $(CURDIR)/$(BIN):$(PATH)

demo: $(ENV)  ## load a small city and serve it; SCALE=1 the whole city, LIYU_PORT=n elsewhere, CHECK=1 run the main job once and leave
	liyu demo$(if $(SCALE), --scale $(SCALE))$(if $(filter-out 0,$(CHECK)), --check)

test: $(ENV)  ## all tests; NPROC=n sets how many processes
	pytest -n $(NPROC)

check: format-check lint types imports openapi-check contract test  ## everything CI asks for, tests last

bench: $(ENV)  ## measure what we claim about speed
	python -m benchmarks

format: $(ENV)  ## set the code in its form
	ruff format .
	ruff check --fix-only --quiet .

format-check: $(ENV)
	ruff format --check .

lint: $(ENV)  ## ruff, all rules
	ruff check .

types: $(ENV)  ## mypy --strict
	mypy

imports: $(ENV)  ## the rings: imports point inwards
	lint-imports

openapi: $(ENV)  ## write openapi.yaml from the code
	liyu openapi

openapi-check: $(ENV)
	liyu openapi --check

contract: $(ENV) $(NODE_ENV)  ## lint openapi.yaml and type-check a TypeScript client of it
	mkdir -p $(CONTRACT)
	REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(NODE)/node_modules/.bin/redocly lint --config $(NODE)/redocly.yaml openapi.yaml
	$(NODE)/node_modules/.bin/openapi-typescript openapi.yaml --default-non-nullable=false --output $(CONTRACT)/liyu.d.ts
	$(NODE)/node_modules/.bin/tsc --project $(NODE)/tsconfig.json

verify: $(ENV)  ## recompute every invariant of the ledger
	liyu verify

test-outside-postgres: $(ENV)  ## store and engine tests against a PostgreSQL server of the distribution
	.ci/outside-postgres pytest -n $(NPROC) tests/store tests/engine

env: $(ENV) $(NODE_ENV)  ## build .venv and the tools of the contract check

requirements: $(ENV)  ## compile requirements/ from pyproject.toml: pinned, hashed, without addresses
	$(COMPILE) --group dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --constraints requirements/dev.txt --output-file requirements/base.txt pyproject.toml
	$(COMPILE) --constraints requirements/dev.txt --group build --output-file requirements/build.txt

# What production installs is what the tests ran on: base and build are constrained by dev.
COMPILE := uv --no-config --quiet pip compile $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

clean:  ## remove caches and build output; .venv and the data in .liyu stay
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp, not the folder: a build that broke half-way is done again.
$(ENV): requirements/dev.txt
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Liyu needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3" >&2; \
		echo "Liyu 需要 Python 3.11 或更高版本，可指定：make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || { rm -rf .venv && $(PYTHON) -m venv .venv; } \
		|| { echo "$(PYTHON) cannot make a virtual environment; Debian and Ubuntu need: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing requirements/dev.txt into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt || { \
		echo "The packages could not be fetched: is there a network, or a mirror in PIP_INDEX_URL?" >&2; \
		echo "无法下载依赖包：请检查网络，或用 PIP_INDEX_URL 指定镜像" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(NODE_ENV): $(NODE)/package.json $(NODE)/package-lock.json | $(ENV)
	npm ci --prefix $(NODE) --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

.PHONY: demo test check bench format format-check lint types imports openapi openapi-check contract verify \
	test-outside-postgres env requirements clean help
