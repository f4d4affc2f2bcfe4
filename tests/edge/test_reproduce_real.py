"""The narrowed command, run for real: it fails with the same failing tests as the gate, and runs no others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.builders import a_gate
from verifyd.evidence.junit import read_junit
from verifyd.evidence.model import Evidence, SourceTree, TestCounts
from verifyd.evidence.text import read_text
from verifyd.pipeline import Gate
from verifyd.reproduce import reproduce_command

PYTEST_FILE = """\
import pytest

def add(a, b):
    return a - b

def test_zero():
    assert add(0, 0) == 0

def test_add():
    assert add(1, 2) == 3

def test_add_more():
    assert add(1, 0) == 1

class TestCalc:
    def test_in_class(self):
        assert add(2, 2) == 4

@pytest.mark.parametrize("text", ["plain", "it's [odd] $HOME", "two\\nlines", "\\u00e9"])
def test_text(text):
    assert text == "plain"
"""
UNITTEST_FILE = """\
import unittest

class TestCalc(unittest.TestCase):
    def test_add(self):
        self.assertEqual(1 - 2, 3)

    def test_add_more(self):
        self.assertEqual(1 - 0, 1)

class TestOther(unittest.TestCase):
    def test_add(self):
        self.assertEqual(0, 0)
"""


def project(root: Path, files: dict[str, str]) -> SourceTree:
    """Write the files; the tree that evidence is read against."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return SourceTree(root=str(root), paths=frozenset(files))


def run(script: str, root: Path, folder: str = ".", **environment: str) -> tuple[int, bytes]:
    """Run a script in bash as a gate or a reader of the task would; exit status and output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ended = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=root / folder,
        env=kept | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return ended.returncode, ended.stdout


def pytest_evidence(script: str, root: Path, tree: SourceTree, folder: str = ".") -> Evidence:
    """Run a script that calls pytest, and read the file that it is made to write."""
    file = root.parent / "junit.xml"
    file.unlink(missing_ok=True)
    run(script, root, folder, PYTEST_ADDOPTS=f"--junitxml={file} -o junit_family=xunit1 -p no:cacheprovider")
    with file.open("rb") as opened:
        return read_junit(opened, SourceTree(root=tree.root, paths=tree.paths, cwd=folder))


def subjects(evidence: Evidence) -> list[str]:
    """Every failing test."""
    return sorted(finding.subject for finding in evidence.errors if finding.subject is not None)


@pytest.mark.parametrize(
    "gate,test_file",
    [
        (a_gate(script="pytest -q"), "tests/test_calc.py"),
        (a_gate(script="python -m pytest -x -q tests --maxfail=9 -k 'not nothing'"), "tests/test_calc.py"),
        (a_gate(script="cd tests\nexport SOME=thing\npytest -q 2>&1 | cat"), "tests/test_calc.py"),
        (a_gate(script="pytest -q", cwd="web app"), "web app/tests/test_calc.py"),
        (a_gate(script="cd tests && pytest -q", cwd="web app"), "web app/tests/test_calc.py"),
    ],
)
def test_pytest_fails_again_with_the_same_tests_and_no_others(tmp_path: Path, gate: Gate, test_file: str) -> None:
    """Whatever they are called, and from whatever folder."""
    root = tmp_path / "project"
    tree = project(
        root,
        {
            test_file: PYTEST_FILE,
            "pytest.ini": "[pytest]\n",
            f"{Path(test_file).parent}/test_fine.py": "def test_fine(): pass\n",
        },
    )
    first = pytest_evidence(gate.script.replace(" -x ", " "), root, tree, gate.cwd)
    failing = subjects(first)
    assert len(failing) == 5
    command = reproduce_command(gate, failing, first.errors)
    again = pytest_evidence(command, root, tree)
    prefix = "" if gate.cwd == "." else f"{gate.cwd}/"
    assert subjects(again) == sorted(f"{prefix}{subject}" for subject in failing)
    assert again.tests == TestCounts(total=5, failed=5)


def test_one_of_many_failing_tests_fails_alone(tmp_path: Path) -> None:
    """Its neighbour with the longer name does not run, passing or not."""
    root = tmp_path / "project"
    tree = project(root, {"test_calc.py": PYTEST_FILE})
    first = pytest_evidence("pytest -q", root, tree)
    for failing in subjects(first):
        again = pytest_evidence(reproduce_command(a_gate(), [failing], first.errors), root, tree)
        assert (subjects(again), again.tests) == ([failing], TestCounts(total=1, failed=1))


def test_a_file_that_cannot_be_collected_fails_alone(tmp_path: Path) -> None:
    """The file is named; the tests beside it do not run."""
    root = tmp_path / "project"
    tree = project(
        root, {"tests/test_broken.py": "import nothing_like_it\n", "tests/test_fine.py": "def test_fine(): pass\n"}
    )
    first = pytest_evidence("pytest -q", root, tree)
    command = reproduce_command(a_gate(), subjects(first), first.errors)
    again = pytest_evidence(command, root, tree)
    assert (command, subjects(again), [finding.path for finding in again.errors]) == (
        "pytest -q tests/test_broken.py",
        subjects(first),
        ["tests/test_broken.py"],
    )
    assert again.tests is not None
    assert again.tests.total == 1


@pytest.mark.parametrize(
    "script",
    [
        "python -m unittest discover -s tests",
        "python -m unittest discover -v tests",
        "cd tests\npython -m unittest -f test_calc",
    ],
)
def test_unittest_fails_again_with_the_same_test_and_no_other(tmp_path: Path, script: str) -> None:
    """The loader finds it under the name that it failed with."""
    root = tmp_path / "project"
    tree = project(root, {"tests/test_calc.py": UNITTEST_FILE})
    status, output = run(script, root)
    first = read_text(output, tree)
    assert (status, len(subjects(first))) == (1, 1)
    command = reproduce_command(a_gate(script=script), subjects(first), first.errors)
    status, output = run(command, root)
    again = read_text(output, tree)
    assert (status, subjects(again), again.tests) == (1, subjects(first), TestCounts(total=1, failed=1))


def test_a_script_that_cannot_be_narrowed_fails_as_it_did(tmp_path: Path) -> None:
    """From the root, in its folder and environment, ending at the first command that fails."""
    root = tmp_path / "project"
    project(root, {"web/check": "test \"$WORD\" = 'two words'\n"})
    gate = a_gate(script="sh ./check\necho 1 >&2\nfalse\necho not here", cwd="web", env=(("WORD", "two words"),))
    assert run(reproduce_command(gate, ["a"], ()), root) == (1, b"1\n")
