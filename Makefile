# Two commands from nothing: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
MANAGE := $(PYTHON) manage.py
STAMPS := $(VENV)/stamps

HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: run
run: setup ## start the whole portal on this machine (PORT=8000)
	@exec $(MANAGE) up

# -- set-up: each step leaves a stamp, so the second run takes no time --------------------------
.PHONY: setup
setup: $(STAMPS)/embedded $(STAMPS)/node $(STAMPS)/messages ## virtual environment, browser assets

.PHONY: setup-dev
setup-dev: $(STAMPS)/dev setup ## the same with the tools for tests and lint

$(STAMPS)/venv:
	@tools/make-venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/embedded: $(STAMPS)/venv requirements/embedded.txt
	@echo "Installing Python packages from requirements/embedded.txt"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/embedded.txt
	@touch $@

$(STAMPS)/dev: $(STAMPS)/embedded requirements/dev.txt
	@echo "Installing Python packages from requirements/dev.txt"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@touch $@

$(STAMPS)/node: $(STAMPS)/embedded package.json package-lock.json
	@echo "Installing browser packages from package-lock.json"
	@tools/npm-ci $(VENV)
	@touch $@

# The translations, when this copy has the command that compiles them.
MESSAGES := $(wildcard locale/*/LC_MESSAGES/django.po)
$(STAMPS)/messages: $(STAMPS)/embedded $(MESSAGES)
	@if [ -f portal/management/commands/translations.py ]; then $(MANAGE) translations compile; fi
	@touch $@

# -- tests ----------------------------------------------------------------------------------------
.PHONY: test
test: setup-dev ## every test: unit, database, queue, worker, browser
	@tools/ensure-chromium
	@# Compiled once, not by each of the many processes that the tests start.
	@PYTHONDONTWRITEBYTECODE= $(PYTHON) -m pytest -n 2 --dist loadfile $(ARGS)

.PHONY: bench
bench: setup ## measurements: make bench ARGS="nightly --members 100000"
	@$(MANAGE) bench $(ARGS)

# -- lint -----------------------------------------------------------------------------------------
.PHONY: lint
lint: setup-dev ## format, style, imports, types, migrations, deployment, API schema
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(PYTHON) tools/check_portal.py

.PHONY: lint-migrations
lint-migrations: setup-dev ## is a migration missing?
	@$(PYTHON) tools/check_portal.py migrations

.PHONY: fmt
fmt: setup-dev ## format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# -- upkeep ---------------------------------------------------------------------------------------
.PHONY: messages
messages: setup ## collect the strings to translate
	@$(MANAGE) translations extract

.PHONY: compilemessages
compilemessages: setup ## compile the translations
	@$(MANAGE) translations compile

.PHONY: lock
lock: setup-dev ## new locks from pyproject.toml and package.json (hashes, no addresses)
	@tools/lock $(VENV)

.PHONY: clean
clean: ## remove what set-up made; the data in .local stay
	rm -rf $(VENV) node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
