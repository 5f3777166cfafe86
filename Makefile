# `make demo` and `make test` do all the set-up themselves; the second time they start at once, also without a network.
# TESTS and ARGS narrow a run: make test TESTS=tests/checks ARGS='-k rules'; make demo ARGS='--tables 45000'.

.DEFAULT_GOAL := help
.PHONY: help demo demo-pr test soak check format lock bench mutants clean environment

BIN := .venv/bin
ROOMS := floodline checks reports policies lake lab

help:           ## Say what there is to make
	@sed -n 's/^\([a-z-]*\): .*## /make \1\t/p' $(MAKEFILE_LIST)

demo: environment ## Declare a lake, open it behind its declaration's back, and see who can read what
	@$(BIN)/floodline demo $(ARGS)

demo-pr: environment ## Change the declared lake in five pull requests, and see which would open it
	@$(BIN)/floodline demo --pull-request $(ARGS)

test: environment ## Run the tests on two cores, a browser's among them, then try wrong versions of the engine on them
	@.ci/browser
	@.ci/sarif
	@echo 'floodline: running the tests' >&2
	@$(BIN)/python -m pytest -n 2 -q $(ARGS) $(TESTS)
	@test -n '$(TESTS)$(ARGS)' || $(MAKE) --no-print-directory mutants

mutants: environment ## Of small wrong versions of the access engine, say how many the tests notice
	@$(BIN)/python tests/mutation/gate.py $(MUTANTS)

soak: environment ## Hold the engine and the gate against its specification, and the reading against bad days, on many more random lakes; more mutants
	@FLOODLINE_PAIRS=$${FLOODLINE_PAIRS:-20000} $(BIN)/python -m pytest -n 2 -q tests/compare/test_compare_specification.py $(ARGS)
	@FLOODLINE_DEPLOYMENTS=$${FLOODLINE_DEPLOYMENTS:-10000} $(BIN)/python -m pytest -n 2 -q tests/compare/test_gate_specification.py $(ARGS)
	@FLOODLINE_PLANS=$${FLOODLINE_PLANS:-10000} FLOODLINE_AT_ONCE=$${FLOODLINE_AT_ONCE:-4} $(BIN)/python -m pytest -n 2 -q tests/live/test_bad_days.py $(ARGS)
	@FLOODLINE_MUTANTS=$${FLOODLINE_MUTANTS:-3000} $(BIN)/python tests/mutation/gate.py $(MUTANTS)

check: environment ## Check format, style, types and the direction of imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: environment ## Put format and what else can be mended in order
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: environment ## Resolve pyproject.toml anew into requirements.lock (needs a network)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --universal --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --quiet $(ARGS) --output-file requirements.lock

bench: environment ## Measure time and memory of each stage at size
	@$(BIN)/python -m bench $(ARGS)

clean:          ## Remove the environment and everything that can be made again (the cached wheels stay)
	rm -rf .venv build dist out .lab .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find $(ROOMS) tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@.ci/environment
