# `make run`: a whole store on this machine. `make test`: everything that must hold. Needs Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

run: $(VENV)/.installed
	@echo "== The store opens at http://127.0.0.1:8080 (Ctrl-C closes it)"
	@$(BIN)/aisle run

test: $(VENV)/.installed
	@echo "== ruff: style"
	@$(BIN)/ruff check .
	@echo "== mypy: types (strict)"
	@$(BIN)/mypy
	@echo "== import-linter: who may import whom"
	@$(BIN)/lint-imports
	@echo "== pytest: behaviour"
	@$(BIN)/pytest

bench: $(VENV)/.installed
	@$(BIN)/python -m benchmarks

$(VENV)/.installed: setup.cfg pyproject.toml
	@echo "== Installing into $(VENV) (once; about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Aisle needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: run test bench clean
