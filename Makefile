# make run     serve Porchlight on http://127.0.0.1:8501, with the synthetic city if there is no data yet
# make test    everything that is tested, in a real browser and both databases
# make check   format, lint, types, arrows between the rooms, tests
# make bench   side-by-side timings, run by hand; one part with: make bench PART=viewshed
# make setup   only install

PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: run test check bench setup browser synthetic
.DEFAULT_GOAL := run

# A change of a list installs again; otherwise these take no time and no network.
.venv/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Porchlight needs Python 3.11; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what Porchlight runs on; this takes a minute or two the first time."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/tests: .venv/runtime requirements-dev.txt
	@echo "Installing what the tests add."
	@$(PIP) -r requirements-dev.txt
	@touch $@

setup: .venv/tests

synthetic: .venv/runtime
	@$(BIN)/python -m data.synthetic --if-empty

run: synthetic
	@echo "Porchlight is at http://127.0.0.1:$(PORT)  (stop it with Ctrl+C)"
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT)

browser: .venv/tests
	@$(BIN)/python -m tests.browser.install

test: .venv/tests browser
	@$(BIN)/python -m pytest

check: .venv/tests browser
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest

.venv/bench: .venv/tests requirements-bench.txt
	@echo "Installing what the benchmarks compare with."
	@$(PIP) -r requirements-bench.txt
	@touch $@

bench: .venv/bench
	@$(BIN)/python -m benchmarks $(PART)
