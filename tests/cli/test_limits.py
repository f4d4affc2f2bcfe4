"""Limits count from HEAD, so a commit begins a new count: who relies on them is told what is not counted."""

from __future__ import annotations

from pathlib import Path

from tests.support.project import Project, page

LIMITS = "---\nlimits:\n  changed_lines: 3\n---\n"


def test_commits_that_are_not_counted_are_said(tmp_path: Path) -> None:
    """Too large a change is no longer too large once it is committed; the report says so, and ``--base`` counts it again."""
    project = Project.make(tmp_path, {"a.txt": "a\n", "VERIFY.md": LIMITS + page(yes="true")})
    project.approve()
    project.write({"a.txt": "b\n"})
    project.verifyd("run", expect=0)
    counted = project.commit("Counted")
    assert "leave out" not in project.verifyd("run", expect=0).out
    project.write({"a.txt": "1\n2\n3\n4\n5\n"})
    project.verifyd("run", expect=1)
    project.commit("Not counted")
    says = (
        "limits and scope count from HEAD, so they leave out 1 commit made since the last tree that was ready before its "
        f"commit; to count it too: verifyd run --base {counted[:12]}"
    )
    for _ in range(2):
        project.verifyd("run", expect=0)
        assert project.report()["notes"] == [says]
    project.verifyd("run", "--base", counted[:12], expect=1)
    assert says not in project.report()["notes"]


def test_without_limits_nothing_is_said(tmp_path: Path) -> None:
    """Nothing is counted, so nothing is left out."""
    project = Project.make(tmp_path, {"a.txt": "a\n", "VERIFY.md": page(yes="true")})
    project.approve()
    for text in ("b\n", "c\n"):
        project.write({"a.txt": text})
        project.verifyd("run", expect=0)
    project.write({"a.txt": "d\n"})
    project.commit()
    project.verifyd("run", expect=0)
    assert project.report()["notes"] == []
