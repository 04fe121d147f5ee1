# Everything sets itself up: the only thing needed beforehand is Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup test lint demo bench large docs clean engine engine-images engine-full evidence mutants

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml hatch_build.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "composeharden needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

test: setup lint
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

demo: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash demo.sh

bench: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check compose-lint==0.36.2
	$(BIN)/python -m tests.bench

docs: setup
	$(BIN)/python -m tests.reference
	$(BIN)/python -m tests.image_pages
	$(BIN)/python -m tests.config_schema

large: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check compose-lint==0.36.2
	$(BIN)/python -m tests.corpus.large

engine:
	tests/engine/start-engine

engine-images: setup engine
	$(BIN)/python -m tests.engine.stand_ins

# What takes too long for every day: each fault alone, healthy stacks 20 times, a running stack beside 20 runs, and
# each image learned with a trace and without, and compared with its facts.
engine-full: setup engine
	COMPOSEHARDEN_FULL=1 $(BIN)/python -m pytest tests/engine/test_verify.py tests/engine/test_untouched.py --durations=0
	$(BIN)/python -m tests.engine.learning

# All families that have a stand-in, or those in ONLY="redis nginx".
evidence: setup engine
	$(BIN)/python -m tests.engine.evidence $(ONLY)
	$(BIN)/python -m tests.image_pages

# Takes a while; with MUTANTS=--engine it is about the tests that need an engine.
mutants: setup
	$(BIN)/python -m tests.traps $(MUTANTS)

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
