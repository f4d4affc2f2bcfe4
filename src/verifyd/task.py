"""The report in, the next task out: one cause, the few findings that matter, where to look, how to reproduce and verify it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from verifyd.cause import (
    KIND_ORDER,
    Place,
    find_places,
    first_cause,
    rank_of_kinds,
    same_root,
)
from verifyd.evidence.model import Finding, FindingKind
from verifyd.pipeline import DIFF_GATE
from verifyd.placeless import as_it_is_now, changed_inputs, counted_files, may_run_tests
from verifyd.redact import redact
from verifyd.report import ATTEMPT_LIMIT, GateReport, Report
from verifyd.reproduce import reproduce_command
from verifyd.verdict import Reason, Verdict, counted

TITLE_LIMIT = 120
MOST_FINDINGS = 5

BY_REASON = frozenset(
    {Reason.TIMED_OUT, Reason.TOO_MANY_PROCESSES, Reason.TOO_FEW_TESTS, Reason.NO_TESTS_RAN, Reason.EXIT_STATUS}
)
"""Reasons that are the failure themselves; findings beside them are hints, not what must go away."""


class Task(Struct, frozen=True, kw_only=True):
    """
    Work a report asks for: one failure with one cause.

    Attributes:
        id: Stable: the same failure on the next tree has the same id. 16 hex digits.
        attempt: Trees on which this failure was seen since its gate last passed, this one included: 1 or more.
        where: Most likely place first.
        findings: The few that matter; *more_findings* others have the same cause.
        output: The end of what the gate printed, where no finding tells more; may be empty.
        other_failures: Findings of other causes, in all gates: they come as the next tasks.
        reproduce: A command narrowed to the failing tests where the tool allows it, to be run from the root.
        constraints: What the person's limits leave.
        context: The plan's first unchecked item; None when there is none.
        escalate: True when the attempts are used up: hand over instead of looping.
    """

    id: str
    gate: str
    tree: str
    attempt: int
    title: str
    explanation: str
    where: tuple[Place, ...]
    findings: tuple[Finding, ...]
    more_findings: int
    other_failures: int
    reproduce: str
    verify: str
    fix: str | None
    constraints: tuple[str, ...]
    changed_since_ready: tuple[str, ...]
    context: str | None
    escalate: bool
    log: str | None
    optional: bool = False
    attempt_limit: int = ATTEMPT_LIMIT
    output: str = ""


def make_task(
    report: Report,
    *,
    constraints: Sequence[str],
    seen_on: Callable[[str], int],
    context: str | None = None,
    attempt_limit: int = ATTEMPT_LIMIT,
) -> Task | None:
    """
    The one failure whose mending is most likely to unblock the rest; None when no gate makes a task.

    Args:
        constraints: What the limits leave, a phrase each.
        seen_on: Number of other trees on which a fingerprint failed since its gate last passed.
        context: The plan's first unchecked item.
    """
    failing = [gate for gate in report.gates if gate.verdict.makes_task]
    if not failing:
        return None
    gate = min(failing, key=lambda candidate: precedence(candidate, report))
    verdict, outcome = gate.verdict, gate.verdict.outcome
    cause = first_cause(verdict.evidence.errors, report.changed_since_ready, report.change.paths)
    fingerprint = task_fingerprint(verdict, cause)
    attempt = 1 + seen_on(fingerprint)
    findings = cause[:MOST_FINDINGS]
    return Task(
        id=fingerprint,
        gate=verdict.gate.name,
        tree=report.snapshot.tree,
        attempt=attempt,
        title=title_of(verdict, cause),
        explanation=verdict.explanation,
        where=places_of(findings, verdict, report),
        findings=findings,
        more_findings=len(cause) - len(findings),
        other_failures=count_other_failures(failing, gate, cause),
        reproduce=reproduce_of(gate, cause),
        verify=verify_of(gate),
        fix=verdict.gate.fix,
        constraints=tuple(constraints),
        changed_since_ready=tuple(sorted(report.changed_since_ready)),
        context=context,
        escalate=attempt > attempt_limit,
        log=str(outcome.log) if outcome is not None and outcome.log is not None else None,
        optional=verdict.gate.optional,
        attempt_limit=attempt_limit,
        output=outcome.tail if outcome is not None and (not findings or verdict.reason in BY_REASON) else "",
    )


def places_of(findings: Sequence[Finding], verdict: Verdict, report: Report) -> tuple[Place, ...]:
    """Where to look, each place once."""
    changed, since_base, gate = report.changed_since_ready, report.change.paths, verdict.gate
    places = (
        find_places(findings, changed, since_base)
        or counted_files(findings, report.change)
        or changed_inputs(changed, gate.paths, since_base=since_base, runs_tests=may_run_tests(gate))
    )
    now: dict[tuple[str, int | None], Place] = {}
    for place in places:
        current = as_it_is_now(place, report.change)
        now.setdefault((current.path, current.line), current)
    return tuple(now.values())


def precedence(gate: GateReport, report: Report) -> tuple[bool, int, int, int]:
    """
    What sorts a gate before others: required; what nothing works without (syntax, collection, limits); gates that others wait for;
    then KIND_ORDER.
    """
    rank = rank_of_kinds(gate.verdict.evidence.errors)
    blocking = min(rank, KIND_ORDER.index(FindingKind.LIMIT) + 1)
    return not gate.required, blocking, -waiting_for(gate.verdict.gate.name, report), rank


def waiting_for(name: str, report: Report) -> int:
    """How many gates were not run because this one did not pass, through others too."""
    names, count = [name], 0
    while names:
        name = names.pop()
        waiting = [gate.verdict.gate.name for gate in report.gates if gate.verdict.reason == f"needs:{name}"]
        names += waiting
        count += len(waiting)
    return count


def reproduce_of(gate: GateReport, cause: Sequence[Finding]) -> str:
    """
    A command that shows the cause again. The built-in gate has none of its own: verifyd is its command.

    A test whose name holds what looks like a secret is not named: masked, its name would select nothing.
    """
    name = gate.verdict.gate.name
    if name == DIFF_GATE:
        return f"verifyd run {name}"
    named = () if gate.verdict.reason in BY_REASON else cause
    subjects = [finding.subject for finding in named if finding.subject is not None]
    return reproduce_command(gate.verdict.gate, [subject for subject in subjects if redact(subject) == subject], cause)


def verify_of(gate: GateReport) -> str:
    """The command whose exit status says that the task is done."""
    return f"verifyd run {gate.verdict.gate.name}"


def task_fingerprint(verdict: Verdict, cause: Sequence[Finding]) -> str:
    """
    Of the cause's finding with the smallest fingerprint, so that the order of findings does not matter.

    Where the reason itself is the failure (a time limit, no tests), of gate, script and reason: what else was printed may
    wander, and a command that a person has changed since is another failure.
    """
    if cause and verdict.reason not in BY_REASON:
        return min(finding.fingerprint for finding in cause)
    return hashlib.sha256(
        f"{verdict.gate.name}\0{verdict.reason}\0{verdict.gate.script}".encode("utf-8", "surrogateescape")
    ).hexdigest()[:16]


def failure_fingerprints(verdict: Verdict) -> tuple[str, ...]:
    """All fingerprints that history keeps of a verdict that makes a task: every finding's, so that any may become a task later."""
    if not verdict.makes_task:
        return ()
    found = {finding.fingerprint for finding in verdict.evidence.errors}
    by_reason = {task_fingerprint(verdict, ())} if not found or verdict.reason in BY_REASON else set()
    return tuple(sorted(found | by_reason))


def title_of(verdict: Verdict, cause: Sequence[Finding]) -> str:
    """``tests: test_x fails: assert 3 == 4``, on one line, at most 120 characters; it goes everywhere, so secrets are masked here."""
    title = " ".join(redact(f"{verdict.gate.name}: {summary(verdict, cause)}").split("\n"))
    if len(title) <= TITLE_LIMIT:
        return title
    ending = alike(cause) if title.endswith(alike(cause)) else ""
    return f"{title[: TITLE_LIMIT - 1 - len(ending)]}…{ending}"


def alike(cause: Sequence[Finding]) -> str:
    """`` (and 3 others alike)``; empty for one alone."""
    return f" (and {counted(len(cause) - 1, 'other')} alike)" if len(cause) > 1 else ""


def summary(verdict: Verdict, cause: Sequence[Finding]) -> str:
    """What is wrong in half a line: the reason where that is the failure, else the cause's first finding and how many are like it."""
    if not cause or verdict.reason in BY_REASON or verdict.reason == Reason.EVIDENCE_CONTRADICTS:
        return verdict.explanation or str(verdict.reason)
    first = cause[0]
    message = first.message.split("\n", 1)[0]
    others = alike(cause)
    if first.kind is FindingKind.LIMIT:
        return f"{first.path}: {message}{others}" if first.path is not None else message
    if first.kind in (FindingKind.COLLECTION, FindingKind.SYNTAX) and first.subject is not None:
        return f"{first.subject} cannot be loaded{others}: {message}"
    if first.subject is not None:
        return f"{short_name(first.subject)} fails{others}: {message}"
    place = ":".join(str(part) for part in (first.path, first.line) if part is not None)
    return " ".join(part for part in (f"{place}:" if place else "", first.code or "", f"{message}{others}") if part)


def short_name(subject: str) -> str:
    """The test's own name, without file, class and suites."""
    for separator in ("::", " > ", " › "):
        if separator in subject:
            return subject.rsplit(separator, 1)[-1]
    return subject.rsplit(".", 1)[-1] if re.fullmatch(r"[\w.]+", subject) else subject


def count_other_failures(failing: Sequence[GateReport], chosen: GateReport, cause: Sequence[Finding]) -> int:
    """Findings of other causes, and gates that fail without any; what other gates say of the same root counts once, here."""
    others = 0
    for gate in failing:
        errors = gate.verdict.evidence.errors
        rest = [finding for finding in errors if finding not in cause and not same_root(finding, cause)]
        others += len(rest) if errors else int(gate is not chosen)
    return others
