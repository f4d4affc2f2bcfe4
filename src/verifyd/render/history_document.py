"""The shape of ``verifyd history --json`` (``verifyd.history/1``): keys are added, never changed."""

# ruff: noqa: D102 -- the members of PastRun are described where they are made, in GateRun

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct, field

HISTORY_SCHEMA: Literal["verifyd.history/1"] = "verifyd.history/1"


class PastRun(Protocol):
    """One finished gate as history keeps it (``GateRun``): what is shown of it."""

    @property
    def tree(self) -> str: ...
    @property
    def head(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def exit_code(self) -> int | None: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def cpu_s(self) -> float: ...
    @property
    def peak_rss_bytes(self) -> int: ...
    @property
    def tests_total(self) -> int | None: ...
    @property
    def tests_ran(self) -> int | None: ...
    @property
    def tests_failed(self) -> int | None: ...
    @property
    def findings(self) -> int: ...
    @property
    def reused(self) -> bool: ...
    @property
    def load(self) -> float: ...
    @property
    def log(self) -> str | None: ...


class TestsEntry(Struct, frozen=True, kw_only=True):
    """Counts of tests; null where the evidence does not say."""

    __test__ = False  # pytest would collect the name

    total: Annotated[int | None, Meta(description="Skipped ones included")]
    ran: int | None
    failed: int | None


class RunEntry(Struct, frozen=True, kw_only=True):
    """One finished run of a gate."""

    tree: str
    head: str | None
    status: Annotated[str, Meta(description="passed, failed or unproven")]
    reason: Annotated[str | None, Meta(description="None only when passed")]
    exit_code: int | None
    started_at: Annotated[datetime, Meta(description="UTC")]
    duration_s: float
    cpu_s: Annotated[float, Meta(description="Of the whole process tree")]
    peak_rss_bytes: int
    tests: Annotated[TestsEntry | None, Meta(description="None when its evidence counts no tests")]
    findings: int
    reused: Annotated[bool, Meta(description="An earlier run with the same inputs answered")]
    load: Annotated[float, Meta(description="One-minute load average of the machine when it was recorded")]
    log: Annotated[str | None, Meta(description="Undecodable bytes spelled \\xff")]


class GateHistoryEntry(Struct, frozen=True, kw_only=True):
    """One gate's past; numbers are over runs that passed or failed and were not reused."""

    name: str
    samples: Annotated[int, Meta(description="Runs that the numbers rest on")]
    estimate_s: Annotated[float | None, Meta(description="What the next run is expected to take")]
    median_s: float | None
    p95_s: float | None
    trend: Annotated[
        float | None, Meta(description="Newest over oldest passes: 1.2 is a fifth slower; None with fewer than ten")
    ]
    failure_rate: Annotated[float, Meta(ge=0, le=1)]
    flake_rate: Annotated[float, Meta(description="Among contents that were seen at least twice", ge=0, le=1)]
    runs: Annotated[tuple[RunEntry, ...], Meta(description="Newest first")]


class HistoryDocument(Struct, frozen=True, kw_only=True):
    """The past of one gate or of all."""

    schema_: Literal["verifyd.history/1"] = field(default=HISTORY_SCHEMA, name="schema")
    gates: Annotated[tuple[GateHistoryEntry, ...], Meta(description="By name")]
