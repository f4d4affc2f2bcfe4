"""What pytest and ruff really leave behind under the environment that verifyd gives them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.evidence import told
from verifyd.evidence.injection import inject, result_files
from verifyd.evidence.model import Evidence, FindingKind, SourceTree, TestCounts
from verifyd.evidence.select import EvidenceRequest, read_evidence
from verifyd.evidence.trouble import MissingTool, find_missing_tool

FILES = {
    "calc.py": "import os\n\n\ndef add(a: int, b: int) -> int:\n    return a - b\n",
    "tests/test_calc.py": (
        "from calc import add\n\n\nclass TestAdd:\n    def test_sum(self):\n        assert add(1, 2) == 3\n\n\n"
        "def test_zero():\n    assert add(0, 0) == 0\n"
    ),
    "tests/test_broken.py": "def f(:\n",
}

Gate = Callable[[str], tuple[int, Evidence, bytes]]


@pytest.fixture
def run_gate(tmp_path: Path) -> Gate:
    """Runs a script as a gate runs: bash that stops at the first failure, results in a folder with a space in its name."""
    project, folder = tmp_path / "project", tmp_path / "the results"
    for name, content in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    folder.mkdir()
    tree = SourceTree(root=str(project), paths=frozenset(FILES))
    tools = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "RUFF", "COV"))}
    environment = {
        **kept,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "CI": "1",
        "NO_COLOR": "1",
        "PYTHONPATH": str(project),
    }

    def run(script: str) -> tuple[int, Evidence, bytes]:
        ended = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=project,
            env={**environment, **inject(environment, str(folder))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        left = {name: Path(path) for name, path in result_files(str(folder)).items() if Path(path).exists()}
        files = {name: io.BytesIO(path.read_bytes()) for name, path in left.items()}
        request = EvidenceRequest(tree=tree, log=io.BytesIO(ended.stdout), files=files)
        return ended.returncode, read_evidence(request), ended.stdout

    return run


def test_pytest_leaves_its_results_in_a_folder_with_a_space(run_gate: Gate) -> None:
    """The node id and the line that failed, from the file; the log is the user's own."""
    code, evidence, _ = run_gate("pytest -q -p no:cacheprovider tests/test_calc.py")
    assert (code, evidence.source, evidence.tests, told(evidence, "subject", "path", "line", "kind", "tool")) == (
        1,
        "junit",
        TestCounts(total=2, failed=1),
        [("tests/test_calc.py::TestAdd::test_sum", "tests/test_calc.py", 6, FindingKind.TEST, "pytest")],
    )


def test_a_file_that_cannot_be_parsed_keeps_pytest_from_collecting(run_gate: Gate) -> None:
    """Kind SYNTAX, and its subject is the file."""
    code, evidence, _ = run_gate("pytest -q -p no:cacheprovider")
    assert (code, told(evidence, "subject", "path", "line", "kind", "message")) == (
        2,
        [("tests/test_broken.py", "tests/test_broken.py", 1, FindingKind.SYNTAX, "SyntaxError: invalid syntax")],
    )


def test_a_second_pytest_loses_nothing_of_the_first(run_gate: Gate) -> None:
    """It overwrites the file; the log has the first one's counts and failures."""
    first = "pytest -q -p no:cacheprovider tests/test_calc.py || true"
    code, evidence, _ = run_gate(f"{first}; pytest -q -p no:cacheprovider tests/test_calc.py -k zero")
    assert (code, evidence.source, evidence.tests, told(evidence, "subject")) == (
        0,
        "text",
        TestCounts(total=3, failed=1),
        [("tests/test_calc.py::TestAdd::test_sum",)],
    )


def test_no_tests_are_zero_tests(run_gate: Gate) -> None:
    """pytest ends with 5 and says so in its file."""
    code, evidence, _ = run_gate("pytest -q -p no:cacheprovider tests/test_calc.py -k nothing")
    assert (code, evidence.tests) == (5, TestCounts(total=0))


def test_two_calls_of_ruff_are_read_from_a_log_for_people(run_gate: Gate) -> None:
    """One line for each finding; neither call hides the other's."""
    code, evidence, log = run_gate(
        "ruff check --no-cache calc.py || true; ruff format --no-cache --check tests/test_broken.py"
    )
    assert (code, told(evidence, "path", "line", "column", "code", "kind")) == (
        2,
        [
            ("calc.py", 1, 8, "F401", FindingKind.LINT),
            ("tests/test_broken.py", 1, 7, "invalid-syntax", FindingKind.SYNTAX),
        ],
    )
    assert log.startswith(b"calc.py:1:8: F401 [*] `os` imported but unused\n")


@pytest.mark.parametrize(
    "script, name",
    [
        ("no-such-tool --check", "no-such-tool"),
        ("python -m no_such_module", "no_such_module"),
        ("env no-such-tool", "no-such-tool"),
    ],
)
def test_a_missing_tool_is_told_from_its_last_words(run_gate: Gate, script: str, name: str) -> None:
    """As this machine's own shell and Python say it."""
    code, evidence, log = run_gate(script)
    assert (evidence.findings, find_missing_tool(log, code)) == ((), MissingTool(name=name))
