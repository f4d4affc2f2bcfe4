"""
The shape of ``verifyd status --json`` (``verifyd.status/1``): what is known at one moment about one exact tree.

Names are a contract: keys are added, never changed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from verifyd.render.document import ReportDocument, TaskDocument
from verifyd.report import Readiness
from verifyd.standing import Phase
from verifyd.verdict import Status

STATUS_SCHEMA: Literal["verifyd.status/1"] = "verifyd.status/1"


class GateStandingEntry(Struct, frozen=True, kw_only=True):
    """How far one gate has come on this tree."""

    name: str
    required: bool
    phase: Phase
    status: Annotated[Status | None, Meta(description="None until it is done")] = None
    reason: str | None = None
    explanation: Annotated[str, Meta(description="One sentence for people")] = ""
    elapsed_s: Annotated[float | None, Meta(description="None when it does not run")] = None
    expected_s: Annotated[float | None, Meta(description="None when nobody knows")] = None
    duration_s: Annotated[float | None, Meta(description="None until it is done, and when nothing ran")] = None
    kept: Annotated[bool, Meta(description="Its run began for an earlier tree; none of its inputs changed")] = False
    reused: Annotated[bool, Meta(description="An earlier run with the same action key answers")] = False


class JudgedEntry(Struct, frozen=True, kw_only=True):
    """The newest complete verdict, of whichever tree: never an answer about this one."""

    tree: str
    readiness: Readiness
    reason: str | None
    at: Annotated[str, Meta(description="UTC, ISO 8601")]
    behind: Annotated[int, Meta(description="Trees that were seen after it; 0 when it is this very tree")]


class StandingDocument(Struct, frozen=True, kw_only=True):
    """What is known at one moment about one exact tree."""

    schema_: Literal["verifyd.status/1"] = field(default=STATUS_SCHEMA, name="schema")
    tree: Annotated[str, Meta(description="Id of the git tree; empty before the first one was read")]
    since: Annotated[str | None, Meta(description="When this tree was first seen, UTC; None without a daemon")] = None
    readiness: Readiness
    reason: Annotated[str | None, Meta(description="None only when ready; verifying while its gates run")]
    explanation: Annotated[str, Meta(description="One sentence for people; what is known so far")] = ""
    gates: Annotated[tuple[GateStandingEntry, ...], Meta(description="In the order of the plan")] = ()
    remaining_s: Annotated[
        float | None, Meta(description="Expected until the verdict; None when it is there or nobody knows")
    ] = None
    judged: Annotated[JudgedEntry | None, Meta(description="None before the first complete verdict")] = None
    watching: Annotated[str, Meta(description="How changes are noticed; empty without a daemon")] = ""
    trouble: Annotated[str, Meta(description="Why this tree cannot be verified at all; empty normally")] = ""
    notes: tuple[str, ...] = ()
    report: Annotated[
        ReportDocument | None,
        Meta(
            description="The report about this very tree; None until there is one. Not ready is said as soon as it is certain: gates that are not done yet are unproven in it"
        ),
    ]
    task: Annotated[TaskDocument | None, Meta(description="The next task; None without a report that makes one")]
