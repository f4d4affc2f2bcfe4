"""What a daemon knows at this moment in, what its page in a browser shows out: plain text, which the page's templates make markup of."""

from __future__ import annotations

from msgspec import Struct

from verifyd.render.markdown import duration
from verifyd.render.shown import shown_command, shown_line
from verifyd.render.standing import (
    PHASE_MARKS,
    SHORT,
    difference_notes,
    gate_reason,
    gate_times,
    heading_lines,
    judged_lines,
    task_places,
)
from verifyd.render.standing_document import GateStandingEntry, StandingDocument
from verifyd.render.task_markdown import render_task_document
from verifyd.render.terminal import MARKS
from verifyd.report import TITLES
from verifyd.standing import Phase
from verifyd.verdict import Reason

VERIFYING = str(Reason.VERIFYING)


class GateView(Struct, frozen=True, kw_only=True):
    """
    One gate.

    Attributes:
        state: Its status, or how far it has come.
        times: Facts about it that are not its reason.
        part: Of its expected time that has gone, from 0 to 1; None where it does not run or nobody knows.
        has_log: Whether it starts a process, and did.
    """

    name: str
    mark: str
    state: str
    times: tuple[str, ...]
    reason: str
    part: float | None
    has_log: bool


class TaskView(Struct, frozen=True, kw_only=True):
    """
    The next task.

    Attributes:
        attempt: Empty for the first one.
        places: Where to look, the likeliest first.
        whole: As TASK.md has it.
    """

    title: str
    attempt: str
    escalate: bool
    places: tuple[str, ...]
    reproduce: str
    whole: str


class PageView(Struct, frozen=True, kw_only=True):
    """
    The page.

    Attributes:
        state: ``ready``, ``not_ready``, ``unproven`` or ``verifying``.
        verdict: The same for people.
        reason: Lines that say why.
        left: About how long the verdict still takes; empty when it is there or nobody knows.
        notes: What a person should know beside it.
        judged: The newest complete verdict, where that is another tree's; empty otherwise.
    """

    state: str
    verdict: str
    tree: str
    short_tree: str
    reason: tuple[str, ...]
    left: str
    gates: tuple[GateView, ...]
    task: TaskView | None
    notes: tuple[str, ...]
    judged: str
    watching: str


def page_view(document: StandingDocument) -> PageView:
    """The page of a document."""
    is_verifying = document.reason == VERIFYING
    return PageView(
        state=VERIFYING if is_verifying else str(document.readiness),
        verdict="VERIFYING" if is_verifying else TITLES[document.readiness],
        tree=document.tree,
        short_tree=document.tree[:SHORT],
        reason=tuple(line.strip() for line in heading_lines(document)[1:]),
        left=f"about {duration(document.remaining_s)} left" if document.remaining_s is not None else "",
        gates=tuple(gate_view(gate) for gate in document.gates),
        task=task_view(document),
        notes=(*document.notes, *difference_notes(document.report)),
        judged="".join(judged_lines(document)),
        watching=document.watching,
    )


def gate_view(gate: GateStandingEntry) -> GateView:
    """One gate of it."""
    runs = gate.phase is Phase.RUNNING
    part = min(1.0, gate.elapsed_s / gate.expected_s) if runs and gate.elapsed_s and gate.expected_s else None
    return GateView(
        name=shown_line(gate.name),
        mark=MARKS[gate.status] if gate.status is not None else PHASE_MARKS[gate.phase],
        state=str(gate.status if gate.status is not None else gate.phase),
        times=tuple(gate_times(gate)),
        reason=gate_reason(gate),
        part=round(part, 3) if part is not None else None,
        has_log=runs or gate.duration_s is not None,
    )


def task_view(document: StandingDocument) -> TaskView | None:
    """The next task of it, where there is one."""
    task = document.task
    if task is None:
        return None
    return TaskView(
        title=shown_line(task.title),
        attempt=f"attempt {task.attempt} of {task.attempt_limit}" if task.attempt > 1 else "",
        escalate=task.escalate,
        places=tuple(task_places(task)),
        reproduce=shown_command(task.reproduce),
        whole=render_task_document(task),
    )
