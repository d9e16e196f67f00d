# `make demo` and `make test` do all that a fresh Debian 12 or 13 needs; see .ci/prepare.

BIN := .venv/bin

.PHONY: help bench demo test test-all pytest sudo pyz dist release recording docs coverage mutation lint typecheck prepare clean

help:
	@echo "make demo        watch a certificate being issued, deployed and proven, against real programs on this machine"
	@echo "make test        lint, typecheck, then the tests, in parallel; an ordinary user needs sudo"
	@echo "make test-all    the same with every release of acme.sh in \$$ACMEWRAP_TEST_RELEASES, with long fuzzing, and all that is slow"
	@echo "make lint        ruff: rules and format; shellcheck"
	@echo "make typecheck   mypy, strict"
	@echo "make pyz         dist/acmewrap.pyz: one file that runs on CPython 3.8 and later, as on a NAS"
	@echo "make dist        dist/: wheel, sdist and the one file, reproducibly, with their sums and bill of materials"
	@echo "make release     the same, signed; SIGNING_KEY=FILE names the key (docs/releasing.md)"
	@echo "make recording   docs/demo.svg, from a run of the demo"
	@echo "make docs        build/docs/: the manual as a site; warnings and dead links are errors"
	@echo "make coverage    the tests with lines and branches counted; takes some fifteen minutes"
	@echo "make mutation    which mistakes in the plan, the parser and the outcome no unit test notices; takes some ten minutes"
	@echo "make bench       measure beside acme.sh alone and other clients; takes a quarter of an hour, writes bench/RESULTS.md and its chart"
	@echo "make clean       remove what the above made"

demo: prepare
	$(BIN)/acmewrap demo

recording: prepare
	$(BIN)/python .ci/record_demo.py

docs: prepare
	@.ci/prepare docs
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

coverage: prepare sudo
	$(BIN)/python .ci/coverage.py

mutation: prepare
	$(BIN)/python .ci/mutate.py

bench: prepare
	$(BIN)/python bench/run.py

test: prepare sudo  # side by side, as mypy has but one processor at work
	@$(MAKE) --no-print-directory --jobs lint typecheck pytest

pytest: prepare
	$(BIN)/python -m pytest --numprocesses auto -m "not slow and not release"

test-all: lint typecheck sudo
	@.ci/prepare slow
	$(BIN)/python -m pytest --numprocesses auto --hypothesis-profile full

sudo:
	@[ "$$(id -u)" -eq 0 ] || sudo true  # here it may ask for a password; the tests never do
	@root=; [ "$$(id -u)" -eq 0 ] || root=sudo; \
	$$root setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$(CURDIR)/Makefile" || { \
	echo "make test: some tests run as another user, and no other user may enter $(CURDIR):" \
	"clone it elsewhere, such as into /srv, or let them in (chmod o+x, each folder)" >&2; exit 77; }

pyz: prepare
	$(BIN)/python .ci/pyz.py

dist:
	@.ci/prepare release
	.venv-release/bin/python .ci/release.py

release:
	@.ci/prepare release
	@[ -n "$$SIGNING_KEY" ] || { echo "make release: SIGNING_KEY=FILE must name the key that signs (ssh-keygen)" >&2; exit 2; }
	.venv-release/bin/python .ci/release.py

lint: prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	shellcheck .ci/prepare .ci/run

typecheck: prepare
	$(BIN)/mypy

prepare:
	@.ci/prepare

clean:
	rm -rf .venv .venv-release .cache build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
