"""Odd ends of a command: streams that are closed or full, and a folder that is gone; never our bug, never a false answer."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import Project, page


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An approved project whose only gate fails."""
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(no="false")})
    project.approve()
    return project


def in_shell(project: Project, redirections: str) -> subprocess.CompletedProcess[bytes]:
    """``verifyd run`` with a shell's redirections."""
    script = f'"$0" -m verifyd run {redirections}'
    return subprocess.run(
        ["sh", "-c", script, sys.executable],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("redirections", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_answer(project: Project, redirections: str) -> None:
    """Closed stdin, stdout or stderr: the exit code is the tree's, and nothing of ours is opened in their place."""
    assert in_shell(project, redirections).returncode == 1


def test_an_answer_on_a_full_disk_is_none(project: Project) -> None:
    """Stdout leads to a full disk; unproven, with the reason, and no traceback."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = in_shell(project, "> /dev/full")
    assert (done.returncode, done.stderr.decode().splitlines()[-1]) == (
        3,
        f"the answer could not be written: {os.strerror(errno.ENOSPC)}",
    )


def test_output_goes_into_a_device_and_takes_nobody_s_place(project: Project) -> None:
    """``--output`` to a pipe (as ``/dev/stdout`` is, and like ``/dev/null``) writes into it; it is no file afterwards."""
    os.mkfifo(project.root / "pipe")
    done = in_shell(project, "--format json --output pipe 2>/dev/null & head -c 1 pipe; wait $!")
    assert (done.stdout, (project.root / "pipe").is_fifo()) == (b"{", True)


def test_files_elsewhere_are_not_verified_from_here(project: Project) -> None:
    """``core.worktree`` that points to a better copy: no verdict, and the setting is named."""
    (project.root.parent / "better").mkdir()
    project.git("config", "core.worktree", str(project.root.parent / "better"))
    done = in_shell(project, "")
    says = (
        f"{project.root}: its git settings say that its files are in {project.root.parent / 'better'}, so what is here "
        "cannot be verified\n  Remove that setting: git config --unset core.worktree\n"
    )
    assert (done.returncode, done.stderr.decode()) == (3, says)


def test_a_removed_folder_is_named(project: Project) -> None:
    """Started in a folder that somebody removed: a usage error that says so."""
    done = subprocess.run(
        ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && "$0" -m verifyd run', sys.executable],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "the folder this was started in: it was removed\n  Change into a folder that is there.\n",
    )
