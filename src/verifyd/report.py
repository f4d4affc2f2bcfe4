"""The plan and its verdicts in, the readiness report for one exact tree out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from verifyd.builtin.unignored import find_unignored
from verifyd.change import Change
from verifyd.pipeline import DIFF_GATE, ApprovedBy
from verifyd.plan import Plan, Skip, longest_chains
from verifyd.snapshot import Snapshot
from verifyd.verdict import Reason, Status, Verdict

ATTEMPT_LIMIT = 3
"""Trees on which the same failure may be seen before its task says to hand over."""


class Readiness(StrEnum):
    """What can be said of a tree as a whole."""

    READY = "ready"
    NOT_READY = "not_ready"
    UNPROVEN = "unproven"


TITLES = {Readiness.READY: "READY", Readiness.NOT_READY: "NOT READY", Readiness.UNPROVEN: "UNPROVEN"}
"""As people and agents are told it."""
TREE_REASONS = frozenset({Reason.PIPELINE_CHANGED, Reason.CONFLICTED, Reason.UNSAVED, Reason.NO_GATES})
"""Why a tree is unproven though no gate is: a form that tells gates alone would show a pass."""
HOW_APPROVED = {
    ApprovedBy.TERMINAL: "at a terminal",
    ApprovedBy.FLAG: "by the flag --yes",
    ApprovedBy.CI: "by the CI job",
}


class Approved(Struct, frozen=True, kw_only=True):
    """Who let the pipeline run, and when (UTC, ISO 8601); *current* is False when VERIFY.md has changed since."""

    by: ApprovedBy
    at: str
    current: bool = True


class GateReport(Struct, frozen=True, kw_only=True):
    """
    One gate of the report.

    Attributes:
        expected_s: What was expected before it ran; None when nobody knew.
        measured_at: When its verdict was measured, UTC; earlier than the report's start when reused; None when nothing ran.
    """

    verdict: Verdict
    expected_s: float | None = None
    measured_at: datetime | None = None

    @property
    def required(self) -> bool:
        """Whether it can hold back readiness: not optional, and not one that never runs by itself."""
        gate = self.verdict.gate
        return not gate.optional and (gate.manual is None or self.verdict.status is not Status.SKIPPED)

    @property
    def duration_s(self) -> float:
        """Seconds it took when it was measured; 0 when nothing ran."""
        return self.verdict.outcome.duration_s if self.verdict.outcome is not None else 0.0


class Report(Struct, frozen=True, kw_only=True):
    """
    The readiness report for one exact tree.

    Attributes:
        pipeline: Digest of the pipeline that ran.
        reason: None only when READY.
        explanation: One sentence for people; empty only when READY.
        approved: None when nothing was ever approved.
        notes: What a reader should know besides: about the tree, the state on disk, the machine.
        last_ready_tree: The tree that the task's ranking counts from; None when no tree was ever ready.
        changed_since_ready: Paths that differ from it; the change's own paths when there is none.
        critical_path_s: The longest chain of ``needs``, as measured.
        constraints: What the person's limits leave, a phrase each; empty where VERIFY.md sets none.
    """

    snapshot: Snapshot
    change: Change
    pipeline: str
    readiness: Readiness
    reason: str | None
    explanation: str
    approved: Approved | None
    started_at: datetime
    duration_s: float
    gates: tuple[GateReport, ...]
    selected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    last_ready_tree: str | None = None
    changed_since_ready: frozenset[str] = frozenset()
    critical_path_s: float = 0.0
    constraints: tuple[str, ...] = ()

    @property
    def trouble(self) -> str:
        """What keeps the tree from being ready though no gate says so, ``reason: explanation``; empty when nothing does."""
        return f"{self.reason}: {self.explanation}" if self.reason in TREE_REASONS else ""

    @property
    def pipeline_notes(self) -> tuple[str, ...]:
        """The notes that say, gate by gate, how VERIFY.md differs from the pipeline that a person let run."""
        return pipeline_notes(self.notes)

    @property
    def sum_s(self) -> float:
        """Seconds of all gates that ran for this report, one after the other."""
        return sum(gate.duration_s for gate in self.gates if not gate.verdict.reused)

    @property
    def slowest(self) -> str | None:
        """Name of the gate that took longest; None when none ran."""
        ran = [gate for gate in self.gates if gate.duration_s and not gate.verdict.reused]
        return max(ran, key=lambda gate: gate.duration_s).verdict.gate.name if ran else None

    def gate(self, name: str) -> GateReport | None:
        """The gate of that name; None when it is not in the report."""
        return next((gate for gate in self.gates if gate.verdict.gate.name == name), None)


def pipeline_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Those of a report's notes that are about VERIFY.md."""
    return tuple(note for note in notes if note.startswith("VERIFY.md: "))


class Hold(Struct, frozen=True, kw_only=True):
    """
    A reason outside the gates why a tree cannot be called ready.

    Attributes:
        reason: PIPELINE_CHANGED, UNAPPROVED, CONFLICTED or UNSAVED.
    """

    reason: Reason
    explanation: str


def readiness_of(gates: Sequence[GateReport], holds: Sequence[Hold] = ()) -> tuple[Readiness, str | None, str]:
    """
    Readiness with its reason and a sentence: a failure outweighs what is unproven, which outweighs what passed.

    A tree on which no gate that holds back readiness runs by itself is unproven: nothing was looked at.
    """
    conflicted = next((hold for hold in holds if hold.reason is Reason.CONFLICTED), None)
    if conflicted is not None:  # the text between conflict markers is nobody's code: its failures say nothing
        return Readiness.UNPROVEN, str(conflicted.reason), conflicted.explanation
    required = [gate for gate in gates if gate.required]
    failed = [gate.verdict for gate in required if gate.verdict.status is Status.FAILED]
    if failed:
        return Readiness.NOT_READY, failed[0].reason, named("failed", failed)
    if holds:
        return Readiness.UNPROVEN, str(holds[0].reason), holds[0].explanation
    open_ones = [gate.verdict for gate in required if is_open(gate.verdict)]
    unproven = [verdict for verdict in open_ones if verdict.status is Status.UNPROVEN]
    if unproven:  # what waits for these is open because of them
        return Readiness.UNPROVEN, unproven[0].reason, named("unproven", unproven)
    if open_ones:
        return Readiness.UNPROVEN, open_ones[0].reason, named("not run", open_ones)
    if not [gate for gate in required if gate.verdict.gate.name != DIFF_GATE]:
        return Readiness.UNPROVEN, str(Reason.NO_GATES), "VERIFY.md declares no required gate that runs by itself"
    return Readiness.READY, None, ""


def is_open(verdict: Verdict) -> bool:
    """Whether a gate leaves its question open: unproven, or skipped for a reason other than that it does not apply."""
    if verdict.status is Status.UNPROVEN:
        return True
    does_not_apply = (Skip.NOT_AFFECTED, Skip.WHEN, Skip.MANUAL)
    return verdict.status is Status.SKIPPED and verdict.reason not in does_not_apply


def named(word: str, verdicts: Sequence[Verdict]) -> str:
    """``failed: lint, tests`` with the first one's explanation when it is alone."""
    names = ", ".join(verdict.gate.name for verdict in verdicts)
    alone = f" ({verdicts[0].explanation})" if len(verdicts) == 1 and verdicts[0].explanation else ""
    return f"{word}: {names}{alone}"


def measured_critical_path_s(gates: Sequence[GateReport]) -> float:
    """Seconds of the longest chain of ``needs`` among the gates that ran for this report."""
    ran = {gate.verdict.gate.name: gate for gate in gates if gate.duration_s and not gate.verdict.reused}
    seconds = {name: gate.duration_s for name, gate in ran.items()}
    needs = {name: gate.verdict.gate.needs for name, gate in ran.items()}
    return max(longest_chains(seconds, needs).values(), default=0.0)


def make_report(
    plan: Plan,
    verdicts: Mapping[str, Verdict],
    *,
    built_in: Sequence[Verdict],
    snapshot: Snapshot,
    change: Change,
    pipeline: str,
    approved: Approved | None,
    started_at: datetime,
    duration_s: float,
    holds: Sequence[Hold] = (),
    notes: Sequence[str] = (),
    constraints: Sequence[str] = (),
    last_ready_tree: str | None = None,
    changed_since_ready: frozenset[str] | None = None,
) -> Report:
    """
    Put the verdicts of one run together, built-in gates first, then in the plan's order.

    Args:
        verdicts: One for each gate of the plan, by name.
        changed_since_ready: None when no tree was ever ready: the change itself counts then.
    """
    planned = [
        GateReport(
            verdict=verdicts[gate.gate.name],
            expected_s=gate.expected_s,
            measured_at=measured_at(verdicts[gate.gate.name]),
        )
        for gate in plan.gates
    ]
    gates = (*(GateReport(verdict=verdict, measured_at=started_at) for verdict in built_in), *planned)
    readiness, reason, explanation = readiness_of(gates, holds)
    return Report(
        snapshot=snapshot,
        change=change,
        pipeline=pipeline,
        readiness=readiness,
        reason=reason,
        explanation=explanation,
        approved=approved,
        started_at=started_at,
        duration_s=duration_s,
        gates=gates,
        selected=plan.selected,
        notes=(*snapshot.notes, *unignored_notes(change), *notes),
        last_ready_tree=last_ready_tree,
        changed_since_ready=change.paths if changed_since_ready is None else changed_since_ready,
        critical_path_s=measured_critical_path_s(gates),
        constraints=tuple(constraints),
    )


def unignored_notes(change: Change) -> tuple[str, ...]:
    """One note about folders that a .gitignore should name."""
    unignored = find_unignored(change)
    return () if unignored is None else (str(unignored),)


def measured_at(verdict: Verdict) -> datetime | None:
    """When the process behind a verdict started, UTC; None when there was none."""
    return verdict.outcome.started_at if verdict.outcome is not None else None
