# `make example` shows verifyd at work, `make test` runs every gate of this repository. Both set up all they need.
# PYTHON=… names the Python to use; without it the first one that fits is taken (scripts/find-python).

.DELETE_ON_ERROR:
.PHONY: help example test check docs lock verify clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := .venv/bin/python -m pip install --quiet --require-hashes
# uv_build is found on PATH; nothing is fetched here, the lock has brought all of it.
INSTALL_VERIFYD := PATH="$$PWD/.venv/bin:$$PATH" .venv/bin/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .

help:
	@echo "make example   run verifyd on a small project whose gates fail, and show the report and the task"
	@echo "make test      install what the checks need and run all of them"
	@echo "make check     run all checks again; one alone: scripts/check GATE"
	@echo "make docs      build the documentation into docs/_build/html"
	@echo "make lock      refresh requirements/*.txt"
	@echo "make verify    let verifyd verify this repository"
	@echo "make clean     remove the virtual environment and everything built"

example: .venv/example.stamp
	@.venv/bin/python examples/verify/demo

# Compiled first: the tests start verifyd a thousand times, and where PYTHONDONTWRITEBYTECODE is set each start would compile it.
test: .venv/dev.stamp
	@scripts/system-packages
	@.venv/bin/python -m compileall -q src tests
	@.venv/bin/python scripts/check

check: .venv/dev.stamp
	@.venv/bin/python -m compileall -q src tests
	@.venv/bin/python scripts/check

docs: .venv/dev.stamp
	@.venv/bin/python scripts/check docs

verify: .venv/dev.stamp
	@.venv/bin/verifyd run

lock:
	@scripts/lock

clean:
	rm -rf .venv build dist docs/_build .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

.venv/pyvenv.cfg:
	@python=$$(PYTHON="$(PYTHON)" scripts/find-python) && "$$python" -m venv --clear .venv

.venv/run.stamp: .venv/pyvenv.cfg requirements/run.txt pyproject.toml
	@$(PIP) -r requirements/run.txt
	@$(INSTALL_VERIFYD)
	@touch $@

.venv/runners.stamp: .venv/pyvenv.cfg tests/runners/package-lock.json scripts/node-packages
	@scripts/node-packages
	@touch $@

.venv/example.stamp: .venv/run.stamp requirements/example.txt
	@$(PIP) -r requirements/example.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp .venv/runners.stamp requirements/dev.txt
	@$(PIP) -r requirements/dev.txt
	@touch $@
