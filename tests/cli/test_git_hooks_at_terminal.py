"""The git hooks at a terminal, where git leads what they print to stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hooks import Hooked
from tests.support.terminal import at_terminal

DRAWN: dict[str, str] = {}
PLAIN = {"NO_COLOR": "1"}


@pytest.fixture
def hooked(tmp_path: Path) -> Hooked:
    """A project with the hooks; its gate ``good`` passes while there is no file ``bad``."""
    return Hooked.make(tmp_path)


def lines_of(gate: str, shown: list[str]) -> list[str]:
    """The lines that tell a gate's verdict."""
    return [line for line in shown if line.startswith(tuple("✓✗–?")) and line.split()[1] == gate]


def commit(hooked: Hooked, environment: dict[str, str]) -> tuple[int, list[str]]:
    """Commit all there is at a terminal: exit status, and what stands on the screen afterwards."""
    hooked.done("add", "-A")
    command = ["git", "commit", "-m", "at a terminal"]
    return at_terminal(command, hooked.project.root, {**hooked.project.environment, **environment})


@pytest.mark.parametrize("environment", [DRAWN, PLAIN], ids=["drawn", "plain"])
def test_a_commit_that_is_stopped_shows_each_gate_once(hooked: Hooked, environment: dict[str, str]) -> None:
    """As the report has it: with what failed, and the way on."""
    hooked.project.write({"bad": ""})
    code, shown = commit(hooked, environment)
    assert (code, len(lines_of("seen", shown)), len(lines_of("good", shown))) == (1, 1, 1), shown
    assert "✗ good  failed" in lines_of("good", shown)[0]
    assert [line for line in shown if line.startswith("NOT READY  tree ")]


@pytest.mark.parametrize("environment", [DRAWN, PLAIN], ids=["drawn", "plain"])
def test_a_commit_that_is_let_through_shows_each_gate_once(hooked: Hooked, environment: dict[str, str]) -> None:
    """No report follows, so the line of a gate that ended stays."""
    hooked.project.write({"calc.py": "A = 2\n"})
    code, shown = commit(hooked, environment)
    assert (code, len(lines_of("seen", shown)), len(lines_of("good", shown))) == (0, 1, 1), shown
    assert not [line for line in shown if line.startswith("READY")]


def test_a_push_that_is_stopped_shows_each_gate_once(hooked: Hooked, tmp_path: Path) -> None:
    """Its hook verifies a commit that was made past the other."""
    hooked.project.write({"bad": ""})
    hooked.done("add", "-A")
    hooked.done("commit", "-m", "past the hook", "--no-verify")
    hooked.done("init", "-q", "--bare", str(tmp_path / "there"))
    command = ["git", "push", str(tmp_path / "there"), "HEAD:refs/heads/main"]
    code, shown = at_terminal(command, hooked.project.root, hooked.project.environment)
    assert (code, len(lines_of("seen", shown)), len(lines_of("good", shown))) == (1, 1, 1), shown
