# Every verb a person needs. `make help` lists them.
# Without conda: nothing to do, the first call makes .venv. With your own environment: make … PYTHON=python
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help

VENV := .venv
# origin: a PYTHON given on the command line or in the environment is used as it is
ifeq ($(origin PYTHON),undefined)
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
endif
BASE_PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3 2>/dev/null))
CAMPAIGN ?= data/campaigns/complete-journey.yml
WAREHOUSE ?= complete-journey
LAB_DIR ?= .
APEX := $(PYTHON) -m apex
PIP := $(PYTHON) -m pip install -qq --disable-pip-version-check

.PHONY: help report data match test test-slow test-browser truth league bench lint types format tidy lab lock clean
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

report: $(READY) ## render a campaign's report            (CAMPAIGN=data/campaigns/NAME.yml)
	@$(APEX) report $(CAMPAIGN)

data: $(READY) ## build a warehouse from its source     (WAREHOUSE=complete-journey)
	@$(APEX) data $(WAREHOUSE)

match: $(READY) ## an export's keys as the owner knows them  (EXPORT=reports/NAME/exports/CROWD/CHANNEL KEYS=file OUT=file)
	@$(APEX) match "$(or $(EXPORT),$(error EXPORT is the folder of an export))" "$(or $(KEYS),$(error KEYS is your file of keys))" \
	  "$(or $(OUT),$(error OUT is the file to write, outside the repository))"

test: lint types data ## everything a clean machine can check: lint, types, tests, notebooks, a full report
	@$(PYTHON) -m pytest -c lib/pyproject.toml -n 2 --dist loadfile lib/tests
	@$(PYTHON) -m pytest -c lib/pyproject.toml -n 2 --dist loadscope --nbval-lax -p no:cacheprovider notebooks

test-slow: $(READY) data ## what takes minutes: many more random worlds, builds killed at ten random moments
	@$(PYTHON) -m pytest -c lib/pyproject.toml -m slow lib/tests

test-browser: $(READY) data ## every page and JupyterLab in the system's Chromium   (CHROME_PATH=/path/to/chrome)
	@$(PYTHON) -m pytest -c lib/pyproject.toml -m browser lib/tests/browser

truth: $(READY) ## the pages of truth: PAGE=credit, realism, plans, creatives, providers, else all; by name: media, odds, loop, acts, sequence, contracts, pacing, trials, attribution, lift   (SEEDS="31 37")
	@for page in $(or $(PAGE),credit realism plans creatives providers); do \
	  PYTHONPATH=lib $(PYTHON) -m truth $$page $(if $(SEEDS),--seeds $(SEEDS)); done

league: $(READY) ## does following the workspace earn more? policies over six campaigns; goes on where it was stopped   (SEEDS="4000 4030")
	@PYTHONPATH=lib $(PYTHON) -m truth league $(if $(SEEDS),--seeds $(SEEDS))

bench: $(READY) ## our times beside rivals' that are installed   (NAME=attribution)
	@PYTHONPATH=lib $(PYTHON) -m bench $(NAME)

lint: $(READY) ## style of library and notebooks
	@$(PYTHON) -m ruff check --config lib/pyproject.toml lib notebooks
	@$(PYTHON) -m ruff format --quiet --check --config lib/pyproject.toml lib || \
	  { echo "formatting differs: run 'make format'" >&2; exit 1; }

format: $(READY) ## write library and tests in the one style
	@$(PYTHON) -m ruff format --quiet --config lib/pyproject.toml lib

tidy: $(READY) ## run every notebook and renew the outputs that the tests compare
	@$(APEX) tidy

types: $(READY)
	@$(PYTHON) -m mypy --config-file lib/pyproject.toml

# its settings: the map is shown and not its source, and nobody is asked for news or updates
lab: $(READY) ## open JupyterLab on the map of notebooks
	@JUPYTER_CONFIG_PATH=lib/jupyter $(PYTHON) -m jupyterlab --notebook-dir=$(LAB_DIR) $(LAB_FLAGS)

lock: ## renew lib/requirements.lock from environment.yml (needs uv on the PATH)
	@sed -n 's/^      - \([a-z].*==.*\)/\1/p' environment.yml \
	  | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --quiet --output-file lib/requirements.lock

clean: ## remove what is built: environment, warehouses, reports (lessons stay)
	@rm -rf $(VENV) data/warehouse data/markets data/truth .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find reports -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +

# A venv that is whole has .ready; one that a killed installation left is completed by the next call.
$(VENV)/.ready: lib/requirements.lock lib/pyproject.toml
	@[ -n "$(BASE_PYTHON)" ] && $(BASE_PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer with venv is needed; name it with BASE_PYTHON=…" >&2; exit 1; }
	@echo "Installing the locked packages into $(VENV) (once, a minute or more) …" >&2
	@$(PYTHON) -c '' 2>/dev/null || $(BASE_PYTHON) -m venv --clear $(VENV)
	@$(PIP) --require-hashes -r lib/requirements.lock >&2
	@$(PIP) --no-deps --no-build-isolation -e lib >&2
	@touch $@
