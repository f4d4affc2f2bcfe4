"""What a command imports: nearly all of its start-up time, so what it does not need stays away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import Project, page

WRITE_MODULES = """
import atexit, os, sys
if sys.argv[0] == "-m":  # not in git's or a gate's own Python
    atexit.register(lambda: open(os.environ["MODULES"], "w").write("\\n".join(sys.modules)))
"""
SLOW = (
    *(
        "asyncio",
        "anyio",
        "email.message",
        "importlib.metadata",
        "junitparser",
        "markdown_it",
        "msgspec",
        "pathspec",
        "psutil",
    ),
    *("pydantic", "pydantic_core", "rich", "sqlite3", "ssl", "statistics", "yaml"),
)
"""Libraries that take more than some milliseconds each."""
FOR_REUSED_RUNS = {"asyncio", "anyio", "msgspec", "sqlite3", "ssl", "statistics"}
FOR_OTHER_RUNS = (
    *("verifyd.app.approve", "verifyd.app.doctor", "verifyd.app.init", "verifyd.cause", "verifyd.danger"),
    *("verifyd.detect", "verifyd.edge.editable_installs", "verifyd.evidence.select", "verifyd.evidence.text"),
    *("verifyd.evidence.trouble", "verifyd.narrow", "verifyd.pipeline_difference"),
    *("verifyd.render.history", "verifyd.render.plan", "verifyd.render.task_markdown", "verifyd.reproduce"),
    *("verifyd.task", "verifyd.verify_md.reader"),
)
"""Modules of ours that speak of something that does not happen when every gate's earlier pass answers."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An approved project whose only gate passes."""
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(yes="test -f calc.py")})
    project.approve()
    return project


def modules_of(project: Project, *arguments: str) -> set[str]:
    """All modules that a command which ends well had imported at its end."""
    folder, written = project.root.parent / "python", project.root.parent / "modules"
    if not folder.exists():
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(WRITE_MODULES, "utf-8")
    project.verifyd(*arguments, expect=0, extra={"PYTHONPATH": str(folder), "MODULES": str(written)})
    return set(written.read_text("utf-8").split())


def test_help_imports_nothing_but_the_command_line(project: Project) -> None:
    """click, and of ours what declares the options, looks for a daemon and turns an ending into an exit code."""
    found = modules_of(project, "--help")
    assert {name for name in found if name.split(".")[0] == "verifyd"} == {
        *("verifyd", "verifyd.app", "verifyd.app.bug_report", "verifyd.doors", "verifyd.doors.cli"),
        *("verifyd.doors.endings", "verifyd.doors.hook", "verifyd.doors.targets"),
        *("verifyd.edge", "verifyd.edge.quick_client", "verifyd.errors"),
    }
    assert found & set(SLOW) == set()


def test_a_reused_run_imports_no_reader_and_nothing_that_makes_tasks(project: Project) -> None:
    """Nor what parses VERIFY.md: the very bytes that were approved are not read again."""
    modules_of(project, "run")
    found = modules_of(project, "run")
    assert project.gate("yes")["reused"] is True
    assert found & set(SLOW) == FOR_REUSED_RUNS
    assert found & set(FOR_OTHER_RUNS) == set()


def test_a_run_of_a_gate_imports_what_reads_its_output(project: Project) -> None:
    """What this page looks for by name is found where it is needed: a name that changes is noticed here."""
    found = modules_of(project, "run", "--no-reuse")
    assert {"verifyd.evidence.select", "verifyd.evidence.text", "verifyd.evidence.trouble"} <= found


@pytest.mark.parametrize("name", [*SLOW, *FOR_OTHER_RUNS])
def test_what_is_looked_for_exists(name: str) -> None:
    """A module that was renamed would never be found again."""
    __import__(name)
