"""A tree that is certainly not ready, while other gates still run: what a daemon answers, and what it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemons import wait_for
from tests.support.project import Project, page
from verifyd.doors.git_hook import is_under_way


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A daemon over a tree on which one gate has failed, and another one waits for a file outside to go."""
    go_on = tmp_path / "go on"
    pages = page(quick="test -f calc.py", slow=f"while test ! -f '{go_on}'; do sleep 0.05; done; test -f calc.py")
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": pages})
    project.approve()
    (project.root / "calc.py").unlink()
    project.verifyd("watch", "--detach", expect=0)
    yield project
    go_on.touch()
    project.verifyd("stop")


def test_a_question_that_waits_is_answered_at_the_first_failure(project: Project) -> None:
    """NOT READY with the failing gate's task, and a note about what still runs; the exit code is the one of not ready."""
    answer = project.verifyd("status", "--wait", "50", expect=1)
    assert answer.out.startswith(f"NOT READY  tree {project.tree()[:12]}\n  failed: quick")
    assert "▶ slow   running" in answer.out
    known = json.loads(project.verifyd("status", "--json", expect=1).out)
    assert known["report"]["notes"] == ["not done yet: slow; the whole report follows, and its task may be another one"]
    assert known["judged"] is None
    task = project.verifyd("task", "--wait", "50", expect=1)
    assert "quick" in task.out.splitlines()[0]


def test_the_published_report_says_so_too_and_the_whole_one_follows(project: Project) -> None:
    """READINESS.md and readiness.json are written early, and again with both gates."""
    project.verifyd("status", "--wait", "50", expect=1)
    wait_for((project.root / ".verifyd/TASK.md").exists, "the early report is written")
    assert project.report()["readiness"] == "not_ready"
    assert project.statuses() == {"quick": ("failed", "exit_status"), "slow": ("unproven", "verifying")}
    assert "not done yet: slow" in (project.root / ".verifyd/READINESS.md").read_text()
    (project.root.parent / "go on").touch()
    wait_for(lambda: project.statuses()["slow"] == ("failed", "exit_status"), "the whole report is written")
    assert not any("not done yet" in note for note in project.report()["notes"])
    whole = json.loads(project.verifyd("status", "--json", expect=1).out)
    assert [gate["status"] for gate in whole["gates"]] == ["failed", "failed"]
    assert whole["remaining_s"] is None


def test_history_and_verdicts_of_the_hook_hold_whole_runs_only(project: Project) -> None:
    """Nothing is kept of what is known early."""
    project.verifyd("status", "--wait", "50", expect=1)
    assert "gate 'quick' has no history" in project.verifyd("history", "quick", expect=2).err
    assert not list((project.root / ".git/verifyd").glob("verdicts/*"))


def test_an_edit_after_the_early_answer_is_judged_as_any_other(project: Project) -> None:
    """The tree that is good again gets its own report, which is ready once every gate has passed."""
    project.verifyd("status", "--wait", "50", expect=1)
    project.write({"calc.py": "A = 1\n"})
    answer = project.verifyd("status", expect=3)
    assert answer.out.startswith(f"VERIFYING  tree {project.tree()[:12]}")
    (project.root.parent / "go on").touch()
    assert project.verifyd("status", "--wait", "50", expect=0).out.startswith(f"READY  tree {project.tree()[:12]}\n")


def test_a_commit_hook_goes_on_waiting_for_the_whole_verdict(project: Project) -> None:
    """What it answers with is a verdict that is kept; an early answer is none."""
    project.verifyd("status", "--wait", "50", expect=1)
    asked = ("status", "--tree", project.tree(), "--json")
    assert is_under_way(json.loads(project.verifyd(*asked, expect=1).out))
    (project.root.parent / "go on").touch()
    whole = json.loads(project.verifyd(*asked, "--wait", "50", expect=1).out)
    assert not is_under_way(whole)
    assert whole["report"]["notes"] == []
