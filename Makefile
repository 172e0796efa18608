# Every verb a newcomer needs. `make demo` and `make test` do their own set-up; nothing else has to be installed first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
PARITY_READY := .venv-parity/.ready
BENCH_READY := .venv-bench/.ready
DOCS := var/docs/index.html

.PHONY: help setup demo world test contract check format parity docs bench soak prefect clean

# Before a long and silent command: a dot every two seconds until it ends, or Ctrl-C ends it.
WITH_DOTS = ( while sleep 2 >/dev/null && kill -0 $$$$ 2>/dev/null; do printf .; done ) & dots=$$!; \
	trap 'kill $$dots 2>/dev/null; echo' EXIT; trap 'exit 130' INT TERM HUP;

help:           ## This list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: $(READY) ## Build the environment in .venv from the locked requirements

$(READY): requirements.txt pyproject.toml
	@echo "Setting up .venv from requirements.txt (about 130 packages; one to two minutes, once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "nexabooks needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=..."; exit 2; }
	@$(WITH_DOTS) rm -rf .venv && $(PYTHON) -m venv .venv && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.txt && \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) $(DOCS) ## Play the story on a pretend world: three days, end to end
	@$(BIN)/nexabooks demo

world: $(READY) ## The pretend world without a play, up until Ctrl-C: for your own commands, and for make prefect
	@$(BIN)/nexabooks demo --stay --home var/world

test: $(READY)  ## All tests
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

contract: $(READY) ## What the ledger relies on in Odoo: the pretend one, and a real one when it is named (tests/contract/README.md)
	@$(BIN)/python -m pytest -q tests/contract

check: $(READY) ## What a reviewer asks first: format, lint, types, import direction
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## Bring the code into the house's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Everything on loopback, its state below var/prefect. The server has a session of its own, so that Ctrl-C reaches the worker alone: a worker
# whose server is gone asks for it again and again before it ends. When the worker has ended, the shell stops the server.
prefect: export PREFECT_HOME = $(CURDIR)/var/prefect
prefect: export PREFECT_API_URL = http://127.0.0.1:$(PREFECT_PORT)/api
prefect: export PREFECT_SERVER_ANALYTICS_ENABLED = false
prefect: export PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT = false
prefect: PREFECT_PORT ?= 4200
prefect: $(READY) ## A Prefect server, the work pool, the deployments and a worker, on loopback
	@mkdir -p $(PREFECT_HOME); \
	$(BIN)/python -c 'import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])' \
		$(BIN)/prefect server start --host 127.0.0.1 --port $(PREFECT_PORT) >$(PREFECT_HOME)/server.log 2>&1 & server=$$!; \
	trap 'kill $$server 2>/dev/null; wait $$server 2>/dev/null' EXIT; trap 'exit 130' INT TERM HUP; \
	echo "Starting the Prefect server; its log is $(PREFECT_HOME)/server.log ..."; \
	for second in $$(seq 90); do $(BIN)/python -c "import urllib.request as u; u.urlopen('$(PREFECT_API_URL)/health')" 2>/dev/null && break; sleep 1; done; \
	$(BIN)/prefect work-pool create nexabooks --type process --overwrite && \
	$(BIN)/prefect work-pool set-concurrency-limit nexabooks 1 && \
	$(BIN)/prefect --no-prompt deploy --all && \
	echo "The UI is at http://127.0.0.1:$(PREFECT_PORT). Ctrl-C stops everything." && \
	$(BIN)/prefect worker start --pool nexabooks

$(PARITY_READY): requirements-parity.txt
	@echo "Setting up .venv-parity: dbt-core, for the parity check and the SQL docs only (about a minute, once) ..."
	@$(WITH_DOTS) rm -rf .venv-parity && $(PYTHON) -m venv .venv-parity && \
		.venv-parity/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-parity.txt
	@touch $@

# The hard cases exercise every model; the warehouse they leave behind is what both builders build again.
parity: $(READY) $(PARITY_READY) ## dbt-core builds the same tables as our runner, row by row, and passes the same unit tests
	@$(BIN)/nexabooks demo --world traps --home var/parity
	@$(BIN)/python -m nexabooks.warehouse.parity --project sql --warehouse var/parity/warehouse.duckdb --dbt .venv-parity/bin/dbt

docs: $(DOCS)   ## The SQL docs site of dbt, with lineage, as one page

$(DOCS): $(READY) $(PARITY_READY) $(shell find sql -name target -prune -o -type f -print)
	@echo "Writing the SQL docs (up to a minute, and again only when sql/ changes) ..."
	@$(WITH_DOTS) $(BIN)/python -m nexabooks.warehouse.parity --docs var/docs --project sql --dbt .venv-parity/bin/dbt

$(BENCH_READY): requirements-bench.txt
	@echo "Setting up .venv-bench: dlt, to compare with ..."
	@$(WITH_DOTS) rm -rf .venv-bench && $(PYTHON) -m venv .venv-bench && \
		.venv-bench/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-bench.txt
	@touch $@

bench: $(READY) $(BENCH_READY) ## What it costs, beside what a user would pick; rewrites docs/benchmarks.md
	@$(BIN)/python -m benchmarks

soak: $(READY)  ## The fault simulation on new seeds until it is stopped; a failing seed prints itself
	@$(BIN)/python -m tests.simulation --soak

clean:          ## Remove what make built, and the demo's data
	rm -rf .venv .venv-parity .venv-bench var sql/target
