"""
The shape of readiness.json and of a task's JSON (``verifyd.report/1``, ``verifyd.task/1``): what scripts may rely on.

``docs/reference/report.schema.json`` is made of these models by ``scripts/schema.py``. Names are a contract: keys are added, never
changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from verifyd.evidence.model import FindingKind, Severity
from verifyd.json_shape import says
from verifyd.outcome import End, View
from verifyd.pipeline import ApprovedBy
from verifyd.report import ATTEMPT_LIMIT, Readiness
from verifyd.snapshot import Source
from verifyd.verdict import Status

REPORT_SCHEMA: Literal["verifyd.report/1"] = "verifyd.report/1"
TASK_SCHEMA: Literal["verifyd.task/1"] = "verifyd.task/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameEntry:
    """A place on the way to a failure."""

    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingEntry:
    """One thing a tool complains about; paths relative to the root, undecodable bytes spelled ``\\xff``."""

    path: str | None
    line: int | None = field(metadata=says("1-based"))
    column: int | None = field(metadata=says("1-based, in characters"))
    severity: Severity
    code: str | None = field(metadata=says("The tool's own rule name"))
    message: str
    subject: str | None = field(metadata=says("What was tested, in the tool's own selector syntax where it has one"))
    fingerprint: str = field(metadata=says("The same failure on another tree has the same one"))
    kind: FindingKind = FindingKind.OTHER
    frames: tuple[FrameEntry, ...] = ()
    detail: str = ""
    tool: str | None = field(default=None, metadata=says("Who reported it, when that is known"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsEntry:
    """Counts of tests; *total* includes the skipped ones."""

    total: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEntry:
    """One gate: what was said of it and what it cost."""

    name: str
    status: Status
    reason: str | None = field(metadata=says("None only when passed"))
    explanation: str = field(default="", metadata=says("One sentence for people"))
    required: bool
    line: int = field(metadata=says("In VERIFY.md"))
    command: str
    exit_code: int | None = field(metadata=says("None unless the process ended by itself; negative is -signal"))
    reused: bool = field(metadata=says("An earlier run with the same action key answers; measured_at tells of when"))
    measured_at: str | None = field(metadata=says("UTC, ISO 8601; None when nothing ran"))
    duration_s: float
    cpu_s: float = field(metadata=says("User and system time of the whole process tree"))
    peak_rss_bytes: int
    expected_s: float | None = field(metadata=says("Expected before it ran; None when nobody knew"))
    tests: TestsEntry | None = field(metadata=says("None when the evidence counts no tests"))
    findings: tuple[FindingEntry, ...]
    log: str | None
    artifacts: tuple[str, ...]
    evidence: str = field(default="none", metadata=says("The reader that made the findings"))
    evidence_trouble: str | None = field(default=None, metadata=says("Why the evidence cannot be trusted whole"))
    end: End | None = field(default=None, metadata=says("None when no process was started"))
    view: View | None = field(default=None, metadata=says("Which files the gate saw; None when no process was started"))
    moved: tuple[str, ...] = field(default=(), metadata=says("Paths that changed under the gate"))
    modified: tuple[str, ...] = field(default=(), metadata=says("Paths that the gate changed in its throw-away view"))
    leaked: int = field(default=0, metadata=says("Processes it left behind, which were ended"))
    log_bytes: int = 0
    log_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEntry:
    """What differs from *since*."""

    files: int
    added: int
    deleted: int
    deleted_files: int
    since: Literal["base"] = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedEntry:
    """Who let the pipeline run; *current* is false when VERIFY.md has changed since."""

    by: ApprovedBy
    at: str
    current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingEntry:
    """Seconds of this run's own gates; reused ones count nothing."""

    critical_path_s: float
    sum_s: float
    slowest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceEntry:
    """Somewhere to look."""

    path: str
    line: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDocument:
    """The next task: one failure with one cause."""

    schema_: Literal["verifyd.task/1"] = field(default=TASK_SCHEMA, metadata={"alias": "schema"})
    id: str = field(metadata=says("Stable: the same failure on the next tree has the same id"))
    gate: str
    tree: str
    attempt: int = field(
        metadata=says("Trees on which this failure was seen since its gate last passed, this one included")
    )
    attempt_limit: int = field(default=ATTEMPT_LIMIT, metadata=says("Past this many attempts, escalate is true"))
    title: str
    explanation: str = ""
    where: tuple[PlaceEntry, ...] = field(metadata=says("Most likely place first"))
    findings: tuple[str, ...] = field(metadata=says("The few that matter, and how many more"))
    failures: tuple[FindingEntry, ...] = field(default=(), metadata=says("The same findings, field by field"))
    more_findings: int = field(default=0, metadata=says("Further findings of the same cause, not listed"))
    other_failures: int = field(default=0, metadata=says("Findings of other causes: they come as the next tasks"))
    reproduce: str
    verify: str
    fix: str | None = None
    constraints: tuple[str, ...]
    changed_since_ready: tuple[str, ...]
    context: str | None = None
    escalate: bool = field(metadata=says("True: stop and hand over to a person or a stronger model"))
    optional: bool = False
    output: str = field(default="", metadata=says("The end of what the gate printed, where no finding tells more"))
    log: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """readiness.json: the verdict on exactly one tree."""

    schema_: Literal["verifyd.report/1"] = field(default=REPORT_SCHEMA, metadata={"alias": "schema"})
    tree: str = field(metadata=says("Id of the git tree judged"))
    base: str | None = field(metadata=says("Id of the commit the change is counted from; None when there is none yet"))
    head: str | None = None
    source: Source = Source.WORKING_TREE
    pipeline: str = field(metadata=says("sha256 of the parsed pipeline"))
    readiness: Readiness
    reason: str | None = field(metadata=says("None only when ready"))
    explanation: str = ""
    started_at: str = field(metadata=says("UTC, ISO 8601"))
    duration_s: float
    change: ChangeEntry
    approved: ApprovedEntry | None
    selected: tuple[str, ...] = field(default=(), metadata=says("Gates that were asked for by name; empty means all"))
    gates: tuple[GateEntry, ...]
    timing: TimingEntry
    constraints: tuple[str, ...] = field(default=(), metadata=says("What the limits of VERIFY.md leave"))
    notes: tuple[str, ...] = ()
    last_ready_tree: str | None = None
    changed_since_ready: tuple[str, ...] = ()
    task: TaskDocument | None
