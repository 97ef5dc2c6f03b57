# The verbs of this checkout; `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps

export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install up down status logs demo test bench lint format docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(STAMPS)/run ## Install what is missing, start everything, print how to call
	@$(BIN)/ariswitch up

install: $(STAMPS)/run ## Install what `make up` would start, and start nothing

down: ## Stop what `make up` started
	@if [ -x $(BIN)/ariswitch ]; then $(BIN)/ariswitch down; else echo "Nothing is installed."; fi

status: $(STAMPS)/venv ## Tell what runs and whether it is healthy
	@$(BIN)/ariswitch status

logs: $(STAMPS)/venv ## Follow the logs of all parts
	@$(BIN)/ariswitch logs --follow

demo: up $(STAMPS)/packages-demo ## Place a real SIP call to the echo bot and print what was heard
	@$(BIN)/ariswitch demo

test: $(STAMPS)/test ## Run every test, those on the real Asterisk too
	$(BIN)/python -m pytest $(PYTEST_ARGS)

bench: $(STAMPS)/bench ## Measure the stream worker against C, the whole stack against bare Asterisk
	$(BIN)/python -m bench.bridge $(BENCH_ARGS)
	$(BIN)/python -m bench.stack $(STACK_ARGS)

lint: $(STAMPS)/venv ## Check style, types and shell scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for script in asterisk/*.sh deploy/*.sh deploy/*/*.sh .ci/run; do bash -n "$$script" || exit 1; done

format: $(STAMPS)/venv ## Bring the code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMPS)/venv ## Write the generated pages
	$(BIN)/ariswitch config --markdown > docs/configuration.md.new
	mv docs/configuration.md.new docs/configuration.md
	$(BIN)/python -m ari_app.debug.diagnose.page

lock: $(STAMPS)/venv ## Pin every dependency anew, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --upgrade --group dev \
	  --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --upgrade --group bench \
	  --constraints requirements.lock --output-file bench/requirements.lock

clean: down ## Remove the Python environment and caches, keep state and Asterisk
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a second run takes seconds. The Asterisk root is outside the checkout and may be
# removed at any time, so its script runs always; it is quick when there is nothing to do.

$(STAMPS)/packages: asterisk/packages-run.txt asterisk/packages.sh
	@asterisk/packages.sh run
	@mkdir -p $(@D) && touch $@

$(STAMPS)/packages-%: asterisk/packages-%.txt asterisk/packages.sh
	@asterisk/packages.sh $*
	@mkdir -p $(@D) && touch $@

# The stream worker's core needs a compiler, and does without at twice the CPU: docs/decisions.
$(STAMPS)/core: asterisk/packages-core.txt asterisk/packages.sh | $(STAMPS)/packages
	@[ "$(STREAM_CORE)" = python ] || asterisk/packages.sh core || \
	  echo "No compiler: the stream worker will run in Python, which costs twice the CPU"
	@mkdir -p $(@D) && touch $@

# Brought to the lock in place while its Python lives, so what runs from it goes on; else anew.
$(STAMPS)/locked: requirements.lock | $(STAMPS)/packages
	@echo "Making the Python environment"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed" if sys.version_info < (3, 11) else 0)'
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements.lock
	@mkdir -p $(@D) && touch $@

$(STAMPS)/venv: pyproject.toml hatch_build.py stream/core_sources.py stream/core $(wildcard stream/core/*) $(STAMPS)/core $(STAMPS)/locked
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check --quiet || { echo "pyproject.toml and requirements.lock differ: make lock"; exit 1; }
	@touch $@

$(STAMPS)/bench: bench/requirements.lock $(STAMPS)/venv $(STAMPS)/packages-bench \
  $(STAMPS)/packages-demo asterisk-root
	@$(BIN)/python -m pip install -qq --require-hashes -r bench/requirements.lock
	@touch $@

.PHONY: asterisk-root
asterisk-root: $(STAMPS)/packages
	@asterisk/install.sh >/dev/null

$(STAMPS)/run: $(STAMPS)/venv asterisk-root
$(STAMPS)/test: $(STAMPS)/venv $(STAMPS)/packages-demo $(STAMPS)/packages-test asterisk-root
.PHONY: $(STAMPS)/run $(STAMPS)/test $(STAMPS)/bench
