"""The shape of ``verifyd history --json`` (``verifyd.history/1``): keys are added, never changed."""

# ruff: noqa: D102 -- the members of PastRun are described where they are made, in GateRun

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

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


class Entry(BaseModel):
    """Common to all parts of the document."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class TestsEntry(Entry):
    """Counts of tests; null where the evidence does not say."""

    __test__ = False  # pytest would collect the name

    total: int | None = Field(description="Skipped ones included")
    ran: int | None
    failed: int | None


class RunEntry(Entry):
    """One finished run of a gate."""

    tree: str
    head: str | None
    status: str = Field(description="passed, failed or unproven")
    reason: str | None = Field(description="None only when passed")
    exit_code: int | None
    started_at: datetime = Field(description="UTC")
    duration_s: float
    cpu_s: float = Field(description="Of the whole process tree")
    peak_rss_bytes: int
    tests: TestsEntry | None = Field(description="None when its evidence counts no tests")
    findings: int
    reused: bool = Field(description="An earlier run with the same inputs answered")
    load: float = Field(description="One-minute load average of the machine when it was recorded")
    log: str | None = Field(description="Undecodable bytes spelled \\xff")


class GateHistoryEntry(Entry):
    """One gate's past; numbers are over runs that passed or failed and were not reused."""

    name: str
    samples: int = Field(description="Runs that the numbers rest on")
    estimate_s: float | None = Field(description="What the next run is expected to take")
    median_s: float | None
    p95_s: float | None
    trend: float | None = Field(
        description="Newest over oldest passes: 1.2 is a fifth slower; None with fewer than ten"
    )
    failure_rate: float = Field(ge=0, le=1)
    flake_rate: float = Field(ge=0, le=1, description="Among contents that were seen at least twice")
    runs: tuple[RunEntry, ...] = Field(description="Newest first")


class HistoryDocument(Entry):
    """The past of one gate or of all."""

    schema_: Literal["verifyd.history/1"] = Field(default=HISTORY_SCHEMA, alias="schema")
    gates: tuple[GateHistoryEntry, ...] = Field(description="By name")
