# Everything this project does, for people and CI alike. `make help` lists it.

SHELL := /bin/sh
VENV := .venv/bin
ARGS ?=
# Processes that run tests at a time: more than cores, for much of a test is waiting. `make test TESTERS=0` for one.
TESTERS ?= 3

# The Python that makes the environment: `make PYTHON=/path/to/python3.11` to choose another.
FIND_PYTHON = for python in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3; do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; \
	  then exec "$$python" scripts/setup.py $(1); fi; done; \
	echo 'No Python 3.11 to 3.14 was found. Install Python 3.11 (Debian, Ubuntu: apt-get install python3.11 python3.11-venv)' >&2; \
	echo 'or name yours: make PYTHON=/path/to/python3.11' >&2; exit 1

.DEFAULT_GOAL := help
.PHONY: help serve build test lint format bench torture conformance retrievers milvus ray assets messages screenshots lock dist sbom audit load clean distclean env env-dev

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: env ## set up, build the index of corpus/ if it is missing or stale, serve on 127.0.0.1:8000
	$(VENV)/kb build --if-stale
	exec $(VENV)/kb serve $(ARGS)

build: env ## set up, and build the index of corpus/ if it is missing or stale
	$(VENV)/kb build --if-stale $(ARGS)

test: lint ## run every check: lint, then the tests (ARGS='-k words' for some of them)
	$(VENV)/pytest --numprocesses $(TESTERS) --dist loadscope --no-loadscope-reorder $(ARGS)

lint: env-dev ## check style, types and the borders between rooms
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports --no-logo --no-cache

format: env-dev ## put the code in its one form
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

bench: env-dev ## measure ../shared/corpus, then peers beside us (an hour at first; skipped without it)
	$(VENV)/python benchmarks/build_and_search.py $(ARGS)
	$(VENV)/python benchmarks/rebuild.py
	$(VENV)/python benchmarks/stages.py
	$(VENV)/python benchmarks/service_latency.py
	PYTHONPATH=. $(VENV)/python benchmarks/page.py
	$(VENV)/python benchmarks/peers.py
	$(VENV)/python benchmarks/growth.py

load: env-dev ## five minutes of 32 connections at once, with txtai's API beside us (ARGS='--seconds 20' for less)
	$(VENV)/python benchmarks/load.py $(ARGS)

torture: env-dev ## kill, fill up, damage, rebuild and fuzz, hours in all (ARGS='--quick kills' for some of it)
	$(VENV)/python -m tests.torture $(ARGS)

retrievers: env-dev ## test the retrievers for Haystack and LangChain in an environment of their own
	$(VENV)/python scripts/retrievers.py $(ARGS)

milvus: env-dev ## test the index on Milvus against two real servers, in an environment of its own
	$(VENV)/python scripts/milvus.py $(ARGS)

ray: env-dev ## test builds on a cluster of two Ray nodes on this machine, in an environment of its own
	$(VENV)/python scripts/cluster.py $(ARGS)

conformance: env-dev ## hold the API against the NL API Design Rules and its OpenAPI document (ARGS='--examples 100' for more)
	$(VENV)/pytest tests/api/test_conformance.py
	$(VENV)/python -m tests.conformance $(ARGS)

assets: ## copy the NL Design System's CSS into api/static/vendor (after a change of api/assets/package.json)
	@$(VENV)/python scripts/assets.py

messages: env-dev ## bring the catalogue of English texts in line with code and templates
	$(VENV)/python scripts/messages.py

screenshots: env-dev ## photograph the main pages (build/screenshots) and renew the pictures of the manual (docs/beelden)
	$(VENV)/pytest tests/browser -k picture
	$(VENV)/python scripts/screenshots.py

lock: ## bring requirements.lock in line with pyproject.toml (ARGS=--upgrade for the newest versions)
	@$(call FIND_PYTHON,--lock $(ARGS))

sbom: env-dev ## write what is installed to run this as CycloneDX JSON in dist/
	$(VENV)/python scripts/sbom.py dist/kennisbank.cdx.json

audit: env-dev ## look up known vulnerabilities of that (ARGS=--strict: fail where it cannot be looked up)
	$(VENV)/python scripts/audit.py $(ARGS)

dist: env-dev ## make the wheel and the source archive in dist/
	$(VENV)/python -m hatchling build

clean: ## remove caches and what `make dist` made
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find kb api tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## also remove the environment and every index
	rm -rf .venv
	find indexes -mindepth 1 ! -name .gitkeep -delete

env:
	@$(call FIND_PYTHON,)

env-dev:
	@$(call FIND_PYTHON,--dev)
