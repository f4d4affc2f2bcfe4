"""The wall clock jumps while gates run: verdicts, time limits, durations and reuse go by what was judged and by a clock that cannot jump."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project, page
from tests.support.wall_clock import WallClock, needs_wall_clock

pytestmark = [needs_wall_clock, pytest.mark.timeout(240)]
LIMIT_S = 25
DAY_S = 86_400
JUMPS = (-DAY_S, 30 * DAY_S)


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    """The clock of verifyd and its gates."""
    return WallClock.make(tmp_path)


@pytest.fixture
def project(tmp_path: Path, clock: WallClock) -> Iterator[Project]:
    """A project in which all goes by that clock; its gate lets it jump to what ``next`` says, and passes for good content."""
    script = f"cat '{tmp_path}/next' >'{clock.setting}'; sleep 1; date; grep good a.txt"
    project = Project.make(tmp_path, {"a.txt": "good 0\n", "VERIFY.md": page(jumps=f"timeout={LIMIT_S}s | {script}")})
    project.approve()
    project.environment.update(clock.environment)
    (tmp_path / "next").write_text("0\n")
    yield project
    project.verifyd("stop")


def jump_during_gates(project: Project, to: int) -> None:
    """From now on each run of the gate lets the clock jump there."""
    (project.root.parent / "next").write_text(f"{to}\n")


def kept_runs(project: Project) -> list[Any]:
    """All runs of the gate that are kept, newest first."""
    history: Any = json.loads(project.verifyd("history", "jumps", "--json", expect=0).out)
    (gate,) = history["gates"]
    assert gate["runs"]
    runs: list[Any] = gate["runs"]
    return runs


@pytest.mark.parametrize("to", JUMPS)
def test_where_a_library_can_be_preloaded_a_jump_while_a_gate_runs_ends_no_gate(project: Project, to: int) -> None:
    """Fault 6: neither for its limit nor before its end; it took as long as it took."""
    jump_during_gates(project, to)
    project.verifyd("run", expect=0)
    assert project.statuses() == {"jumps": ("passed", None)}
    assert 1 <= project.gate("jumps")["duration_s"] <= LIMIT_S


@pytest.mark.parametrize("to", JUMPS)
def test_where_a_library_can_be_preloaded_a_gate_that_hangs_ends_at_its_limit_although_the_clock_jumps(
    tmp_path: Path, clock: WallClock, to: int
) -> None:
    """Fault 6: back by a day, too."""
    hangs = page(hangs=f"timeout=2s | echo '{to}' >'{clock.setting}'; sleep 50")
    project = Project.make(tmp_path, {"VERIFY.md": hangs})
    project.approve()
    project.environment.update(clock.environment)
    project.verifyd("run", expect=1)
    assert project.statuses() == {"hangs": ("failed", "timed_out")}


def test_where_a_library_can_be_preloaded_what_is_reused_is_of_equal_content_whatever_the_clock_says(
    project: Project, clock: WallClock
) -> None:
    """Fault 6: back and forth, a pass stands for what passed and a failure for what failed; the order is that of the runs."""
    project.verifyd("run", expect=0)
    for to in JUMPS:
        clock.jump(to)
        project.write({"a.txt": "bad\n"})
        project.verifyd("run", expect=1)
        project.write({"a.txt": "good 0\n"})
        project.verifyd("run", expect=0)
        assert project.gate("jumps")["reused"] is not None
    assert all(1 <= run["duration_s"] <= LIMIT_S for run in kept_runs(project))


def test_where_a_library_can_be_preloaded_a_daemon_goes_on_through_jumps(project: Project) -> None:
    """Fault 6: each answer is about the tree as it is, no gate ends by the clock, and history has the order in which things happened."""
    project.verifyd("watch", "--detach", expect=0)
    project.verifyd("status", "--wait", "50", expect=0)
    expected = ["passed"]
    for number, to in enumerate((*JUMPS, 0), 1):
        jump_during_gates(project, to)
        for content, exit_code in ((f"bad {number}\n", 1), (f"good {number}\n", 0)):
            project.write({"a.txt": content})
            answer = project.verifyd("status", "--wait", "50", "--json", expect=exit_code)
            assert json.loads(answer.out)["tree"] == project.tree()
            expected.insert(0, "passed" if exit_code == 0 else "failed")
    runs = kept_runs(project)
    assert [run["status"] for run in runs] == expected
    assert all(1 <= run["duration_s"] <= LIMIT_S for run in runs)
    moments = [run["started_at"] for run in runs]
    assert moments != sorted(moments, reverse=True)
