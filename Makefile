# Everything a person or the CI does with Teleconsult starts here. `make` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

DATA ?= data
PORT ?= 8080
HOST ?= 127.0.0.1
PYTHON := .venv/bin/python
BIN := .venv/bin
# What pytest gets on top, e.g. `make test PYTEST='-k upload'`.
PYTEST ?=

.PHONY: help deidentification-profile setup setup-tests up doctor test test-scaled check check-ruff check-mypy check-imports check-eslint check-tsc \
	front-end-tests python-tests imports docs bench bench-media bench-inference fuzz chaos load attack openapi sbom audit-packages lock clean

help: ## List what can be made
	@echo "Teleconsult: remote consultation on medical images."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  DATA=folder PORT=n HOST=address choose the installation, e.g. make up DATA=/srv/second PORT=9000"

setup: ## Install all that running needs: system packages, .venv, front end
	@deploy/setup.sh

setup-tests:
	@deploy/setup.sh --tests

up: setup ## Set up what is missing, then run everything (Ctrl-C stops it)
	@exec $(BIN)/teleconsult up --data "$(DATA)" --port "$(PORT)" --host "$(HOST)"

doctor: ## Say in plain sentences what is missing, broken or in the way
	@exec deploy/doctor.sh --data "$(DATA)" --port "$(PORT)"

test: setup-tests ## Install all that tests need, then check and test everything
	@$(MAKE) --keep-going -j2 $(CHECKS) front-end-tests
	@$(MAKE) python-tests

# Two at a time, those that take longest first.
CHECKS := check-mypy check-eslint check-tsc check-imports check-ruff
check: ## ruff, mypy, import rules, eslint, tsc: all of them, also when one fails
	@$(MAKE) --keep-going -j2 $(CHECKS)

check-ruff:
	@deploy/step.sh "ruff" $(BIN)/ruff check --no-cache .
check-mypy:
	@deploy/step.sh "mypy" $(BIN)/mypy
check-imports:
	@deploy/step.sh "import-linter" $(BIN)/lint-imports --no-cache
check-eslint:
	@deploy/step.sh "eslint" npm --prefix web run --silent lint
check-tsc:
	@deploy/step.sh "tsc" npm --prefix web exec --no -- tsc --noEmit -p web

front-end-tests:
	@npm --prefix web run --silent test

python-tests:
	@$(BIN)/pytest -n 2 --no-loadscope-reorder $(PYTEST)

imports: ## Print which package may import which, and whether it holds
	@$(BIN)/lint-imports --no-cache --verbose

docs: ## Redraw the generated pages of docs/ and check every link in them
	@$(PYTHON) docs/draw_states.py
	@$(PYTHON) docs/draw_rights.py
	@$(PYTHON) docs/draw_retention.py
	@$(PYTHON) docs/check_links.py

BENCHMARKS ?= worklist start_and_stop upload upload_codings study_out volume_ready planes change_feed deidentify shared_scroll first_image decide_findings
bench: ## Measure everything, an hour or so; BENCHMARKS="upload ..." chooses
	@for name in $(BENCHMARKS); do echo "== $$name"; $(PYTHON) -m benchmarks.$$name; done

MEDIA_BENCHMARKS ?= packet_core media_peers recording call_in_chromium speech_on_bad_lines relay_failover
bench-media: ## Measure the call on good and bad lines; MEDIA_BENCHMARKS="..." chooses
	@for name in $(MEDIA_BENCHMARKS); do echo "== $$name"; $(PYTHON) -m benchmarks.$$name; done

INFERENCE_BENCHMARKS ?= official_retinanet lung_model streamed_reading mammography_model
bench-inference: ## Measure models: findings and time, hours; INFERENCE_BENCHMARKS="..." chooses
	@for name in $(INFERENCE_BENCHMARKS); do \
		if [ -f benchmarks/$$name.py ]; then echo "== $$name"; $(PYTHON) -m benchmarks.$$name; fi; \
	done

FUZZ_TARGETS ?= description message stun dtls rtp rtcp dicom zip
FUZZ_S ?= 60
fuzz: ## Fuzz what takes bytes from strangers, FUZZ_S seconds each; FUZZ_TARGETS="..." chooses
	@mkdir -p test-results/fuzz
	@for target in $(FUZZ_TARGETS); do echo "== $$target"; \
		$(PYTHON) -m tests.fuzz $$target -max_total_time=$(FUZZ_S) -verbosity=0 -artifact_prefix=test-results/fuzz/ || exit 1; done

CHAOS_KILLS ?= 100
CHAOS_SEED ?= 1
LOAD ?=
load: ## A hundred users, a thousand people in rooms, too many files: 40 minutes; LOAD="--minutes 5" is shorter
	@$(PYTHON) -m benchmarks.load $(LOAD)

chaos: ## Kill and hurt the parts of installations at work, half an hour or so; see docs/faults.md
	@CHAOS_KILLS=$(CHAOS_KILLS) CHAOS_SEED=$(CHAOS_SEED) $(BIN)/pytest -s tests/chaos $(PYTEST)

test-scaled: setup-tests ## Run the application's tests on PostgreSQL, RabbitMQ and S3 instead of SQLite, Redis and files
	@TELECONSULT_TEST_SCALED=1 $(BIN)/pytest --timeout 900 tests/integration/app $(PYTEST)

CASES ?=
attack: ## Run the tests that docs/security.md names, an hour or so; CASES="26-43 68" chooses
	@$(PYTHON) -m tests.attack $(CASES) -- $(PYTEST)

openapi: ## Write web/openapi.json and the front end's types from it
	@$(BIN)/teleconsult openapi
	@npm --prefix web exec --no -- openapi-typescript web/openapi.json -o web/src/api/schema.ts

deidentification-profile: ## Write the de-identification table as the browser reads it
	@$(PYTHON) -c "from imaging.deidentification_profile import as_json; print(as_json(), end='')" \
		>web/src/upload/deidentificationProfile.json

sbom: ## List what we are made of, as CycloneDX in sbom/
	@deploy/packages.sh sbom

audit-packages: ## Ask PyPI and npm for known weaknesses of the locked packages
	@deploy/packages.sh audit

lock: ## Make the lock files again from pyproject.toml
	@deploy/lock.sh

clean: ## Remove what setup and tests made; data folders stay
	@rm -rf .venv web/node_modules web/dist test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
	@echo "Removed. Data folders were left as they are."
