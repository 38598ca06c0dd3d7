.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INDEX ?= .faq-index
CONTENT ?= corpus/articles
# The demonstration content comes with labelled questions; your own may too: make index CONTENT=… QUESTIONS=…
QUESTIONS ?= $(if $(filter corpus/articles,$(CONTENT)),corpus/questions/tuning corpus/questions/natural/tuning)
HOST ?= 127.0.0.1
PORT ?= 8000
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint .constraints.txt
SERVE_READY := $(VENV)/.ready-to-serve
DEV_READY := $(VENV)/.ready-to-develop

.PHONY: help install index serve quick test proof bench refit check clean

help: ## List these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(SERVE_READY): pyproject.toml .constraints.txt | $(BIN)/python
	$(PIP) --editable '.[models,evaluate]'
	@touch $@

$(DEV_READY): pyproject.toml .constraints.txt | $(BIN)/python
	$(PIP) --editable '.[models,multilingual,evaluate,notebooks,dev]'
	@touch $@ $(SERVE_READY)

install: $(SERVE_READY) ## Make .venv with everything that indexing and serving need

index: $(SERVE_READY) ## Index CONTENT (default corpus/articles) into INDEX (default .faq-index)
	$(BIN)/faq index $(CONTENT) --index $(INDEX) $(foreach folder,$(QUESTIONS),--questions $(folder))

serve: index ## Index what changed, then serve the search page at http://127.0.0.1:8000
	$(BIN)/faq serve --index $(INDEX) --host $(HOST) --port $(PORT)

quick: check ## Check, and run the tests that need neither model, browser nor server: within a minute
	$(BIN)/python -m pytest --quick --numprocesses auto

test: $(DEV_READY) ## Run every test, some files of them side by side
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

proof: $(DEV_READY) ## Prove at full length that no kill, loss of power or damage breaks an index; takes hours
	FAQ_PROOF=1 $(BIN)/python -m pytest tests/proofs -rP

bench: $(DEV_READY) ## Measure this engine beside peers in environments of their own; BENCH="--seconds 5 --peers tutorial"
	$(BIN)/python -m tests.benchmarks.run $(BENCH)

refit: $(DEV_READY) ## Measure again every number chosen by measuring; FAQ_DATASETS=folder adds its data sets
	$(BIN)/python -m tests.fitting.refit $(REFIT)

check: $(DEV_READY) ## Check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean: ## Remove the virtual environment, the index and what tools leave behind
	rm -rf $(VENV) $(INDEX) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .bench
