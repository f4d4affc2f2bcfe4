"""
The shape of readiness.json and of a task's JSON (``verifyd.report/1``, ``verifyd.task/1``): what scripts may rely on.

``docs/reference/report.schema.json`` is made of these models by ``scripts/schema.py``. Names are a contract: keys are added, never
changed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from verifyd.evidence.model import FindingKind, Severity
from verifyd.outcome import End, View
from verifyd.pipeline import ApprovedBy
from verifyd.report import ATTEMPT_LIMIT, Readiness
from verifyd.snapshot import Source
from verifyd.verdict import Status

REPORT_SCHEMA: Literal["verifyd.report/1"] = "verifyd.report/1"
TASK_SCHEMA: Literal["verifyd.task/1"] = "verifyd.task/1"


class FrameEntry(Struct, frozen=True, kw_only=True):
    """A place on the way to a failure."""

    path: str
    line: int


class FindingEntry(Struct, frozen=True, kw_only=True):
    """One thing a tool complains about; paths relative to the root, undecodable bytes spelled ``\\xff``."""

    path: str | None
    line: Annotated[int | None, Meta(description="1-based")]
    column: Annotated[int | None, Meta(description="1-based, in characters")]
    severity: Severity
    code: Annotated[str | None, Meta(description="The tool's own rule name")]
    message: str
    subject: Annotated[
        str | None, Meta(description="What was tested, in the tool's own selector syntax where it has one")
    ]
    fingerprint: Annotated[str, Meta(description="The same failure on another tree has the same one")]
    kind: FindingKind = FindingKind.OTHER
    frames: tuple[FrameEntry, ...] = ()
    detail: str = ""
    tool: Annotated[str | None, Meta(description="Who reported it, when that is known")] = None


class TestsEntry(Struct, frozen=True, kw_only=True):
    """Counts of tests; *total* includes the skipped ones."""

    total: int
    failed: int
    skipped: int


class GateEntry(Struct, frozen=True, kw_only=True):
    """One gate: what was said of it and what it cost."""

    name: str
    status: Status
    reason: Annotated[str | None, Meta(description="None only when passed")]
    explanation: Annotated[str, Meta(description="One sentence for people")] = ""
    required: bool
    line: Annotated[int, Meta(description="In VERIFY.md")]
    command: str
    exit_code: Annotated[int | None, Meta(description="None unless the process ended by itself; negative is -signal")]
    reused: Annotated[
        bool, Meta(description="An earlier run with the same action key answers; measured_at tells of when")
    ]
    measured_at: Annotated[str | None, Meta(description="UTC, ISO 8601; None when nothing ran")]
    duration_s: float
    cpu_s: Annotated[float, Meta(description="User and system time of the whole process tree")]
    peak_rss_bytes: int
    expected_s: Annotated[float | None, Meta(description="Expected before it ran; None when nobody knew")]
    tests: Annotated[TestsEntry | None, Meta(description="None when the evidence counts no tests")]
    findings: tuple[FindingEntry, ...]
    log: str | None
    artifacts: tuple[str, ...]
    evidence: Annotated[str, Meta(description="The reader that made the findings")] = "none"
    evidence_trouble: Annotated[str | None, Meta(description="Why the evidence cannot be trusted whole")] = None
    end: Annotated[End | None, Meta(description="None when no process was started")] = None
    view: Annotated[View | None, Meta(description="Which files the gate saw; None when no process was started")] = None
    moved: Annotated[tuple[str, ...], Meta(description="Paths that changed under the gate")] = ()
    modified: Annotated[tuple[str, ...], Meta(description="Paths that the gate changed in its throw-away view")] = ()
    leaked: Annotated[int, Meta(description="Processes it left behind, which were ended")] = 0
    log_bytes: int = 0
    log_lost: bool = False


class ChangeEntry(Struct, frozen=True, kw_only=True):
    """What differs from *since*."""

    files: int
    added: int
    deleted: int
    deleted_files: int
    since: Literal["base"] = "base"


class ApprovedEntry(Struct, frozen=True, kw_only=True):
    """Who let the pipeline run; *current* is false when VERIFY.md has changed since."""

    by: ApprovedBy
    at: str
    current: bool = True


class TimingEntry(Struct, frozen=True, kw_only=True):
    """Seconds of this run's own gates; reused ones count nothing."""

    critical_path_s: float
    sum_s: float
    slowest: str | None


class PlaceEntry(Struct, frozen=True, kw_only=True):
    """Somewhere to look."""

    path: str
    line: int | None
    why: str


class TaskDocument(Struct, frozen=True, kw_only=True):
    """The next task: one failure with one cause."""

    schema_: Literal["verifyd.task/1"] = field(default=TASK_SCHEMA, name="schema")
    id: Annotated[str, Meta(description="Stable: the same failure on the next tree has the same id")]
    gate: str
    tree: str
    attempt: Annotated[
        int, Meta(description="Trees on which this failure was seen since its gate last passed, this one included")
    ]
    attempt_limit: Annotated[int, Meta(description="Past this many attempts, escalate is true")] = ATTEMPT_LIMIT
    title: str
    explanation: str = ""
    where: Annotated[tuple[PlaceEntry, ...], Meta(description="Most likely place first")]
    findings: Annotated[tuple[str, ...], Meta(description="The few that matter, and how many more")]
    failures: Annotated[tuple[FindingEntry, ...], Meta(description="The same findings, field by field")] = ()
    more_findings: Annotated[int, Meta(description="Further findings of the same cause, not listed")] = 0
    other_failures: Annotated[int, Meta(description="Findings of other causes: they come as the next tasks")] = 0
    reproduce: str
    verify: str
    fix: str | None = None
    constraints: tuple[str, ...]
    changed_since_ready: tuple[str, ...]
    context: str | None = None
    escalate: Annotated[bool, Meta(description="True: stop and hand over to a person or a stronger model")]
    optional: bool = False
    output: Annotated[str, Meta(description="The end of what the gate printed, where no finding tells more")] = ""
    log: str | None


class ReportDocument(Struct, frozen=True, kw_only=True):
    """readiness.json: the verdict on exactly one tree."""

    schema_: Literal["verifyd.report/1"] = field(default=REPORT_SCHEMA, name="schema")
    tree: Annotated[str, Meta(description="Id of the git tree judged")]
    base: Annotated[
        str | None, Meta(description="Id of the commit the change is counted from; None when there is none yet")
    ]
    head: str | None = None
    source: Source = Source.WORKING_TREE
    pipeline: Annotated[str, Meta(description="sha256 of the parsed pipeline")]
    readiness: Readiness
    reason: Annotated[str | None, Meta(description="None only when ready")]
    explanation: str = ""
    started_at: Annotated[str, Meta(description="UTC, ISO 8601")]
    duration_s: float
    change: ChangeEntry
    approved: ApprovedEntry | None
    selected: Annotated[tuple[str, ...], Meta(description="Gates that were asked for by name; empty means all")] = ()
    gates: tuple[GateEntry, ...]
    timing: TimingEntry
    constraints: Annotated[tuple[str, ...], Meta(description="What the limits of VERIFY.md leave")] = ()
    notes: tuple[str, ...] = ()
    last_ready_tree: str | None = None
    changed_since_ready: tuple[str, ...] = ()
    task: TaskDocument | None
