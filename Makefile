# `make demo` and `make test` set up everything they need in .venv; nothing is installed elsewhere.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core-ready
DEV := $(VENV)/.dev-ready
GATE := $(VENV)/.gate-ready
CLIENTS := .clients
PEERS := .bench/peers
SOURCES := src tests bench docs demo

.PHONY: help demo test clients check bench docs format lock clean

help:
	@echo "make demo    a project on the day of an attack: scanned, what was in reach, and behind a firewall"
	@echo "make test    all tests"
	@echo "make check   format, lint, types, architecture, documents"
	@echo "make bench   measure, and write docs/benchmarks.md"
	@echo "make docs    write the generated documents"
	@echo "make lock    lock the dependencies again"

$(CORE): requirements/core.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Seawall needs Python 3.11 or newer: make PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV) \
	  || { echo "python3 cannot make a virtual environment: apt-get install python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/core.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(CORE) requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@touch $(GATE) $@

$(GATE): $(CORE) requirements/firewall.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/firewall.txt
	@touch $@

demo: $(GATE)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python demo/axios_day.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python demo/reach_day.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python demo/gate_day.py

# The package managers that the firewall is tried with live apart from what it is developed with.
$(CLIENTS)/.ready: $(DEV) requirements/clients.txt requirements/npm-clients/package-lock.json requirements/npm-yarn4/package-lock.json
	$(BIN)/python -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/clients.txt
	mkdir -p $(CLIENTS)/npm
	cp requirements/npm-clients/package.json requirements/npm-clients/package-lock.json $(CLIENTS)/npm/
	cd $(CLIENTS)/npm && PATH="$(CURDIR)/$(CLIENTS)/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --silent
	mkdir -p $(CLIENTS)/yarn4
	cp requirements/npm-yarn4/package.json requirements/npm-yarn4/package-lock.json $(CLIENTS)/yarn4/
	cd $(CLIENTS)/yarn4 && PATH="$(CURDIR)/$(CLIENTS)/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

clients: $(CLIENTS)/.ready

test: $(DEV) $(CLIENTS)/.ready
	SEAWALL_REQUIRE_CLIENTS=1 $(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered --no-header tests

check: $(DEV)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_listed.py tests/test_documents.py
	$(BIN)/python docs/generate.py --check

# What is measured against lives apart from what is developed with.
$(PEERS)/.ready: $(DEV) $(CLIENTS)/.ready requirements/bench.txt requirements/npm-peers/package-lock.json
	$(BIN)/python -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/bench.txt
	mkdir -p $(PEERS)/npm
	cp requirements/npm-peers/package.json requirements/npm-peers/package-lock.json $(PEERS)/npm/
	cd $(PEERS)/npm && PATH="$(CURDIR)/$(CLIENTS)/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

bench: $(PEERS)/.ready
	$(BIN)/python -m bench

docs: $(DEV)
	$(BIN)/python docs/generate.py

format: $(DEV)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lock: $(DEV)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --group build -o requirements/core.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --extra firewall --extra reach -c requirements/core.txt -o requirements/firewall.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --all-extras --group build --group dev -c requirements/core.txt -o requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --group clients -o requirements/clients.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --group bench -o requirements/bench.txt

clean:
	rm -rf $(VENV) $(CLIENTS) .bench .mypy_cache .ruff_cache .coverage build dist
