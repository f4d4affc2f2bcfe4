"""What is known at one moment about the tree that is being watched: shown live, told over the socket, never stored."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from verifyd.action_key import Action
from verifyd.plan import PlannedGate
from verifyd.report import Readiness, Report
from verifyd.task import Task
from verifyd.verdict import Verdict


class Phase(StrEnum):
    """How far one gate has come on one tree."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class GateStanding(Struct, frozen=True, kw_only=True):
    """
    One gate on the tree.

    Attributes:
        elapsed_s: Seconds it has been running; None when it does not run.
        expected_s: None when nobody knows.
        verdict: None until it is DONE.
        kept: Whether its run began for an earlier tree, and goes on because none of its inputs changed.
    """

    name: str
    required: bool
    phase: Phase
    elapsed_s: float | None = None
    expected_s: float | None = None
    verdict: Verdict | None = None
    kept: bool = False


class Judged(Struct, frozen=True, kw_only=True):
    """
    The newest complete verdict, of whichever tree.

    Attributes:
        behind: Trees that were seen after it.
    """

    tree: str
    readiness: Readiness
    reason: str | None
    at: datetime
    behind: int


class Standing(Struct, frozen=True, kw_only=True):
    """
    What is known about the newest tree.

    Attributes:
        tree: Empty before the first tree was read.
        since: When this tree was first seen, UTC.
        gates: In the order of the plan; empty before there is one.
        report: The report about this very tree; None while it is being verified. Once it is certain that the tree is not ready,
            it is there although gates still run, which are unproven in it: the whole one follows.
        task: The next task; None without a report that makes one.
        judged: None before the first complete verdict.
        trouble: Why this tree cannot be verified at all (VERIFY.md is wrong, git refuses); empty normally.
        watching: How changes are noticed: ``inotify``, ``watchfiles``, ``polling``.
        notes: What a person should know, a sentence each.
        remaining_s: Expected seconds until the whole report; None when there is one or nobody knows.
    """

    tree: str
    since: datetime
    gates: tuple[GateStanding, ...] = ()
    report: Report | None = None
    task: Task | None = None
    judged: Judged | None = None
    trouble: str = ""
    watching: str = ""
    notes: tuple[str, ...] = ()
    remaining_s: float | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether the whole report is still to come."""
        if self.report is None:
            return not self.trouble
        return any(gate.phase is not Phase.DONE for gate in self.gates)


class GateAccount(Struct, frozen=True, kw_only=True):
    """
    Why one gate of the newest tree is where it is.

    Attributes:
        planned: What was decided about it, and why.
        action: All that its result depends on; None where nobody asked for that: it does not run, or a tool that it starts is missing.
        before: The same on the tree before; None when it is not known.
        begun_for: The earlier tree that its run under way was begun for; empty when there is none.
    """

    planned: PlannedGate
    standing: GateStanding
    action: Action | None = None
    before: Action | None = None
    begun_for: str = ""


class EventKind(StrEnum):
    """What happened."""

    TREE = "tree"
    STARTED = "started"
    ENDED = "ended"
    JUDGED = "judged"
    TROUBLE = "trouble"
    STOPPING = "stopping"


class Transition(StrEnum):
    """What a complete verdict changed; nothing is said where it changed nothing."""

    READY = "ready"
    NOT_READY = "not_ready"
    UNPROVEN = "unproven"
    NEW_FAILURE = "new_failure"


class Event(Struct, frozen=True, kw_only=True):
    """
    One thing that happened.

    Attributes:
        number: Grows by one with each event of a daemon's life.
        tree: The tree it is about.
        gate: For STARTED and ENDED.
        status: The gate's for ENDED, the readiness for JUDGED.
        transition: For JUDGED, when something changed.
        text: One line for people.
    """

    number: int
    kind: EventKind
    at: datetime
    tree: str
    gate: str | None = None
    status: str | None = None
    reason: str | None = None
    transition: Transition | None = None
    text: str = ""
