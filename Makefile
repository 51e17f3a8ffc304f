# Two commands for a newcomer: `make demo` and `make test`. Neither needs root.
# For a server: `sudo make install`, `sudo make upgrade`, `sudo make uninstall` (docs/installing.md).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

PREFIX ?= /opt/monitor
DESTDIR ?=
CONTACT ?=
# Root leaves nothing of its own in this tree.
INSTALLER = $(PYTHON) -B systemd/install.py

.PHONY: demo test run check lint types unit proofs bench bench-alerts lock clean install upgrade uninstall python

demo: $(STAMP)  ## the real daemon on a little web of its own, live in the terminal
	$(BIN)/monitor demo

run: $(STAMP) .env  ## the daemon with sources.yaml
	@set -a; . ./.env; set +a; exec $(BIN)/monitor run

check: $(STAMP) .env  ## is sources.yaml right?
	@set -a; . ./.env; set +a; exec $(BIN)/monitor check

test: lint types unit  ## everything that must hold

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV_STAMP)
	$(BIN)/mypy

unit: $(DEV_STAMP)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

proofs: $(DEV_STAMP)  ## the daemon against an observer that shares no code with it, and the same with faults planted
	$(BIN)/python -m pytest -q -m slow
	$(BIN)/python -m tests.proofs.all

bench: $(DEV_STAMP)  ## 500 feeds, beside PyPI's reader
	$(BIN)/pip install --quiet --disable-pip-version-check reader==3.26 sgmllib3k==1.0.0
	$(BIN)/python -m benchmarks.poll

bench-alerts: $(DEV_STAMP)  ## how many messages a quarter makes, and how soon a post is a message
	$(BIN)/python -m benchmarks.alert_quarter
	$(BIN)/python -m benchmarks.alert_latency

lock: $(DEV_STAMP)  ## pin every dependency by hash, from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra dev pyproject.toml -o requirements-dev.lock

# Through the environment: root's shell reads nothing of what stands in them.
install upgrade uninstall: export DESTDIR := $(DESTDIR)
install upgrade uninstall: export PREFIX := $(PREFIX)
install upgrade uninstall: export CONTACT := $(CONTACT)

install: python  ## on this server: program, command, configuration, units; what is there already stays
	@$(INSTALLER) install

upgrade: python  ## to the version in this folder; the old one and its database come back when anything fails
	@$(INSTALLER) upgrade

uninstall: python  ## program, command and units; configuration and database stay
	@$(INSTALLER) uninstall

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …"; false)

$(STAMP): pyproject.toml requirements.lock | python
	@echo "Installing into $(VENV): about a minute, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BIN)/python -m monitor.lemmas
	touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# The address that goes into the User-Agent, so that a site's owner can reach you. Asked for once, and only where
# sources.yaml takes it from here; what is not an address is asked for again, because a shell reads this file.
.env:
	@umask 077; grep -qs 'MONITOR_CONTACT' sources.yaml || { : > .env; exit 0; }; \
	while printf 'An e-mail address at which the owners of the sites that you watch can reach you: ' && read -r contact; do \
	    if printf '%s' "$$contact" | grep -Eq '^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$$'; then \
	        printf 'MONITOR_CONTACT=%s\n' "$$contact" > .env; exit 0; \
	    fi; \
	    echo "That is no e-mail address."; \
	done; echo "No address was given."; exit 1

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
