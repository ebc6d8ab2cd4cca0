# The commands of this repository. `make demo` and `make test` need Python 3.11 or later and
# nothing else; each makes or mends the environment in .venv first, and is quick the second time.
# PYTHON= names another interpreter, ARGS= goes to pytest.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
ROW ?=
SAMPLE ?= 0
SEED ?= 1
export PYTHON

.PHONY: help demo test lint venv clean bench bench-quick soak simulate fuzz mutants

help:
	@echo 'make demo    index the standard library with a real worker, start to finish'
	@echo 'make test    run the suite on servers that it starts itself   (ARGS="-k claim")'
	@echo 'make lint    ruff, mypy, import-linter'
	@echo 'make bench-quick  streamq against its budgets, in under a minute'
	@echo 'make bench        streamq and its peers side by side, a quarter of an hour'
	@echo 'make soak ROW=6   a row of the fault suite at its large size; goes on where it was stopped'
	@echo 'make soak ROW=model  500,000 steps of the model of all scripts'
	@echo 'make mutants SAMPLE=300  break the scripts in small ways, and see which the tests notice'
	@echo 'make simulate workers in a simulated world, a thousand seeds   (ARGS="--seeds 50")'
	@echo 'make fuzz   a million odd inputs for what reads bytes, URLs, settings and arguments'
	@echo 'make venv    the environment alone, with all tools, in $(VENV)'
	@echo 'make clean   remove $(VENV), caches and builds'

demo:
	@./.ci/venv $(VENV) embedded
	@$(BIN)/streamq demo

test: venv
	$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

venv:
	@./.ci/venv $(VENV) embedded,dev

bench-quick: venv
	$(BIN)/python -m benchmarks.quick

soak: venv
	$(BIN)/python -m tests.faults $(ROW) $(ARGS)

mutants: venv
	nice -n 10 $(BIN)/python -m tests.mutants --sample $(SAMPLE) --seed $(SEED) $(ARGS)

simulate: venv
	$(BIN)/python -m tests.simulation $(ARGS)

fuzz:
	@./.ci/venv $(VENV) embedded,dev,fuzz
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: venv
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) dist build .reports .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
