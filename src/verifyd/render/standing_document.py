"""
The shape of ``verifyd status --json`` (``verifyd.status/1``): what is known at one moment about one exact tree.

Names are a contract: keys are added, never changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from verifyd.json_shape import says
from verifyd.render.document import ReportDocument, TaskDocument
from verifyd.report import Readiness
from verifyd.standing import Phase
from verifyd.verdict import Status

STATUS_SCHEMA: Literal["verifyd.status/1"] = "verifyd.status/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateStandingEntry:
    """How far one gate has come on this tree."""

    name: str
    required: bool
    phase: Phase
    status: Status | None = field(default=None, metadata=says("None until it is done"))
    reason: str | None = None
    explanation: str = field(default="", metadata=says("One sentence for people"))
    elapsed_s: float | None = field(default=None, metadata=says("None when it does not run"))
    expected_s: float | None = field(default=None, metadata=says("None when nobody knows"))
    duration_s: float | None = field(default=None, metadata=says("None until it is done, and when nothing ran"))
    kept: bool = field(default=False, metadata=says("Its run began for an earlier tree; none of its inputs changed"))
    reused: bool = field(default=False, metadata=says("An earlier run with the same action key answers"))


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEntry:
    """The newest complete verdict, of whichever tree: never an answer about this one."""

    tree: str
    readiness: Readiness
    reason: str | None
    at: str = field(metadata=says("UTC, ISO 8601"))
    behind: int = field(metadata=says("Trees that were seen after it; 0 when it is this very tree"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingDocument:
    """What is known at one moment about one exact tree."""

    schema_: Literal["verifyd.status/1"] = field(default=STATUS_SCHEMA, metadata={"alias": "schema"})
    tree: str = field(metadata=says("Id of the git tree; empty before the first one was read"))
    since: str | None = field(default=None, metadata=says("When this tree was first seen, UTC; None without a daemon"))
    readiness: Readiness
    reason: str | None = field(metadata=says("None only when ready; verifying while its gates run"))
    explanation: str = field(default="", metadata=says("One sentence for people; what is known so far"))
    gates: tuple[GateStandingEntry, ...] = field(default=(), metadata=says("In the order of the plan"))
    remaining_s: float | None = field(
        default=None, metadata=says("Expected until the verdict; None when it is there or nobody knows")
    )
    judged: JudgedEntry | None = field(default=None, metadata=says("None before the first complete verdict"))
    watching: str = field(default="", metadata=says("How changes are noticed; empty without a daemon"))
    trouble: str = field(default="", metadata=says("Why this tree cannot be verified at all; empty normally"))
    notes: tuple[str, ...] = ()
    report: ReportDocument | None = field(
        metadata=says(
            "The report about this very tree; None until there is one. Not ready is said as soon as it is certain: gates that are not done yet are unproven in it"
        )
    )
    task: TaskDocument | None = field(metadata=says("The next task; None without a report that makes one"))
