"""How often git is started: each start is a few milliseconds that a person waits for at each commit."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.support.project import Project, page

NOTING_GIT = """#!/bin/sh
echo "$*" >>"$STARTED"
exec {git} "$@"
"""


def starts(project: Project, *arguments: str) -> list[str]:
    """The words of each start of git during a command that ends well."""
    noting, started = project.root.parent / "noting", project.root.parent / "started"
    noting.mkdir()
    (noting / "git").write_text(NOTING_GIT.format(git=shutil.which("git", path=project.environment["PATH"])), "utf-8")
    (noting / "git").chmod(0o755)
    project.verifyd(
        *arguments,
        expect=0,
        extra={"PATH": f"{noting}{os.pathsep}{project.environment['PATH']}", "STARTED": str(started)},
    )
    return started.read_text("utf-8").splitlines()


def test_a_run_of_the_staged_tree_asks_once_for_what_every_gate_shares(tmp_path: Path) -> None:
    """What git ignores, for which the working tree is read; and one process reads objects for all who want some."""
    gates = {"one": "true", "two": "true", "three": "true", "four": "true"}
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(**gates)})
    project.approve()
    started = starts(project, "run", "--staged", "--no-reuse")
    assert len([words for words in started if "--ignored" in words]) == 1
    assert len([words for words in started if "--others --exclude-standard" in words]) == 1
    readers = [words for words in started if words.endswith("cat-file --batch")]
    assert len(readers) <= 4, readers
