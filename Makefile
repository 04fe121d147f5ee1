# Everything sets itself up: the only thing needed beforehand is Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many tests use the engine at a time.
ENGINE_TESTS ?= 3
BESIDE := --numprocesses=$(ENGINE_TESTS) --dist=loadgroup --no-loadscope-reorder

.PHONY: setup test other-tests engine-tests lint demo bench large docs clean engine engine-images engine-full evidence mutants

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml hatch_build.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "composeharden needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

# Engine tests wait most of the time: several run beside each other and beside all others, and their output comes last.
test: setup
	$(MAKE) --no-print-directory --keep-going --jobs=2 engine-tests other-tests

other-tests: setup lint
	$(BIN)/python -m pytest --ignore=tests/engine --ignore=tests/corpus --numprocesses=auto --dist=worksteal
	$(BIN)/python -m pytest tests/corpus

engine-tests: setup
	@mkdir -p build
	@$(BIN)/python -m pytest tests/engine $(BESIDE) >build/engine-tests.log 2>&1; \
	  status=$$?; cat build/engine-tests.log; exit $$status

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
	COMPOSEHARDEN_FULL=1 $(BIN)/python -m pytest tests/engine/test_verify.py tests/engine/test_untouched.py $(BESIDE) \
	  --durations=0
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
