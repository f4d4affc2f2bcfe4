"""``verifyd run`` at a terminal: what a person sees of each gate, and when."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.project import Project, page
from tests.support.terminal import at_terminal

DRAWN: dict[str, str] = {}
PLAIN = {"NO_COLOR": "1"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An approved project, one gate of which fails."""
    project = Project.make(tmp_path, {"VERIFY.md": page(good="true", bad="echo a.py:1: wrong; false")})
    project.approve()
    return project


def run(
    project: Project,
    *arguments: str,
    environment: dict[str, str],
    out: Path | None = None,
    interrupt_at: bytes | None = None,
) -> tuple[int, list[str]]:
    """Exit status and screen of ``verifyd run``."""
    command = project.command("run", *arguments)
    return at_terminal(
        command, project.root, {**project.environment, **environment}, out=out, interrupt_at=interrupt_at
    )


def lines_of(name: str, shown: list[str]) -> list[str]:
    """The lines that tell a gate's verdict."""
    return [line for line in shown if re.match(rf"[✓✗–?] {name}\b", line)]


@pytest.mark.parametrize("environment", [DRAWN, PLAIN], ids=["drawn", "plain"])
def test_each_gate_is_shown_once(project: Project, environment: dict[str, str]) -> None:
    """While it runs something tells of it; what stands there in the end is the report's line alone."""
    code, shown = run(project, environment=environment)
    assert (code, len(lines_of("good", shown)), len(lines_of("bad", shown))) == (1, 1, 1), shown
    assert "✓ good  passed" in lines_of("good", shown)[0]


def test_without_drawing_a_gate_is_named_when_it_begins(project: Project) -> None:
    """A person who waits knows for what, and for how long when it is known."""
    _, first = run(project, environment=PLAIN)
    assert {"running good", "running bad"} <= set(first)
    _, second = run(project, "--no-reuse", environment=PLAIN)
    assert [line for line in second if re.fullmatch(r"running good, about \d+\.\d s", line)]


@pytest.mark.parametrize("environment", [DRAWN, PLAIN], ids=["drawn", "plain"])
def test_what_the_terminal_does_not_get_is_told_as_it_goes(
    project: Project, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Stdout leads to a file, which has all of the report: each gate's verdict stays on the terminal."""
    code, shown = run(project, environment=environment, out=tmp_path / "out")
    assert (code, len(lines_of("good", shown)), len(lines_of("bad", shown))) == (1, 1, 1), shown
    report = (tmp_path / "out").read_text("utf-8").splitlines()
    assert (len(lines_of("good", report)), len(lines_of("bad", report))) == (1, 1)


def test_an_answer_in_a_file_leaves_the_gates_on_the_terminal(project: Project, tmp_path: Path) -> None:
    """With ``--output`` nothing else would say there what became of them."""
    _, shown = run(project, "--output", str(tmp_path / "out.json"), "--format", "json", environment=DRAWN)
    assert (len(lines_of("good", shown)), len(lines_of("bad", shown))) == (1, 1), shown


@pytest.mark.parametrize("environment", [DRAWN, PLAIN], ids=["drawn", "plain"])
def test_what_was_found_out_before_an_interrupt_stays(project: Project, environment: dict[str, str]) -> None:
    """There is no report then, so the verdicts that were known are left on the screen."""
    project.write({"VERIFY.md": page(good="true", slow="needs=good | sleep 50")})
    project.approve()
    code, shown = run(project, environment=environment, interrupt_at=b"slow")
    assert (code, len(lines_of("good", shown)), shown[-1]) == (130, 1, "interrupted"), shown
    assert "stopping: the gates are asked to end; once more to end them at once" in shown
