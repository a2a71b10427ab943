# make quickstart   set up on first use, run suite/quickstart, print its table
# make test         set up on first use, then the tests
# Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := -c constraints.txt -e '.[dev,all]'
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Empty where there is no such interpreter; part of the stamp, so that another one sets up anew.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
# STAMP is written last. Without it, or with BUSY beside it, a set-up was interrupted: start afresh.
STAMP := $(VENV)/.installed-$(VERSION)
BUSY := $(VENV)/.installing
# One thread each: tests run side by side, and small tensors gain nothing from more.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q

.DEFAULT_GOAL := help
.PHONY: help setup quickstart test test-slow check lint format types spelling imports tables \
	reproduce-all constraints clean

help:
	@echo 'make quickstart     run suite/quickstart and print its table'
	@echo 'make test           the tests (test-slow: the long ones)'
	@echo 'make check          ruff, mypy, spelling, import rules'
	@echo 'make format         let ruff format and mend what it can'
	@echo 'make reproduce-all  every results table that has a manifest; estimates first'
	@echo 'make tables         export every table with results to tables/rendered/'
	@echo 'make clean          remove .venv and build leftovers; results in cache/ stay'

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt setup.py
	@case '$(VERSION)' in \
	'') echo "$(PYTHON) was not found: install Python 3.11 or newer, or name one: make PYTHON=python3.12" >&2; exit 1;; \
	2.*|3.[0-9]|3.10) echo "$(PYTHON) is Python $(VERSION), mmbench needs 3.11 or newer: make PYTHON=python3.12" >&2; exit 1;; \
	esac
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) has no venv module: install it first (Debian, Ubuntu: apt install python$(VERSION)-venv)" >&2; exit 1; }
	@test -e $@ -a ! -e $(BUSY) || $(PYTHON) -m venv --clear $(VENV)
	@echo 'Installing into $(VENV); the first time takes some minutes.' >&2
	@touch $(BUSY)
	@$(PIP) -qq install --progress-bar off $(SETUP) || { rm -f $(BUSY); exit 1; }
	@rm -f $(BUSY)
	@touch $@

quickstart: $(STAMP)
	@$(BIN)/mmbench run suite/quickstart

# tests/faults watches the clock, so it has the machine to itself.
test: $(STAMP)
	$(PYTEST) -n auto --maxprocesses 4 --ignore tests/faults
	$(PYTEST) tests/faults

test-slow: $(STAMP)
	$(PYTEST) -m 'slow and not gpu' -n auto --maxprocesses 4 --dist loadscope --ignore tests/faults
	$(PYTEST) -m 'slow and not gpu' tests/faults

check: lint types spelling imports

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(STAMP)
	$(BIN)/mypy

spelling: $(STAMP)
	$(BIN)/codespell

imports: $(STAMP)
	$(PYTEST) tests/contract/test_imports.py tests/contract/test_style.py

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Goes on after a failed table and says so at the end with exit code 3.
reproduce-all: $(STAMP)
	@tables=`$(BIN)/mmbench list tables --manifests --kind results --plain` || exit; failed=; \
	$(BIN)/mmbench plan $$tables; \
	for table in $$tables; do \
		$(BIN)/mmbench run $$table; code=$$?; \
		case $$code in 0) ;; 130) exit 130;; *) failed="$$failed $$table";; esac; \
	done; \
	test -z "$$failed" || { echo "not complete:$$failed" >&2; exit 3; }

tables: $(STAMP)
	@for table in `$(BIN)/mmbench list tables --manifests --stored --plain`; do \
		for format in markdown latex csv json; do \
			$(BIN)/mmbench export $$table --format $$format -o tables/rendered/ || exit; \
		done; \
	done

constraints: $(STAMP)
	@{ sed '/^#/!d' constraints.txt; $(PIP) freeze --exclude-editable | sed 's/+.*//'; } > .constraints.new
	@mv .constraints.new constraints.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		tables/rendered
	find benchmark tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
