# Everything one types. `make` alone tells what there is.

export PORT ?= 8000
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
SETUP = $(or $(PYTHON),python3) tools/setup.py
SERVERS := $(PY) tools/servers.py
BEGAN := $(shell date +%s)
RULES = $(wildcard */rules.py */*_rules.py)
# As many processes as cores, a file of tests in each at a time; ARGS="-n 0" for one after the other.
TOGETHER := -n auto --dist loadfile
# Checks that start Django reach no server; these addresses lead nowhere.
NOWHERE := DATABASE_URL=postgres://nobody@127.0.0.1:1/nothing REDIS_URL=redis://127.0.0.1:1/0 DATABASE_OWNER_URL=

.PHONY: help setup static demo demo-setup test test-own-servers check fix bench clean lock

help:  ## This list
	@echo "The safety portal. PORT=$(PORT) chooses the demo's port."
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | \
		awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'

demo: demo-setup  ## Start the portal with a fictitious agency in it; a second time with the same data
	@exec env PORTAL_BEGAN=$(BEGAN) $(PY) tools/demo.py

demo-setup:
	@$(SETUP) demo

test: setup  ## Run every test, browser journeys too, on servers that are thrown away (ARGS= for pytest)
	@PORTAL_ENV=test $(SERVERS) $(PY) -m pytest $(TOGETHER) $(ARGS)

test-own-servers: setup  ## The same on DATABASE_URL, DATABASE_OWNER_URL (may create databases) and REDIS_URL
	@for name in DATABASE_URL DATABASE_OWNER_URL REDIS_URL; do \
		[ -n "$$(printenv $$name)" ] || { echo "Set $$name to a server of your own."; exit 1; }; done
	@PORTAL_ENV=test $(PY) -m pytest $(TOGETHER) $(ARGS)

check: setup  ## Style, types, import direction, migrations, deployment settings, locks
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m djlint templates --lint --quiet
	$(PY) -m djlint templates --check --quiet
	.venv/bin/lint-imports --no-cache
	$(if $(RULES),$(PY) -m mypy --strict $(RULES))
	@$(NOWHERE) $(PY) manage.py makemigrations --check --dry-run
	@set -a; . ./.env.example; SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))'); \
		ENCRYPTION_KEYS=check:$$(head -c 32 /dev/urandom | base64 -w0); \
		$(PY) manage.py check --deploy --fail-level WARNING
	@! grep -nE '://|^ *-(i|f|-index-url|-extra-index-url|-find-links)' requirements/*.txt || \
		{ echo "A lock names an address; run make lock."; exit 1; }
	@! grep -n '"resolved"' package-lock.json || { echo "npm's lock names an address."; exit 1; }

fix: setup  ## Put right what can be put right by a program
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	-$(PY) -m djlint templates --reformat --quiet

# On a kept cluster, because a throw-away one does not wait for the disk and would flatter.
bench: setup  ## Measure the portal at scale (SCALE= for more or fewer kits)
	@$(SERVERS) --keep .local/bench $(PY) -m bench

setup:  ## The virtual environment with all tools, and the browser's files
	@$(SETUP) dev

static:  ## The browser's files only
	@$(SETUP) static

lock:  ## Write the locked lists of packages anew
	@$(SETUP) lock

clean:  ## Remove the demo's data and everything that was installed or built
	@if [ -x $(PY) ]; then for d in servers bench; do $(SERVERS) --remove .local/$$d || exit 1; done; fi
	rm -rf .local .venv node_modules safety_portal/static/built screenshots
	rm -rf .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
