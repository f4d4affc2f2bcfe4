"""
The shape of readiness.json and of a task's JSON (``verifyd.report/1``, ``verifyd.task/1``): what scripts may rely on.

``docs/reference/report.schema.json`` is made of these models by ``scripts/schema.py``. Names are a contract: keys are added, never
changed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from verifyd.evidence.model import FindingKind, Severity
from verifyd.outcome import End, View
from verifyd.pipeline import ApprovedBy
from verifyd.report import Readiness
from verifyd.snapshot import Source
from verifyd.task import ATTEMPT_LIMIT
from verifyd.verdict import Status

REPORT_SCHEMA: Literal["verifyd.report/1"] = "verifyd.report/1"
TASK_SCHEMA: Literal["verifyd.task/1"] = "verifyd.task/1"


class Entry(BaseModel):
    """Common to all parts of the document."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class FrameEntry(Entry):
    """A place on the way to a failure."""

    path: str
    line: int


class FindingEntry(Entry):
    """One thing a tool complains about; paths relative to the root, undecodable bytes spelled ``\\xff``."""

    path: str | None
    line: int | None = Field(description="1-based")
    column: int | None = Field(description="1-based, in characters")
    severity: Severity
    code: str | None = Field(description="The tool's own rule name")
    message: str
    subject: str | None = Field(description="What was tested, in the tool's own selector syntax where it has one")
    fingerprint: str = Field(description="The same failure on another tree has the same one")
    kind: FindingKind = FindingKind.OTHER
    frames: tuple[FrameEntry, ...] = ()
    detail: str = ""
    tool: str | None = Field(default=None, description="Who reported it, when that is known")


class TestsEntry(Entry):
    """Counts of tests; *total* includes the skipped ones."""

    total: int
    failed: int
    skipped: int


class GateEntry(Entry):
    """One gate: what was said of it and what it cost."""

    name: str
    status: Status
    reason: str | None = Field(description="None only when passed")
    explanation: str = Field(default="", description="One sentence for people")
    required: bool
    line: int = Field(description="In VERIFY.md")
    command: str
    exit_code: int | None = Field(description="None unless the process ended by itself; negative is -signal")
    reused: bool = Field(description="An earlier run with the same action key answers; measured_at tells of when")
    measured_at: str | None = Field(description="UTC, ISO 8601; None when nothing ran")
    duration_s: float
    cpu_s: float = Field(description="User and system time of the whole process tree")
    peak_rss_bytes: int
    expected_s: float | None = Field(description="Expected before it ran; None when nobody knew")
    tests: TestsEntry | None = Field(description="None when the evidence counts no tests")
    findings: tuple[FindingEntry, ...]
    log: str | None
    artifacts: tuple[str, ...]
    evidence: str = Field(default="none", description="The reader that made the findings")
    evidence_trouble: str | None = Field(default=None, description="Why the evidence cannot be trusted whole")
    end: End | None = Field(default=None, description="None when no process was started")
    view: View | None = Field(default=None, description="Which files the gate saw; None when no process was started")
    moved: tuple[str, ...] = Field(default=(), description="Paths that changed under the gate")
    modified: tuple[str, ...] = Field(default=(), description="Paths that the gate changed in its throw-away view")
    leaked: int = Field(default=0, description="Processes it left behind, which were ended")
    log_bytes: int = 0
    log_lost: bool = False


class ChangeEntry(Entry):
    """What differs from *since*."""

    files: int
    added: int
    deleted: int
    deleted_files: int
    since: Literal["base"] = "base"


class ApprovedEntry(Entry):
    """Who let the pipeline run; *current* is false when VERIFY.md has changed since."""

    by: ApprovedBy
    at: str
    current: bool = True


class TimingEntry(Entry):
    """Seconds of this run's own gates; reused ones count nothing."""

    critical_path_s: float
    sum_s: float
    slowest: str | None


class PlaceEntry(Entry):
    """Somewhere to look."""

    path: str
    line: int | None
    why: str


class TaskDocument(Entry):
    """The next task: one failure with one cause."""

    schema_: Literal["verifyd.task/1"] = Field(default=TASK_SCHEMA, alias="schema")
    id: str = Field(description="Stable: the same failure on the next tree has the same id")
    gate: str
    tree: str
    attempt: int = Field(
        description="Trees on which this failure was seen since its gate last passed, this one included"
    )
    attempt_limit: int = Field(default=ATTEMPT_LIMIT, description="Past this many attempts, escalate is true")
    title: str
    explanation: str = ""
    where: tuple[PlaceEntry, ...] = Field(description="Most likely place first")
    findings: tuple[str, ...] = Field(description="The few that matter, and how many more")
    failures: tuple[FindingEntry, ...] = Field(default=(), description="The same findings, field by field")
    more_findings: int = Field(default=0, description="Further findings of the same cause, not listed")
    other_failures: int = Field(default=0, description="Findings of other causes: they come as the next tasks")
    reproduce: str
    verify: str
    fix: str | None = None
    constraints: tuple[str, ...]
    changed_since_ready: tuple[str, ...]
    context: str | None = None
    escalate: bool = Field(description="True: stop and hand over to a person or a stronger model")
    optional: bool = False
    output: str = Field(default="", description="The end of what the gate printed, where no finding tells more")
    log: str | None


class ReportDocument(Entry):
    """readiness.json: the verdict on exactly one tree."""

    schema_: Literal["verifyd.report/1"] = Field(default=REPORT_SCHEMA, alias="schema")
    tree: str = Field(description="Id of the git tree judged")
    base: str | None = Field(description="Id of the commit the change is counted from; None when there is none yet")
    head: str | None = None
    source: Source = Source.WORKING_TREE
    pipeline: str = Field(description="sha256 of the parsed pipeline")
    readiness: Readiness
    reason: str | None = Field(description="None only when ready")
    explanation: str = ""
    started_at: str = Field(description="UTC, ISO 8601")
    duration_s: float
    change: ChangeEntry
    approved: ApprovedEntry | None
    selected: tuple[str, ...] = Field(default=(), description="Gates that were asked for by name; empty means all")
    gates: tuple[GateEntry, ...]
    timing: TimingEntry
    constraints: tuple[str, ...] = Field(default=(), description="What the limits of VERIFY.md leave")
    notes: tuple[str, ...] = ()
    last_ready_tree: str | None = None
    changed_since_ready: tuple[str, ...] = ()
    task: TaskDocument | None
