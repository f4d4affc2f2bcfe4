"""A signal while the tree is opened, before any gate: the command ends as interrupted, and git with it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.project import Project, page

SLOW_GIT = """#!/bin/sh
case "$*" in *ls-files*) echo here >"$STARTED"; exec sleep 60;; esac
PATH=$USUAL exec git "$@"
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """130, nothing but that it was interrupted, and no private index is left behind."""
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(yes="true")})
    project.approve()
    slow, started = tmp_path / "slow", tmp_path / "started"
    os.mkfifo(started)
    slow.mkdir()
    (slow / "git").write_text(SLOW_GIT, "utf-8")
    (slow / "git").chmod(0o755)
    usual = project.environment["PATH"]
    known = files_below(project.root / ".git" / "verifyd")
    with subprocess.Popen(
        project.command("run"),
        cwd=project.root,
        env={**project.environment, "PATH": f"{slow}{os.pathsep}{usual}", "USUAL": usual, "STARTED": str(started)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        started.read_text("utf-8")  # waits until git is at work
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, "", "interrupted")
    assert files_below(project.root / ".git" / "verifyd") == known


def files_below(folder: Path) -> set[str]:
    """Names of all files."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
