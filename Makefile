# `make demo` and `make test` do all that a fresh Debian 12 or 13 needs; see .ci/prepare.

BIN := .venv/bin

.PHONY: help bench demo test test-all pytest sudo pyz lint typecheck prepare clean

help:
	@echo "make demo        watch a certificate being issued, deployed and proven, against real programs on this machine"
	@echo "make test        lint, typecheck, then the tests, in parallel; an ordinary user needs sudo"
	@echo "make test-all    the same with every release of acme.sh in \$$ACMEWRAP_TEST_RELEASES, with long fuzzing, and all that is slow"
	@echo "make lint        ruff: rules and format; shellcheck"
	@echo "make typecheck   mypy, strict"
	@echo "make pyz         dist/acmewrap.pyz: one file that runs on CPython 3.8 and later, as on a NAS"
	@echo "make bench       measure beside acme.sh alone and other clients; takes some ten minutes, writes bench/RESULTS.md"
	@echo "make clean       remove what the above made"

demo: prepare
	$(BIN)/acmewrap demo

bench: prepare
	$(BIN)/python bench/run.py

test: prepare sudo  # side by side, as mypy has but one processor at work
	@$(MAKE) --no-print-directory --jobs lint typecheck pytest

pytest: prepare
	$(BIN)/python -m pytest --numprocesses auto -m "not slow and not release"

test-all: lint typecheck sudo
	$(BIN)/python -m pytest --numprocesses auto --hypothesis-profile full

sudo:
	@[ "$$(id -u)" -eq 0 ] || sudo true  # here it may ask for a password; the tests never do

pyz: prepare
	$(BIN)/python .ci/pyz.py

lint: prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	shellcheck .ci/prepare .ci/run

typecheck: prepare
	$(BIN)/mypy

prepare:
	@.ci/prepare

clean:
	rm -rf .venv .cache build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
