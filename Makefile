# Each target builds its environment under .venv by itself. PYTHON=python3.13 make … picks the interpreter.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV := .venv/$(VERSION)
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
CHECKOV := .cache/checkov-$(VERSION)/bin/checkov

.PHONY: demo run test properties fuzz check bench soak scan clean

demo: $(READY) ## the main job once, from nothing, with a table of what came of it
	@$(RUN) -m infra.demo demo

run: $(READY) ## the stack with the sample companies, left running
	@$(RUN) -m infra.demo run

test: $(READY) ## all tests
	@$(RUN) -m pytest $(ARGS)

properties: $(READY) ## 100,000 random documents against the arithmetic of the books (DOCUMENTS=…, SEED=…)
	@$(RUN) -m tests.properties $(if $(DOCUMENTS),--documents $(DOCUMENTS)) $(if $(SEED),--seed $(SEED))

fuzz: $(READY) ## 100,000 mutated webhook bodies and HTTP calls against the real functions (CALLS=…, SEED=…)
	@$(RUN) -m tests.fuzz $(if $(CALLS),--calls $(CALLS)) $(if $(SEED),--seed $(SEED))

check: $(READY) ## style, types, advisories against packages, and that the documents tell the truth
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) -m infra.audit
	@$(RUN) -m pytest -q tests/unit/test_readme.py tests/unit/azure

bench: $(READY) ## figures
	@$(RUN) -m tests.bench

soak: $(READY) ## kills under load for MINUTES=n (5), then what was lost, doubled or stale
	@$(RUN) -m infra.soak soak $(if $(MINUTES),--minutes $(MINUTES))

scan: $(CHECKOV) ## checkov over the templates of infra/azure, in an environment of its own
	@found=$$($(CHECKOV) -d infra/azure --framework bicep --skip-download --compact --quiet); status=$$?; \
	  echo "$$found"; case "$$found" in *"Parsing errors"*) exit 1;; esac; exit $$status

clean: ## remove the environments and caches
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or later is needed: PYTHON=python3.11 make …"; exit 1; }
	@echo "Preparing $(VENV) (once; about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt || { \
	  { command -v cc >/dev/null && $(RUN) -c 'import pathlib, sys, sysconfig; sys.exit(not pathlib.Path(sysconfig.get_paths()["include"], "Python.h").exists())'; } || \
	  echo "The AMQP library python-qpid-proton is compiled here and needs a C compiler and the Python headers: on Debian, apt-get install gcc python3-dev."; \
	  exit 1; }
	@touch $@

# Apart from the rest: it brings some hundred packages, in versions of its own.
$(CHECKOV):
	@echo "Preparing $(@D) (once) …"
	@$(PYTHON) -m venv $(dir $(@D))
	@$(dir $(@D))bin/python -m pip install --quiet --disable-pip-version-check 'checkov>=3.3,<4'
