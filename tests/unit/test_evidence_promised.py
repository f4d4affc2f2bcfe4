"""Which scripts promise that pytest leaves its results file."""

from __future__ import annotations

import io

import pytest

from verifyd.evidence.model import SourceTree, TestCounts
from verifyd.evidence.promised import NOTHING_LEFT, promises_pytest_file
from verifyd.evidence.select import EvidenceRequest, read_evidence
from verifyd.pipeline import EvidenceKind, EvidenceSource


@pytest.mark.parametrize(
    "script",
    [
        "pytest",
        "pytest -q tests",
        "py.test -x",
        "python -m pytest -q",
        "python3.12 -X dev -bb -m pytest",
        ".venv/bin/pytest -q",
        "./venv/bin/python -m pytest",
        "uv run pytest",
        "poetry run pytest -q",
        "timeout 60s pytest",
        "coverage run --source src -m pytest -q",
        "python -m coverage run -m pytest",
        "CI=1 pytest -q",
        "pytest -q | tail -1 || true",
        "pytest -p no:junitxml | tail -1 || true",
        "pytest -q > log.txt 2>&1",
        "ruff check .\npytest -q\n",
        "set -e\n. .venv/bin/activate\npytest -k 'not slow'\ncoverage report",
        "cd backend && pytest -q",
        "cd backend; pytest -q",
        "[ -d tests ] &&\n  pytest \\\n  -q",
        "# the tests\npytest --cov=src",
        "pytest -khello",
    ],
)
def test_a_pytest_that_every_run_comes_by_promises_its_file(script: str) -> None:
    """Alone, by a module, by a launcher that keeps the environment, or behind commands that end the script when they fail."""
    assert promises_pytest_file(script)


@pytest.mark.parametrize(
    "script",
    [
        "ruff check .",
        "tox",
        "nox -s tests",
        "make test",
        "pytest --version",
        "pytest -V",
        "pytest --help",
        "pytest -qh",
        "pytest --markers",
        "pytest --collect-only -q",
        "pytest --co",
        "pytest --fixtures",
        "pytest --junitxml=out.xml",
        "pytest --junit-xml out.xml",
        "pytest $OPTIONS",
        'pytest "$@"',
        "PYTEST_ADDOPTS=-q pytest",
        "export PYTEST_ADDOPTS=\npytest",
        "unset PYTEST_ADDOPTS; pytest",
        "env -u PYTEST_ADDOPTS pytest",
        "env -i pytest",
        "env -i PATH=$PATH pytest",
        "hatch run pytest",
        "docker run image pytest",
        "./bin/pytest",
        "pipenv run pytest",
        "if [ -d tests ]; then\n  pytest\nfi",
        "for one in a b; do pytest $one; done",
        "[ -d tests ] && pytest\necho done",
        "[ -d tests ] && pytest || true",
        "false || pytest",
        "false || {\n  pytest\n}",
        "( false && pytest ) || true",
        "[ -d tests ] || exit 0\npytest",
        "pytest() { true; }\npytest",
        "function pytest { true; }\npytest",
        "alias pytest=true\npytest",
        ". ./.envrc\npytest",
        "eval $(direnv export bash)\npytest",
        "cat <<END\npytest\nEND",
        "pytest &",
        "echo pytest",
        "echo 'a\npytest\n'",
        "pytest 'unclosed",
    ],
)
def test_a_pytest_that_may_not_run_or_not_report_promises_nothing(script: str) -> None:
    """Conditions, other environments, options that run no test, and whatever cannot be told from the text."""
    assert not promises_pytest_file(script)


def request(log: bytes, *, declared: EvidenceSource | None = None) -> EvidenceRequest:
    """A gate whose promised file is not there."""
    tree = SourceTree(root="/repo")
    return EvidenceRequest(tree=tree, log=io.BytesIO(log), declared=declared, promised=True)


@pytest.mark.parametrize("declared", [None, EvidenceSource(kind=EvidenceKind.TEXT, pattern="")])
def test_a_promise_that_is_not_kept_is_a_trouble(declared: EvidenceSource | None) -> None:
    """Neither a file nor a last line: pytest did not come to its end."""
    evidence = read_evidence(request(b"..", declared=declared))
    assert (evidence.tests, evidence.trouble) == (None, NOTHING_LEFT)


def test_a_summary_in_the_log_keeps_the_promise() -> None:
    """A conftest may send the file elsewhere: the last line then tells that pytest came to its end."""
    evidence = read_evidence(request(b".\n1 passed in 0.01s\n"))
    assert (evidence.tests, evidence.trouble) == (TestCounts(total=1), None)


def test_the_counts_of_another_runner_do_not_keep_it() -> None:
    """vitest's tests say nothing of pytest's."""
    log = b"\n Test Files  1 passed (1)\n      Tests  2 passed (2)\n"
    evidence = read_evidence(request(log))
    assert (evidence.tests, evidence.trouble) == (TestCounts(total=2), NOTHING_LEFT)
