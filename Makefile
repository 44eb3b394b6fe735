# Everything a newcomer needs: `make run` and `make test`. Needs python3 (3.11+) with venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# How many processes the tests are shared out to, by the file; JOBS=0 runs them in this one.
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest
# Hundreds of tests start the program: without its compiled modules each would take twice as long.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-twice check lint types layers bench screenshots install clean

help:
	@echo "make run          open the program (sets everything up first); ARGS=\"--demo\" passes flags"
	@echo "make test         set up and run the whole test suite"
	@echo "make check        format check, lint, types, layers"
	@echo "make bench        run the benchmarks and print their tables"
	@echo "make screenshots  make the pictures in screenshots/ from the running program"
	@echo "make install      install the alloy command for this user"

# Two stamps, so that opening the program does not wait for the test tools.
$(VENV)/.run: requirements/run.txt requirements/local.txt pyproject.toml scripts/setup.sh
	PYTHON=$(PYTHON) VENV=$(VENV) scripts/setup.sh run
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	PYTHON=$(PYTHON) VENV=$(VENV) scripts/setup.sh dev
	touch $@

run: $(VENV)/.run
	@$(BIN)/alloy $(ARGS)

test: $(VENV)/.dev
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

# What fails is tried once more by itself, in one process: terminals, real models and killed
# processes can be starved on a busy machine, while a broken test fails twice. Tests that failed
# end with 1; any other end, as of a run that was cut short, is final.
test-twice: $(VENV)/.dev
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS) || { [ $$? = 1 ] && \
		$(PYTEST) $(ARGS) --last-failed --last-failed-no-failures=none; }

check: lint types layers

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/pyright

layers: $(VENV)/.dev
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(VENV)/.dev
	$(BIN)/python -m screenshots

install:
	$(PYTHON) -m pip install --user .

clean:
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis
