"""What a run of some gates leaves of what is known about the same tree: the task that is told and the task that is written agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import Project, page

FILES = {"VERIFY.md": page(lint="test -e made", tests="test -e built", other="true"), ".gitignore": "/made\n/built\n"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Known not to be ready: two gates look for files that git ignores."""
    project = Project.make(tmp_path, FILES)
    project.approve()
    project.verifyd("run", expect=1)
    assert written(project) == told(project)
    return project


def written(project: Project) -> str | None:
    """TASK.md; None where there is none."""
    file = project.root / ".verifyd" / "TASK.md"
    return file.read_text("utf-8") if file.exists() else None


def told(project: Project) -> str | None:
    """``verifyd task``; None where it has none."""
    return project.verifyd("task").out or None


def test_the_task_of_a_tree_that_is_known_not_to_be_ready_stays(project: Project) -> None:
    """A gate that passes says nothing of those that nobody looked at this time."""
    before = written(project)
    project.verifyd("run", "other", expect=0)
    assert before is not None
    assert (written(project), told(project)) == (before, before)


def test_a_gate_that_fails_has_its_own_task(project: Project) -> None:
    """Whoever asked for it goes on there."""
    project.verifyd("run", "tests", expect=1)
    assert str(written(project)).startswith("# tests: ")


def test_a_task_whose_gate_has_passed_is_done(project: Project) -> None:
    """It says so itself: done when ``verifyd run lint`` exits with 0. What is next, a whole run knows."""
    (project.root / "made").touch()
    project.verifyd("run", "lint", expect=0)
    answer = project.verifyd("task", expect=3)
    assert (written(project), answer.out) == (None, "")
    assert answer.err == (
        f"tree {project.tree()[:12]} was found not to be ready, but gate lint, which its task was about, has passed on it since\n"
        "  Verify it with: verifyd run\n"
    )
    project.verifyd("run", "other", expect=0)
    assert written(project) is None
    project.verifyd("run", expect=1)
    assert str(written(project)).startswith("# tests: ")
    assert written(project) == told(project)


def test_a_ready_tree_whose_optional_gate_has_passed_has_no_task(tmp_path: Path) -> None:
    """It was ready before, and it is still."""
    page_text = page(lint="optional | test -e made", tests="true")
    project = Project.make(tmp_path, {"VERIFY.md": page_text, ".gitignore": "/made\n"})
    project.approve()
    project.verifyd("run", expect=0)
    assert str(written(project)).startswith("# lint: ")
    (project.root / "made").touch()
    project.verifyd("run", "lint", expect=0)
    answer = project.verifyd("task", expect=0)
    assert (written(project), answer.out) == (None, "")


def test_another_tree_has_no_task_of_this_one(project: Project) -> None:
    """Nothing is known about the rest of it; back on the first tree its task is there again."""
    before = written(project)
    project.write({"new": "x\n"})
    project.verifyd("run", "other", expect=0)
    assert written(project) is None
    (project.root / "new").unlink()
    project.verifyd("run", "other", expect=0)
    assert written(project) == before


def test_a_pass_on_another_tree_settles_nothing(project: Project) -> None:
    """The task is about a tree, and so is the pass."""
    before = told(project)
    project.write({"new": "x\n"})
    (project.root / "made").touch()
    project.verifyd("run", "lint", expect=0)
    for name in ("new", "made"):
        (project.root / name).unlink()
    assert told(project) == before
