# Andamento: everything a newcomer calls. `make` alone lists it.

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench soak chaos lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  \033[36mmake %-8s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Set up .venv, the locked dependencies and a Chromium (the others do it by themselves)
	@PYTHON=$(PYTHON) sh deploy/setup.sh

demo: setup ## Start service, runner, replica and landing page (ONCE=1: one quote without a person)
	@$(BIN)/python -m demo $(if $(ONCE),--once)

test: lint ## Lint, format check, types, and all tests with coverage
	@sh deploy/proxies.sh || true
	@sh deploy/firefox.sh || true
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --cov --cov-report=term --cov-fail-under=90

lint: setup ## Lint, format check and strict types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup ## Measure, in ratios to peers in the same run: table, JSON and picture (QUICK=1, ONLY="burst appends")
	@sh deploy/peers.sh || true
	@$(BIN)/python -m benchmarks --json build/bench.json --plot build/bench.png \
		$(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

soak: setup ## Half an hour of everyday traffic: nothing may grow, leak or be lost (MINUTES, SEED)
	@$(BIN)/python -m benchmarks.soak --json build/soak.json --plot build/soak.png \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

chaos: setup ## Kill, stop and starve the product for an hour or so (ROUNDS, BROWSER_ROUNDS, SEED, FIRST, ONLY, JSON)
	@$(BIN)/python -m benchmarks.chaos $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(BROWSER_ROUNDS),--browser-rounds $(BROWSER_ROUNDS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(FIRST),--first $(FIRST)) $(if $(ONLY),--only $(ONLY)) $(if $(JSON),--json $(JSON))

lock: setup ## Lock the newest versions that pyproject.toml allows
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --all-extras \
		--no-emit-index-url --no-header --upgrade --quiet pyproject.toml -o requirements.lock

clean: ## Remove what the other commands made
	@rm -rf .venv build tests/*/node_modules frontend_snippet/node_modules *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
