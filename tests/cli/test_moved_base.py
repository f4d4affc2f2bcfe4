"""A base that is named by a branch vouches for nothing: whoever may write in git's folder may move it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import Project

PAGE = "---\nbase: trunk\n---\n# Checks\n\n## Source\n\n```bash paths=src/**\ngrep -q good src/a.txt\n```\n"


def broken_and_committed(folder: Path) -> Project:
    """A project whose gate fails on what is committed; the branch ``trunk`` was moved to that commit."""
    project = Project.make(folder, {"src/a.txt": "good\n", "VERIFY.md": PAGE})
    project.git("branch", "trunk")
    project.approve()
    project.write({"src/a.txt": "bad\n"})
    project.commit("Break it")
    project.git("branch", "-f", "trunk", "HEAD")
    return project


@pytest.mark.parametrize("named", [[], ["--base", "trunk"]])
def test_a_failing_commit_that_is_its_own_base_is_not_ready(tmp_path: Path, named: list[str]) -> None:
    """The gate runs although the change is empty: nobody knows that it has passed on these files."""
    broken_and_committed(tmp_path).verifyd("run", *named, expect=1)


def test_a_daemon_does_not_believe_a_moved_base(tmp_path: Path) -> None:
    """The same answer as a one-shot run gives."""
    project = broken_and_committed(tmp_path)
    project.verifyd("watch", "--detach", expect=0)
    try:
        project.verifyd("status", "--wait", "60", expect=1)
    finally:
        project.verifyd("stop", expect=0)


def test_a_base_named_by_its_whole_id_is_believed(tmp_path: Path) -> None:
    """That name means one commit and no other; whoever gives it vouches for it."""
    project = broken_and_committed(tmp_path)
    head = project.git("rev-parse", "HEAD").strip()
    project.verifyd("run", "--base", head, expect=0)
