"""Caches of Python that are older than what they stand for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import Project, page

GOOD, BAD = "ANSWER = 1\n", "ANSWER = 2\n"


def test_an_edit_of_the_same_size_in_the_same_second_is_judged_in_the_working_tree(tmp_path: Path) -> None:
    """The compiled file of the good content is warm, and Python takes it for the bad one: the gate does not."""
    check = f"'{sys.executable}' check.py"
    files = {
        ".gitignore": "__pycache__/\n",
        "answer.py": GOOD,
        "check.py": "import answer\nassert answer.ANSWER == 1\n",
        "VERIFY.md": page(check=check),
    }
    project = Project.make(tmp_path, files)
    project.approve()
    environment = {name: value for name, value in project.environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    project.environment = environment
    project.verifyd("run", "--no-reuse", expect=0)
    module = project.root / "answer.py"
    second = int(module.stat().st_mtime)
    module.write_text(BAD)
    os.utime(module, (second, second))
    naive = subprocess.run([sys.executable, "check.py"], cwd=project.root, env=environment, check=False)
    assert naive.returncode == 0
    assert project.verifyd("run", expect=1).out.count("NOT READY") == 1


@pytest.mark.timeout(180)
def test_a_type_error_of_the_same_size_in_the_same_second_is_judged_in_the_working_tree(tmp_path: Path) -> None:
    """mypy's cache of the good content is warm, and mypy takes it for the bad one: the gate does not."""
    files = {
        ".gitignore": ".mypy_cache/\n",
        "answer.py": "X: int = 12\n",
        "VERIFY.md": page(types=f"'{sys.executable}' -m mypy answer.py"),
    }
    project = Project.make(tmp_path, files)
    project.approve()
    project.verifyd("run", "--no-reuse", expect=0)
    module = project.root / "answer.py"
    second = int(module.stat().st_mtime)
    module.write_text("X: int = ''\n")
    os.utime(module, (second, second))
    naive = [sys.executable, "-m", "mypy", "answer.py"]
    assert subprocess.run(naive, cwd=project.root, env=project.environment, check=False).returncode == 0
    assert project.verifyd("run", expect=1).out.count("NOT READY") == 1
