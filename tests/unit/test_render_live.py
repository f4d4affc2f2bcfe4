"""What is known at one moment becomes what a person sees while a daemon runs."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from tests.support.builders import NOON, TREE, a_failure, a_finding, a_pass, a_report, a_task
from verifyd.render.live import draw_standing, event_line
from verifyd.render.standing import standing_document
from verifyd.report import Readiness
from verifyd.standing import Event, EventKind, GateStanding, Judged, Phase, Standing, Transition

EVENT = Event(number=7, kind=EventKind.JUDGED, at=NOON, tree=TREE, text="tests: test_add fails")
RUNNING = Standing(
    tree=TREE,
    since=NOON,
    gates=(
        GateStanding(name="lint", required=True, phase=Phase.DONE, verdict=a_pass("lint")),
        GateStanding(name="tests", required=True, phase=Phase.RUNNING, elapsed_s=1.0, expected_s=4.0),
    ),
    judged=Judged(tree="9e" * 20, readiness=Readiness.READY, reason=None, at=NOON, behind=2),
    watching="inotify",
    remaining_s=3.0,
)


def drawn(standing: Standing, width: int = 100) -> str:
    """As a terminal of this width shows it, without colour."""
    console = Console(file=io.StringIO(), width=width, _environ={})
    console.print(draw_standing(standing_document(standing)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_running_gate_has_a_bar_and_the_last_verdict_stands_apart() -> None:
    """How far it has come, how long is left, and how far behind the last verdict is."""
    assert drawn(RUNNING).rstrip().splitlines() == [
        "VERIFYING  tree 1f1f1f1f1f1f  about 3.00 s left",
        "  1 of 2 gates done",
        "✓ lint   passed    1.00 s",
        "▶ tests  running   1.00 s of about 4.00 s  ━━━━━━━━━━━━━━━━━━━━",
        "last complete verdict: ready on 9e9e9e9e9e9e, 2 trees ago",
        "watching (inotify); Ctrl-C ends it",
    ]


def test_a_failure_shows_the_next_task() -> None:
    """What to do stands below the verdict."""
    report = a_report(a_failure(a_finding()))
    standing = Standing(tree=TREE, since=NOON, report=report, task=a_task(report))
    assert "next task: tests: test_add fails: assert 3 == 4" in drawn(standing)


def test_lines_are_cut_and_never_wrapped() -> None:
    """A narrow terminal shows as many lines as a wide one."""
    assert len(drawn(RUNNING, width=30).splitlines()) == len(drawn(RUNNING).splitlines())


@pytest.mark.parametrize(
    "transition, said",
    [
        (Transition.READY, "ready"),
        (Transition.NOT_READY, "not ready"),
        (Transition.UNPROVEN, "unproven"),
        (Transition.NEW_FAILURE, "another failure"),
    ],
)
def test_a_transition_is_one_line(transition: Transition, said: str) -> None:
    """What changed, on which tree, how long it took and what it is."""
    line = event_line(replace(EVENT, transition=transition), took_s=3.5)
    assert line == f"{said}  tree 1f1f1f1f1f1f after 3.50 s: tests: test_add fails"


@pytest.mark.parametrize(
    "kind", [EventKind.TREE, EventKind.STARTED, EventKind.ENDED, EventKind.JUDGED, EventKind.STOPPING]
)
def test_what_is_no_transition_is_silent(kind: EventKind) -> None:
    """A verdict like the one before, all that leads to it, and the end, which the command itself tells of, say nothing."""
    assert event_line(replace(EVENT, kind=kind)) is None


def test_trouble_is_said() -> None:
    """Nothing in it acts on the terminal."""
    line = event_line(replace(EVENT, kind=EventKind.TROUBLE, text="no \x1b[31mred"))
    assert line is not None
    assert "\x1b" not in line
    assert line.startswith("cannot verify tree 1f1f1f1f1f1f: no ")


def test_what_to_do_about_trouble_is_a_sentence_on_the_same_line() -> None:
    """However many lines the message has."""
    text = "VERIFY.md:3: the fence is never closed\n  End it with:\n\n    ~~~"
    assert event_line(replace(EVENT, kind=EventKind.TROUBLE, text=text)) == (
        "cannot verify tree 1f1f1f1f1f1f: VERIFY.md:3: the fence is never closed. End it with: ~~~"
    )
