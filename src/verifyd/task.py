"""The report in, the next task out: one cause, the few findings that matter, where to look, how to reproduce and verify it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from verifyd.evidence.model import Finding, FindingKind
from verifyd.pipeline import DIFF_GATE
from verifyd.report import GateReport, Report
from verifyd.reproduce import reproduce_command
from verifyd.verdict import Reason, Verdict

ATTEMPT_LIMIT = 3
"""Trees on which the same failure may be seen before the task says to hand over."""

MOST_FINDINGS = 5
MOST_PLACES = 5

KIND_ORDER = (
    FindingKind.SYNTAX,
    FindingKind.COLLECTION,
    FindingKind.LIMIT,
    FindingKind.TYPE,
    FindingKind.TEST,
    FindingKind.OTHER,
    FindingKind.LINT,
)
"""What unblocks most comes first: nothing runs before it parses; a limit of the person's comes before work that it may undo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somewhere to look: *line* is 1-based or None; *why* is a phrase."""

    path: str
    line: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """
    Work a report asks for: one failure with one cause.

    Attributes:
        id: Stable: the same failure on the next tree has the same id. 16 hex digits.
        attempt: Trees on which this failure was seen since its gate last passed, this one included: 1 or more.
        where: Most likely place first.
        findings: The few that matter; *more_findings* others have the same cause.
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
    gate = min(failing, key=lambda candidate: (not candidate.required, kind_rank(candidate.verdict)))
    cause = first_cause(gate.verdict, report.changed_since_ready)
    fingerprint = task_fingerprint(gate.verdict, cause)
    attempt = 1 + seen_on(fingerprint)
    findings = cause[:MOST_FINDINGS]
    outcome = gate.verdict.outcome
    return Task(
        id=fingerprint,
        gate=gate.verdict.gate.name,
        tree=report.snapshot.tree,
        attempt=attempt,
        title=title_of(gate.verdict, cause),
        explanation=gate.verdict.explanation,
        where=places(findings, report.changed_since_ready),
        findings=findings,
        more_findings=len(cause) - len(findings),
        other_failures=count_other_failures(failing, len(cause)),
        reproduce=reproduce_of(gate, cause),
        verify=verify_of(gate),
        fix=gate.verdict.gate.fix,
        constraints=tuple(constraints),
        changed_since_ready=tuple(sorted(report.changed_since_ready)),
        context=context,
        escalate=attempt > attempt_limit,
        log=str(outcome.log) if outcome is not None and outcome.log is not None else None,
        optional=gate.verdict.gate.optional,
        attempt_limit=attempt_limit,
    )


def reproduce_of(gate: GateReport, cause: Sequence[Finding]) -> str:
    """The built-in gate has no command of its own: verifyd is its command."""
    name = gate.verdict.gate.name
    if name == DIFF_GATE:
        return f"verifyd run {name}"
    return reproduce_command(gate.verdict.gate, [finding.subject for finding in cause if finding.subject], cause)


def verify_of(gate: GateReport) -> str:
    """The command whose exit status says that the task is done."""
    return f"verifyd run {gate.verdict.gate.name}"


def kind_rank(verdict: Verdict) -> int:
    """Place in KIND_ORDER of the gate's most blocking finding; a gate without findings ranks as OTHER."""
    kinds = {finding.kind for finding in verdict.evidence.errors} or {FindingKind.OTHER}
    return min(KIND_ORDER.index(kind) for kind in kinds)


def first_cause(verdict: Verdict, changed: frozenset[str]) -> tuple[Finding, ...]:
    """
    The findings of one cause: the most blocking kind; then the place in the change that most of them pass through.

    Failures with the same innermost changed place, or else the same message, are taken to have the same cause.
    """
    errors = verdict.evidence.errors
    if not errors:
        return ()
    kind = min((finding.kind for finding in errors), key=KIND_ORDER.index)
    groups: dict[tuple[bool, str], list[Finding]] = {}
    for finding in errors:
        if finding.kind is kind:
            groups.setdefault(cause_of(finding, changed), []).append(finding)
    best = min(groups, key=lambda key: (not key[0], -len(groups[key]), key[1]))
    return tuple(groups[best])


def cause_of(finding: Finding, changed: frozenset[str]) -> tuple[bool, str]:
    """A key that findings of one cause share; first whether it lies in the change."""
    for path, line in reversed(finding.frames):
        if path in changed:
            return True, f"{path}:{line}"
    if finding.path is not None and finding.path in changed:
        return True, f"{finding.path}" if finding.subject is None else finding.fingerprint
    if finding.kind in (FindingKind.TEST, FindingKind.COLLECTION):
        return False, finding.message.split("\n", 1)[0]
    return False, finding.path or finding.message


def task_fingerprint(verdict: Verdict, cause: Sequence[Finding]) -> str:
    """Of the cause's first finding by fingerprint, so that the order of findings does not matter; of the reason when there is none."""
    if cause:
        return min(finding.fingerprint for finding in cause)
    return hashlib.sha256(f"{verdict.gate.name}\0{verdict.reason}".encode()).hexdigest()[:16]


def failure_fingerprints(verdict: Verdict) -> tuple[str, ...]:
    """All fingerprints that history keeps of a verdict that makes a task: every finding's, so that any may become a task later."""
    if not verdict.makes_task:
        return ()
    found = {finding.fingerprint for finding in verdict.evidence.errors}
    return tuple(sorted(found or {task_fingerprint(verdict, ())}))


def title_of(verdict: Verdict, cause: Sequence[Finding]) -> str:
    """``tests: test_x fails: assert 3 == 4``, on one line, at most 120 characters."""
    if not cause:
        title = f"{verdict.gate.name}: {verdict.explanation or verdict.reason}"
    elif verdict.reason == Reason.EVIDENCE_CONTRADICTS:
        title = f"{verdict.gate.name}: {verdict.explanation}"
    else:
        first = cause[0]
        message = first.message.split("\n", 1)[0]
        what = f"{first.subject.rsplit('::', 1)[-1]} fails: {message}" if first.subject else message
        place = f"{first.path}:{first.line}: " if not first.subject and first.path and first.line else ""
        title = f"{verdict.gate.name}: {place}{what}"
    return title if len(title) <= 120 else title[:119] + "…"


def count_other_failures(failing: Sequence[GateReport], in_task: int) -> int:
    """Findings (or gates without any) that this task does not hold."""
    return sum(len(gate.verdict.evidence.errors) or 1 for gate in failing) - max(in_task, 1)


def places(findings: Sequence[Finding], changed: frozenset[str]) -> tuple[Place, ...]:
    """Where to look, most likely first: frames in the change (innermost first), findings in the change, then the rest."""
    ranked: dict[tuple[str, int | None], Place] = {}
    for rank in (changed_frames, changed_findings, own_places, inner_frames):
        for finding in findings:
            for place in rank(finding, changed):
                ranked.setdefault((place.path, place.line), place)
    return tuple(ranked.values())[:MOST_PLACES]


def changed_frames(finding: Finding, changed: frozenset[str]) -> list[Place]:
    """Frames of the traceback that lie in the change, innermost first, the test's own file after the code it tests."""
    frames = [(path, line) for path, line in reversed(finding.frames) if path in changed]
    code = [frame for frame in frames if frame[0] != subject_file(finding)]
    tests = [frame for frame in frames if frame[0] == subject_file(finding)]
    why = "innermost frame in files changed since the last ready tree"
    return [
        Place(path=path, line=line, why=why if n == 0 else "frame in the change")
        for n, (path, line) in enumerate(code + tests)
    ]


def changed_findings(finding: Finding, changed: frozenset[str]) -> list[Place]:
    """The finding's own place when it lies in the change."""
    if finding.path is None or finding.path not in changed:
        return []
    return [Place(path=finding.path, line=finding.line, why="reported here, in the change since the last ready tree")]


def own_places(finding: Finding, changed: frozenset[str]) -> list[Place]:
    """The finding's own place, wherever it lies."""
    if finding.path is None:
        return []
    why = "reported here" if finding.path in changed else "reported here; not in the change since the last ready tree"
    return [Place(path=finding.path, line=finding.line, why=why)]


def inner_frames(finding: Finding, changed: frozenset[str]) -> list[Place]:
    """The two innermost frames outside the change."""
    outside = [(path, line) for path, line in reversed(finding.frames) if path not in changed]
    return [Place(path=path, line=line, why="on the way to the failure") for path, line in outside[:2]]


def subject_file(finding: Finding) -> str | None:
    """The file of a test's selector (``tests/test_a.py::test_x``); None without one."""
    return finding.subject.split("::", 1)[0] if finding.subject and "::" in finding.subject else None
