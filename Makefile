# Every target sets up .venv first. It needs Python 3.10 or newer (`make test PYTHON=python3.12`), git and make.
PYTHON ?= python3
BIN := .venv/bin

# If PYTHON is set, .venv is made with that Python. The file .venv/ready names the Python that it was made with.
IDENTIFY := import sys; print(sys.version.split()[0], sys.base_prefix)
ifneq ($(origin PYTHON),file)
ifneq ($(shell "$(PYTHON)" -c '$(IDENTIFY)' 2>/dev/null || echo none),$(shell cat .venv/ready 2>/dev/null))
.PHONY: .venv/ready
endif
endif

.PHONY: help demo test lint docs screenshots fuzz faults compatibility bench bench-guard profile real-actions requirements dist release-check clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | column -t -s "$$(printf '\t')" 2>/dev/null || sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile

demo: .venv/ready  ## Run the matrix example in act, with every Python found here, and show what later steps see
	PYTHONPATH=src $(BIN)/python -m tools.demo

test: .venv/ready  ## Run every test
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: .venv/ready  ## Check style, types, security, workflows and their scripts, schemas, and the README against action.yml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --persona pedantic .
	PATH="$(CURDIR)/$(BIN):$$PATH" jactionlint --strict-exit --profile correctness
	PATH="$(CURDIR)/$(BIN):$$PATH" jactionlint --strict-exit --profile correctness --ignore invalid-local-workflow examples/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml report/action.yml $(wildcard tests/standins/*/action.yml)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/python -m tools.readme --check
	$(BIN)/python -m tools.flow --check

docs: .venv/ready  ## Update the README's tables, examples and version, the picture in docs/how-it-works.md, the record of all messages, and the errors in docs/errors.md
	$(BIN)/python -m tools.readme
	$(BIN)/python -m tools.flow
	PYTHONPATH=src $(BIN)/python -m tests.test_messages
	PYTHONPATH=src $(BIN)/python -m tests.test_shown_errors

screenshots: .venv/ready  ## Update the pictures of the command at a terminal and of the README's job summaries (needs Chromium or Chrome on PATH)
	PYTHONPATH=src $(BIN)/python -m tools.terminal_picture
	PYTHONPATH=src $(BIN)/python -m tools.screenshots

fuzz: .venv/ready  ## Run the tests with hostile text on 10,000 new examples
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest tests/fuzz --numprocesses auto --hypothesis-show-statistics

faults: .venv/ready  ## Inject every known fault into syncs, 1,500 times, and print what is broken after the next run
	PYTHONPATH=src $(BIN)/python -m tests.faults

compatibility: .venv/ready  ## Test with every uv, other Pythons and systems, and in containers (`STAGES="containers arm64"`: only these; `MIRROR=/folder`: see real-actions), and write docs/compatibility.md
	PYTHONPATH=src REAL_ACTIONS="$(MIRROR)" $(BIN)/python -m tools.compatibility $(STAGES)

bench: .venv/ready  ## Compare with other ways to install the same packages, and write docs/benchmark.md; 10 minutes (`BENCH=--quick`: fewer)
	PYTHONPATH=src $(BIN)/python -m benchmarks $(BENCH)

bench-guard: .venv/ready  ## Fail if the action's own work exceeds its budget by more than half; under a minute
	PYTHONPATH=src $(BIN)/python -m benchmarks.guard

profile: .venv/ready  ## Show where the action's own work goes, by phase and by import
	PYTHONPATH=src $(BIN)/python -m benchmarks.profiling

real-actions: .venv/ready  ## Run workflows with GitHub's own actions, from their repositories in MIRROR (`MIRROR=/folder` with actions/cache and others)
	REAL_ACTIONS="$(MIRROR)" $(BIN)/python -m pytest tests/workflows/test_real_actions.py

requirements: .venv/ready  ## Lock the requirements again
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.8 --generate-hashes --no-deps --no-header requirements/action.in --output-file requirements/action.txt
	$(BIN)/python -m tools.action_files
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.8 --generate-hashes --no-deps --no-header requirements/uv.in --output-file requirements/uv.txt
	$(BIN)/uv pip compile --quiet --upgrade --python-platform x86_64-unknown-linux-gnu --python-version 3.13 --generate-hashes --no-header requirements/attestations.in --output-file requirements/attestations.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-header requirements/dev.in --output-file requirements/dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-header requirements/bench.in --output-file requirements/bench.txt

dist: .venv/ready  ## Build the wheel and the sdist in dist/, and check their contents
	rm -rf dist
	$(BIN)/uv build --quiet --out-dir dist
	$(BIN)/python -m tools.release dist dist

release-check: .venv/ready  ## Check everything about a release that does not need GitHub; minutes
	$(BIN)/python -m tools.release check
	$(MAKE) lint test dist
	$(BIN)/python -m tools.release unchecked

clean:  ## Remove what the other targets created
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: requirements/action.txt requirements/dev.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is required, but $(PYTHON) is " + sys.version.split()[0] + "; choose another one: make PYTHON=python3.12")'
	@echo "Setting up .venv with $(PYTHON) ..."
# Debian's Python has ensurepip only with the package python3-venv.
	@if "$(PYTHON)" -c 'import ensurepip' 2>/dev/null; then "$(PYTHON)" -m venv --clear .venv; \
	elif command -v uv >/dev/null; then rm -rf .venv && uv venv --quiet --seed --python "$(PYTHON)" .venv; \
	elif "$(PYTHON)" -c 'import pip' 2>/dev/null; then \
		"$(PYTHON)" -m venv --clear --without-pip .venv && "$(PYTHON)" -m pip --python $(BIN)/python install --quiet --disable-pip-version-check pip; \
	else echo "$(PYTHON) has neither ensurepip nor pip, and there is no uv on PATH: install one of them (Debian: apt-get install python3-venv)" >&2; exit 1; fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements/action.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements/dev.txt
	@"$(PYTHON)" -c '$(IDENTIFY)' >$@
