"""What the daemon says of a tree that it cannot verify, and what it does when that is over."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemons import wait_for
from tests.support.project import Project, page

MATCHER = {
    "problemMatcher": [
        {"owner": "ours", "pattern": [{"regexp": "^(.+):(\\d+): (.+)$", "file": 1, "line": 2, "message": 3}]}
    ]
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project whose gate notes each of its runs outside, and whose problem matcher is wrong."""
    gates = page(ours=f"evidence=matcher:matcher.json | echo ran >> {tmp_path}/runs")
    project = Project.make(tmp_path, {"matcher.json": "[1, 2", "VERIFY.md": gates})
    project.approve()
    yield project
    project.verifyd("stop")


def status(project: Project) -> dict[str, object]:
    """The answer about now."""
    found: dict[str, object] = json.loads(project.verifyd("status", "--json").out)
    return found


def test_a_run_that_cannot_be_judged_is_said_and_not_run_again_and_again(project: Project) -> None:
    """The message stays until the cause is gone; then the tree is verified as any other."""
    project.verifyd("watch", "--detach", expect=0)
    wait_for(lambda: status(project)["trouble"], "the trouble is known")
    time.sleep(5)  # some regular looks later
    said = status(project)
    assert (said["readiness"], said["reason"]) == ("unproven", "cannot_verify")
    assert "matcher.json" in str(said["trouble"])
    assert (project.root.parent / "runs").read_text() == "ran\n"
    project.write({"matcher.json": json.dumps(MATCHER)})
    assert project.verifyd("status", "--wait", "50", expect=0).out.startswith(f"READY  tree {project.tree()[:12]}")


def test_a_page_that_is_gone_and_comes_back_leaves_the_verdict_as_it_was(project: Project) -> None:
    """VERIFY.md is away for a moment, as with an editor or a rebase: trouble while it is, the known verdict after it."""
    project.write({"matcher.json": json.dumps(MATCHER)})
    project.verifyd("watch", "--detach", expect=0)
    project.verifyd("status", "--wait", "50", expect=0)
    content = (project.root / "VERIFY.md").read_text()
    (project.root / "VERIFY.md").unlink()
    wait_for(lambda: status(project)["trouble"], "the trouble is known")
    assert "VERIFY.md: deleted" in str(status(project)["trouble"])
    project.write({"VERIFY.md": content})
    assert project.verifyd("status", "--wait", "50", expect=0).out.startswith(f"READY  tree {project.tree()[:12]}")


def test_who_waits_when_the_daemon_ends_is_told_what_is_known(tmp_path: Path) -> None:
    """The answer comes at once, as it stands, and is no verdict; the daemon ends in good order."""
    project = Project.make(tmp_path, {"VERIFY.md": page(slow="sleep 40")})
    project.approve()
    project.verifyd("watch", "--detach", expect=0)
    wait_for(lambda: "running" in project.verifyd("status").out, "the gate runs")
    waiting = subprocess.Popen(
        project.command("status", "--wait", "100"),
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1)
    assert project.verifyd("stop", expect=0).err.startswith("stopped (process ")
    answer, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 3
    assert answer.startswith(("VERIFYING", "UNPROVEN"))
