"""The shape of ``verifyd history --json`` (``verifyd.history/1``): keys are added, never changed."""

# ruff: noqa: D102 -- the members of PastRun are described where they are made, in GateRun

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from verifyd.json_shape import says

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsEntry:
    """Counts of tests; null where the evidence does not say."""

    __test__ = False  # pytest would collect the name

    total: int | None = field(metadata=says("Skipped ones included"))
    ran: int | None
    failed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One finished run of a gate."""

    tree: str
    head: str | None
    status: str = field(metadata=says("passed, failed or unproven"))
    reason: str | None = field(metadata=says("None only when passed"))
    exit_code: int | None
    started_at: datetime = field(metadata=says("UTC"))
    duration_s: float
    cpu_s: float = field(metadata=says("Of the whole process tree"))
    peak_rss_bytes: int
    tests: TestsEntry | None = field(metadata=says("None when its evidence counts no tests"))
    findings: int
    reused: bool = field(metadata=says("An earlier run with the same inputs answered"))
    load: float = field(metadata=says("One-minute load average of the machine when it was recorded"))
    log: str | None = field(metadata=says("Undecodable bytes spelled \\xff"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GateHistoryEntry:
    """One gate's past; numbers are over runs that passed or failed and were not reused."""

    name: str
    samples: int = field(metadata=says("Runs that the numbers rest on"))
    estimate_s: float | None = field(metadata=says("What the next run is expected to take"))
    median_s: float | None
    p95_s: float | None
    trend: float | None = field(
        metadata=says("Newest over oldest passes: 1.2 is a fifth slower; None with fewer than ten")
    )
    failure_rate: float = field(metadata={"ge": 0, "le": 1})
    flake_rate: float = field(metadata=says("Among contents that were seen at least twice", ge=0, le=1))
    runs: tuple[RunEntry, ...] = field(metadata=says("Newest first"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryDocument:
    """The past of one gate or of all."""

    schema_: Literal["verifyd.history/1"] = field(default=HISTORY_SCHEMA, metadata={"alias": "schema"})
    gates: tuple[GateHistoryEntry, ...] = field(metadata=says("By name"))
