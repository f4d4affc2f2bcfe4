"""What the application needs of history: runs and their gates, kept and asked for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from verifyd.timing import Sample  # the statistics behind it are not needed before a snapshot


class GateRun(Struct, frozen=True, kw_only=True):
    """
    One finished gate as history keeps it.

    Attributes:
        key: Action key; None when the result must not be reused.
        fingerprints: Of its failure, for counting attempts; empty unless it makes a task.
        tests_ran: None when its evidence counts no tests.
        reused: True when an earlier result with the same key answered: no sample, and never reused itself.
        report: The gate's entry of readiness.json, as JSON, for answering again without running.
        load: One-minute load average of the machine when it started.
    """

    gate: str
    tree: str
    head: str | None
    status: str
    reason: str | None
    exit_code: int | None
    started_at: datetime
    duration_s: float
    cpu_s: float
    peak_rss_bytes: int
    tests_total: int | None = None
    tests_ran: int | None = None
    tests_failed: int | None = None
    findings: int = 0
    key: str | None = None
    reused: bool = False
    load: float = 0.0
    fingerprints: tuple[str, ...] = ()
    report: str = ""
    log: str | None = None


class RunRecord(Struct, frozen=True, kw_only=True):
    """
    One pass over a tree as history keeps it.

    Attributes:
        whole: False when only gates asked for by name were run.
        report: readiness.json's content, the task inside; empty when it was not kept.
    """

    tree: str
    base: str | None
    head: str | None
    pipeline: str
    door: str
    readiness: str
    reason: str | None
    started_at: datetime
    duration_s: float
    whole: bool
    gates: tuple[GateRun, ...] = field(default=())
    report: str = ""


class ReadyRun(Struct, frozen=True, kw_only=True):
    """A whole run that was ready: its tree, and what HEAD was."""

    tree: str
    head: str | None


class Store(Protocol):
    """
    History of one work tree. Every method raises StoreError when the database cannot serve.

    A corrupt database is moved aside as ``history.db.corrupt-<time>`` and begun anew; *notes* says so.
    """

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know: moved aside, read-only and so not saved, full disk."""
        ...

    def add_run(self, run: RunRecord) -> None:
        """Keep a finished run with its gates, all or nothing."""
        ...

    def newest_run(self, *, tree: str, pipeline: str) -> RunRecord | None:
        """The newest whole run on that tree under that pipeline digest, without its gates; None when there is none."""
        ...

    def trees_beginning(self, digits: str) -> tuple[str, ...]:
        """Trees with a whole run whose id begins with these lower-case digits, the newest run's first."""
        ...

    def gate_names(self) -> tuple[str, ...]:
        """Every gate that was ever run, sorted."""
        ...

    def samples(self, gate: str, *, limit: int = 200) -> tuple[Sample, ...]:
        """Runs of the gate that ended in passed or failed and were not reused, oldest first."""
        ...

    def gate_runs(self, gate: str | None = None, *, limit: int = 100) -> tuple[GateRun, ...]:
        """Finished gates, newest first."""
        ...

    def last_ready_tree(self) -> str | None:
        """Tree of the newest run that was ready as a whole."""
        ...

    def ready_runs(self, *, limit: int) -> tuple[ReadyRun, ...]:
        """Whole runs that were ready, newest first."""
        ...

    def passes(self, gate: str, *, limit: int = 20) -> tuple[GateRun, ...]:
        """The gate's newest passes with a test count, newest first."""
        ...

    def skip_reason(self, tree: str) -> str | None:
        """Why a commit of this tree was let through without a verdict, the last time; None when none was."""
        ...

    def failed_trees(self, fingerprint: str) -> frozenset[str]:
        """Trees on which this fingerprint failed since its gate last passed."""
        ...

    def reusable(self, key: str) -> GateRun | None:
        """The newest passed or failed result with this action key; None when there is none or its outcomes differ."""
        ...
