"""A gate's environment in, the one that makes its tools leave readable results out; the command itself is never touched."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from verifyd.pipeline import EvidenceKind, EvidenceSource

PYTEST_FILE = "pytest.xml"
"""The one result file; a second pytest in the same script overwrites it, and the log tells of the first."""


def inject(environment: Mapping[str, str], folder: str, declared: EvidenceSource | None = None) -> dict[str, str]:
    """
    Variables to add to, or replace in, a gate's environment. What the user has set already is never overruled.

    pytest writes its JUnit file (``PYTEST_ADDOPTS`` comes before the command line, which wins): with the family that
    names files and lines. ruff and ty print one line for each finding, which people and the text reader both read,
    whatever becomes of the middle of the log; their SARIF would make the log unreadable, and a second call of the same
    tool in the script (``ruff check . && ruff format --check .``) would overwrite a file. mypy, where its configuration
    says ``pretty``, breaks messages at the terminal's width: it gets a wide one.

    Args:
        environment: The gate's, its own ``env`` included.
        folder: Absolute path of a new, empty folder; it may hold spaces.
        declared: A gate that says where its results are keeps its own pytest options: ours would take their place.

    Returns:
        New values only; empty when there is nothing to add.
    """
    added: dict[str, str] = {}
    if asks_pytest(environment, declared):
        added["PYTEST_ADDOPTS"] = f"{environment.get('PYTEST_ADDOPTS', '')} {_pytest_options(folder)}".strip()
    for name in ("RUFF_OUTPUT_FORMAT", "TY_OUTPUT_FORMAT"):
        if not environment.get(name):
            added[name] = "concise"
    if not environment.get("MYPY_FORCE_TERMINAL_WIDTH"):
        added["MYPY_FORCE_TERMINAL_WIDTH"] = "10000"
    return added


def asks_pytest(environment: Mapping[str, str], declared: EvidenceSource | None = None) -> bool:
    """Whether pytest is told to write our results file: not where a gate or the user has named another."""
    options = environment.get("PYTEST_ADDOPTS", "")
    writes_its_own = declared is not None and declared.kind is EvidenceKind.JUNIT
    return not writes_its_own and "--junitxml" not in options and "--junit-xml" not in options


def result_files(folder: str) -> dict[str, str]:
    """Where results will be, by the tool that leaves them; a file that is not there was never asked for."""
    return {"pytest": f"{folder.rstrip('/')}/{PYTEST_FILE}"}


def _pytest_options(folder: str) -> str:
    """pytest splits the variable as a shell does, and then expands ``$NAME`` and ``~`` in the path."""
    return shlex.join([f"--junitxml={result_files(folder)['pytest']}", "-o", "junit_family=xunit1"])
